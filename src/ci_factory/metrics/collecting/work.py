"""The work on tickets, from artifacts and from the records in our notes. What artifacts tell comes first. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ci_factory.metrics.artifacts import BatchRecord, TicketRecord
from ci_factory.metrics.facts import (
    AttemptFact,
    BatchFact,
    EscalationFact,
    GateFact,
    PlannedFact,
    PredictionFact,
)
from ci_factory.model import work_record
from ci_factory.model.attempt import Attempt
from ci_factory.model.batch import PlannedTicket
from ci_factory.model.hot import passed_over
from ci_factory.model.planning_settings import PlanningConfig
from ci_factory.model.prediction import TouchedFile
from ci_factory.model.work_record import WorkRecord

Key = tuple[str, str]
_NO_FACT = frozenset({"order", "stacked_on", "gates", "asked", "night"})


@dataclass(frozen=True)
class Work:
    """Facts about work, by key."""

    attempts: dict[Key, AttemptFact] = field(default_factory=dict)
    gates: dict[tuple[str, str, str], GateFact] = field(default_factory=dict)
    questions: dict[Key, EscalationFact] = field(default_factory=dict)
    """As they were raised; whether they wait, and when they were answered, the forge tells."""


def pairs(records: Iterable[BatchRecord]) -> Iterator[tuple[BatchRecord, PlannedTicket, TicketRecord]]:
    """Every planned ticket of some batches, in order of start."""
    for record in records:
        for planned in sorted(record.batch.tickets, key=lambda ticket: ticket.order):
            yield record, planned, record.tickets[planned.id]


def recorded(records: Iterable[BatchRecord]) -> list[WorkRecord]:
    """What the artifacts of some batches tell, each attempt as short as a note would keep it."""
    return [_recorded(*pair) for pair in pairs(records) if pair[2].attempt is not None]


def _recorded(record: BatchRecord, planned: PlannedTicket, found: TicketRecord) -> WorkRecord:
    assert found.attempt is not None  # noqa: S101 - for the type checker; looked at by the caller
    told = work_record.of(found.attempt, planned, record.batch, found.gate, found.score)
    if found.publication is None:
        return told
    published = {"published": found.publication.outcome, "merge_request": found.publication.merge_request}
    return told.model_copy(update=published)


def of(records: Iterable[WorkRecord]) -> Work:
    """Facts of records; of two with one key the later counts."""
    work = Work()
    for record in records:
        work.attempts[record.key] = attempt_of(record)
        for gate in record.gates:
            work.gates[(*record.key, gate.gate)] = GateFact(
                batch=record.batch, ticket=record.ticket, **gate.model_dump()
            )
        if record.asked is not None:
            work.questions[record.key] = EscalationFact(
                batch=record.batch, ticket=record.ticket, waiting=False, **record.asked.model_dump()
            )
    return work


def attempt_of(record: WorkRecord) -> AttemptFact:
    """The fact of one attempt."""
    return AttemptFact(**record.model_dump(exclude=set(_NO_FACT)))


def night_of(record: BatchRecord) -> BatchFact:
    """A batch as its artifacts tell it."""
    batch = record.batch
    attempts = [ticket.attempt for ticket in record.tickets.values() if ticket.attempt]
    starts = [attempt.started_at for attempt in attempts]
    ends = [attempt.finished_at for attempt in attempts]
    planned = sorted(batch.tickets, key=lambda ticket: ticket.order)
    return BatchFact(
        id=batch.id,
        project=batch.project,
        target_branch=batch.target_branch,
        created_at=batch.created_at,
        started_at=min([*starts, record.started_at] if record.started_at else starts, default=None),
        ended_at=max([*ends, record.ended_at] if record.ended_at else ends, default=None),
        aborted=batch.status_reason,
        lanes=batch.limits.parallel,
        planned=tuple(_planned(ticket) for ticket in planned),
        left_out=batch.left_out,
        merge_truth=record.merge_truth,
    )


def _planned(planned: PlannedTicket) -> PlannedFact:
    ticket = planned.candidate.ticket
    return PlannedFact(
        ticket=ticket.id,
        title=ticket.title,
        priority=ticket.priority,
        size=planned.size,
        agent=planned.agent,
        lane=planned.lane,
        order=planned.order,
        stacked_on=planned.stacked_on,
    )


def nights_of(records: Iterable[WorkRecord], titles: Mapping[str, str]) -> dict[str, BatchFact]:
    """Batches as the records of their work tell them: with the tickets that were worked on, and nothing that was left out."""
    by_batch: dict[str, list[WorkRecord]] = {}
    for record in records:
        if record.night is not None:
            by_batch.setdefault(record.batch, []).append(record)
    return {batch: _night(batch, own, titles) for batch, own in by_batch.items()}


def _night(batch: str, own: Sequence[WorkRecord], titles: Mapping[str, str]) -> BatchFact:
    night = own[0].night
    assert night is not None  # noqa: S101 - for the type checker; looked at by the caller
    return BatchFact(
        id=batch,
        **night.model_dump(),
        started_at=min(record.started_at for record in own),
        ended_at=max(record.finished_at for record in own),
        planned=tuple(
            PlannedFact(
                ticket=record.ticket,
                title=titles.get(record.ticket, record.ticket),
                priority=record.priority,
                size=record.planned_size or record.size,
                agent=record.agent,
                lane=record.lane,
                order=record.order,
                stacked_on=record.stacked_on,
            )
            for record in sorted(own, key=lambda each: (each.order, each.ticket))
        ),
    )


def predictions_of(records: Iterable[BatchRecord], settings: PlanningConfig) -> tuple[PredictionFact, ...]:
    """What was foretold of every planned ticket, and what its attempt's change touched."""
    return tuple(
        _prediction(record.batch.id, planned, found.attempt, settings)
        for record, planned, found in pairs(records)
        if planned.candidate.estimate.touched
    )


def _prediction(
    batch: str, planned: PlannedTicket, attempt: Attempt | None, settings: PlanningConfig
) -> PredictionFact:
    estimate = planned.candidate.estimate
    changed = attempt.diff.files if attempt and attempt.head else ()
    every = dict.fromkeys((*(file.path for file in estimate.touched), *changed))
    return PredictionFact(
        batch=batch,
        ticket=planned.id,
        threshold=settings.claim_probability,
        touched=tuple(map(_without_words, estimate.touched)),
        ignored=passed_over(every, estimate, settings),
        files=changed or None,
    )


def _without_words(file: TouchedFile) -> TouchedFile:
    why = tuple(each.model_copy(update={"why": ""}) for each in file.why)
    return file.model_copy(update={"why": why})
