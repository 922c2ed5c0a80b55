"""Stage 2: the plan of the night, claimed on the forge."""

import os

from ci_factory.errors import UsageError
from ci_factory.model.batch import Batch, BatchStatus, Limits
from ci_factory.model.ticket import IntakeReport, Readiness
from ci_factory.planning.expectations import expect
from ci_factory.planning.plan import make_batch
from ci_factory.review import capacity
from ci_factory.system import records
from ci_factory.system.layout import Layout
from ci_factory.workflow import earlier, history, holding, morning, routing, simulation
from ci_factory.workflow.factory import Factory


def unfinished(factory: Factory) -> Batch | None:
    """The batch that a killed run left, claimed again in case the kill came before the claims."""
    batch = latest(factory)
    if batch is None or batch.status.over:
        return None
    factory.progress.stage("plan", f"resuming batch {batch.id}")
    folder = factory.layout.batch(batch.id)
    ids = (each.id for each in batch.tickets)
    holding.resume(factory, batch, [each for each in ids if not folder.ticket(each).publication.exists()])
    claim(factory, batch)
    return batch


def latest(factory: Factory) -> Batch | None:
    """The newest batch, or `None`."""
    return _latest(factory.layout)


def _latest(layout: Layout) -> Batch | None:
    folders = layout.batches()
    return records.read_model(folders[-1].batch, Batch) if folders else None


def required(factory: Factory) -> Batch:
    """The newest batch.

    Raises:
        UsageError: nothing is planned yet.
    """
    return required_in(factory.layout)


def required_in(layout: Layout) -> Batch:
    """The same, where there is no more than the files.

    Raises:
        UsageError: nothing is planned yet.
    """
    batch = _latest(layout)
    if batch is None:
        raise UsageError(
            "there is no batch yet",
            where=str(layout.root),
            fix="ci-factory intake, then ci-factory plan",
        )
    return batch


def plan(factory: Factory, intake: IntakeReport) -> Batch | None:
    """Plan a batch and claim its tickets; `None` when there is nothing new to do or to say."""
    batch, intake = _ours(factory, intake)
    if not batch.tickets and not _news(factory, batch, intake):
        factory.progress.stage("plan", "nothing new to do")
        return None
    folder = factory.layout.batch(batch.id)
    records.write_model(folder.intake, intake, durable=True)
    records.write_yaml(folder.manifest, batch)
    earlier.bring(factory, batch)
    simulation.forecast(factory, batch)
    records.write_model(folder.batch, batch, durable=True)
    factory.event("plan", "planned", batch.id, tickets=len(batch.tickets), left_out=len(batch.left_out))
    factory.progress.stage(
        "plan", f"batch {batch.id}: {len(batch.tickets)} tickets, {len(batch.left_out)} left out"
    )
    claim(factory, batch)
    return batch


def _ours(factory: Factory, intake: IntakeReport) -> tuple[Batch, IntakeReport]:
    """A plan of tickets that no other line has at work, and the intake without those that one has."""
    while True:
        batch = draft(factory, intake)
        elsewhere = holding.claim(factory, batch)
        if not elsewhere:
            return batch, intake
        for ticket_id, why in elsewhere.items():
            factory.progress.ticket(ticket_id, "left out", why)
        rest = tuple(each for each in intake.candidates if each.ticket.id not in elsewhere)
        intake = intake.model_copy(update={"candidates": rest})


def draft(factory: Factory, intake: IntakeReport) -> Batch:
    """The plan as it would be now; writes nothing."""
    settings, batch_id, now = factory.config.batch, _batch_id(factory), factory.clock.now()
    agents = routing.agents(factory)
    return make_batch(
        intake.candidates,
        agents=agents,
        router=routing.router(factory, agents, batch_id, now),
        config=factory.config,
        batch_id=batch_id,
        created_at=now,
        project=factory.project,
        target_branch=factory.target_branch,
        base=factory.tip(),
        limits=Limits(
            max_tickets=settings.max_tickets,
            timeout_seconds=settings.timeout_minutes * 60,
            parallel=settings.parallel,
        ),
        resolved=frozenset(intake.resolved),
        in_flight=intake.in_flight,
        expectations=expect(history.measured(factory.layout)),
        review_minutes=_review_minutes(factory),
        cores=os.cpu_count() or 1,
    )


def _review_minutes(factory: Factory) -> float | None:
    """What people have for reviews in the next window; the queue is read only where the configuration says how much.

    Raises:
        ForgeError: the forge can't be read.
    """
    begins, ends = capacity.next_window(factory.config, factory.clock.now())
    if capacity.minutes_available(factory.config, begins, ends, {}) is None:
        return None
    waiting = capacity.open_minutes(morning.in_order(factory))
    return capacity.minutes_available(factory.config, begins, ends, waiting)


def claim(factory: Factory, batch: Batch) -> None:
    """Show on the forge at once who is taken, who has to wait and why."""
    publisher = factory.publisher
    intake = records.read_model(factory.layout.batch(batch.id).intake, IntakeReport)
    readiness, decided = _readiness(intake), _decided(intake)
    for left_out in batch.left_out:
        publisher.leave_out(
            left_out, readiness.get(left_out.ticket_id), answered=left_out.ticket_id in decided
        )
        factory.event(
            "plan", "left-out", batch.id, left_out.ticket_id, state=left_out.state, reason=left_out.reason
        )
    routing.log(factory, batch)
    folder = factory.layout.batch(batch.id)
    for planned in batch.tickets:
        if not folder.ticket(planned.id).publication.exists():
            publisher.mark(planned.id, "queued")
        if decision := planned.candidate.answer:
            waited = (decision.answered_at - decision.asked_at).total_seconds() / 3600
            factory.event(
                "plan",
                "answered",
                batch.id,
                planned.id,
                option=decision.option,
                waited_hours=round(waited, 2),
            )


def set_status(factory: Factory, batch: Batch, status: BatchStatus, reason: str = "") -> Batch:
    """Write the batch with another status."""
    changed = batch.model_copy(update={"status": status, "status_reason": reason})
    folder = factory.layout.batch(batch.id)
    records.write_yaml(folder.manifest, changed)
    records.write_model(folder.batch, changed, durable=True)
    return changed


def _news(factory: Factory, batch: Batch, intake: IntakeReport) -> bool:
    """Whether somebody left out has not been told yet; the first batch is always worth a report."""
    publisher, readiness = factory.publisher, _readiness(intake)
    told = (publisher.has_told(left_out, readiness.get(left_out.ticket_id)) for left_out in batch.left_out)
    return not factory.layout.batches() or not all(told)


def _readiness(intake: IntakeReport) -> dict[str, Readiness]:
    return {candidate.ticket.id: candidate.readiness for candidate in intake.candidates}


def _decided(intake: IntakeReport) -> set[str]:
    return {candidate.ticket.id for candidate in intake.candidates if candidate.answer is not None}


def _batch_id(factory: Factory) -> str:
    """Sorts by time; a second batch within one second gets the next free letter."""
    stamp = f"{factory.clock.now():%Y%m%d-%H%M%S}"
    taken = {folder.path.name for folder in factory.layout.batches()}
    return next(
        name for suffix in ("", *"bcdefghijklmnopqrstuvwxyz") if (name := f"{stamp}{suffix}") not in taken
    )
