"""The state of a night from its files: agents, lanes, spending, questions, expected end. `now` is given."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from ci_factory.config import Config
from ci_factory.metrics import live_alerts, live_ending
from ci_factory.metrics.alerts import Alert
from ci_factory.metrics.live import (
    Budget,
    Conflicts,
    Ending,
    Live,
    LiveTicket,
    NightState,
    OpenQuestion,
    QueueState,
    Sleeper,
    TicketState,
)
from ci_factory.metrics.live_files import LiveFiles, NightFiles
from ci_factory.metrics.live_staff import staff
from ci_factory.metrics.live_tickets import Around, tickets
from ci_factory.metrics.live_usage import sum_of
from ci_factory.metrics.night import Outcome
from ci_factory.model.batch import BatchStatus
from ci_factory.model.breakers import QuotaStop
from ci_factory.model.merge_truth import MergeTruth
from ci_factory.model.review import ReviewItem, ReviewQueue
from ci_factory.system.layout import Layout

STALE = timedelta(minutes=2)
"""A running night says every few seconds that it lives; after so long it does not."""


def live(files: NightFiles, config: Config, now: datetime) -> Live:
    """Everything that is known about a night at this moment."""
    around = _around(files, now)
    each = tickets(files, around)
    bare = Live(
        batch=files.batch.id,
        project=files.batch.project,
        target_branch=files.batch.target_branch,
        state=_state(files, around, each),
        now=now,
        planned_at=files.batch.created_at,
        started_at=_started(files, each),
        last_sign=_last_sign(files, each),
        tickets=each,
        left_out=files.batch.left_out,
        sleepers=_sleepers(files, now),
        questions=_questions(files, each),
        queue=_queue(files.queue, now),
        conflicts=_conflicts(files.truth),
        budget=Budget(used=sum_of(ticket.used for ticket in each), limit_usd=config.batch.cost_budget_usd),
        damaged=files.damaged,
    )
    timed = bare.model_copy(update=_times(bare, files, config))
    staffed = timed.model_copy(update=staff(timed, files, around))
    expected = _expected(staffed, files, around)
    told = staffed.model_copy(update={"expected_end": expected})
    return told.model_copy(update={"alerts": live_alerts.alerts(told, config.alerts)})


def last_alerts(layout: Layout, config: Config, now: datetime) -> tuple[Alert, ...]:
    """The alerts of the newest batch of an output folder; none when there is no batch."""
    files = LiveFiles(layout).look()
    return live(files, config, now).alerts if files else ()


def _around(files: NightFiles, now: datetime) -> Around:
    pulse, over = files.pulse, files.batch.status.over
    alive = None if pulse is None else not (pulse.over or over or now - pulse.at > STALE)
    found = Around(
        batch=files.batch,
        now=now,
        alive=alive,
        over=over,
        at_work={each.ticket_id: each for each in pulse.at_work} if pulse and alive else {},
        ended=frozenset(ticket_id for ticket_id, each in files.tickets.items() if each.publication),
        breakers=files.breakers,
        asleep={},
    )
    return replace(found, asleep=_asleep(files, found))


def _asleep(files: NightFiles, around: Around) -> dict[str, QuotaStop]:
    """By agent: the stop of the credential that it needs."""
    stops = files.breakers.asleep(around.now) if files.breakers else {}
    known = files.pulse.credentials if files.pulse else {}
    return {agent: stops[credential] for agent, credential in known.items() if credential in stops}


def _state(files: NightFiles, around: Around, each: Sequence[LiveTicket]) -> NightState:
    if around.over:
        early = files.batch.status is BatchStatus.ABORTED
        return NightState.ABORTED if early else NightState.COMPLETED
    if around.alive is not None:
        return NightState.RUNNING if around.alive else NightState.STOPPED
    begun = any(ticket.state is not TicketState.WAITING for ticket in each)
    if not begun and files.batch.status is BatchStatus.PENDING:
        return NightState.PLANNED
    cut_off = not any(ticket.state.at_work for ticket in each) and any(
        ticket.state is TicketState.STUCK for ticket in each
    )
    return NightState.STOPPED if cut_off else NightState.RUNNING


def _reason(bare: Live, files: NightFiles) -> str:
    if bare.state is NightState.ABORTED:
        return files.batch.status_reason
    if bare.state is not NightState.STOPPED:
        return ""
    if files.pulse is not None and files.pulse.over:
        return "the run ended before the night was over; the same command goes on from there"
    since = f" since {bare.last_sign:%Y-%m-%d %H:%M} UTC" if bare.last_sign else ""
    return f"no sign of life{since}: killed, or its machine sleeps; the same command goes on from there"


def _started(files: NightFiles, each: Sequence[LiveTicket]) -> datetime | None:
    starts = [ticket.started_at for ticket in each if ticket.started_at]
    return min([*starts, *([files.breakers.started_at] if files.breakers else [])], default=None)


def _last_sign(files: NightFiles, each: Sequence[LiveTicket]) -> datetime | None:
    signs = [ticket.last_sign for ticket in each if ticket.last_sign]
    return max([*signs, *([files.pulse.at] if files.pulse else [])], default=None)


def _times(bare: Live, files: NightFiles, config: Config) -> dict[str, object]:
    window = config.batch.window_minutes
    ends = [ticket.ended_at for ticket in bare.tickets if ticket.ended_at]
    return {
        "reason": _reason(bare, files),
        "ended_at": max(ends, default=None) if bare.state.over else None,
        "window_ends": bare.started_at + timedelta(minutes=window)
        if bare.started_at is not None and window is not None
        else None,
    }


def _sleepers(files: NightFiles, now: datetime) -> tuple[Sleeper, ...]:
    users = files.pulse.credentials if files.pulse else {}
    stops = files.breakers.asleep(now).values() if files.breakers else ()
    return tuple(
        Sleeper(
            credential=stop.credential,
            until=stop.until,
            agents=tuple(agent for agent, credential in users.items() if credential == stop.credential),
        )
        for stop in stops
    )


def _questions(files: NightFiles, each: Sequence[LiveTicket]) -> tuple[OpenQuestion, ...]:
    """Of this night, and of earlier ones as far as the review queue has them; the most important first."""
    items = files.queue.items if files.queue else ()
    queued = {item.ticket_id: item for item in items if item.merge_request is None}
    tonight = {ticket.id for ticket in each}
    found = [
        OpenQuestion(
            ticket=item.ticket_id,
            summary=item.title,
            priority=item.priority,
            asked_at=item.opened_at,
            who=item.reviewer,
        )
        for item in queued.values()
        if item.ticket_id not in tonight
    ]
    found += filter(None, (_question(ticket, files, queued.get(ticket.id)) for ticket in each))
    return tuple(sorted(found, key=lambda one: (-one.priority.rank, one.asked_at, one.ticket)))


def _question(ticket: LiveTicket, files: NightFiles, item: ReviewItem | None) -> OpenQuestion | None:
    """What a ticket of tonight asks, unless a later review queue has it no more: it was answered."""
    attempt, queue = files.tickets[ticket.id].attempt, files.queue
    if attempt is None or attempt.escalation is None or ticket.outcome is not Outcome.ESCALATED:
        return None
    if queue is not None and queue.made_at > attempt.finished_at and item is None:
        return None
    asked = attempt.escalation
    return OpenQuestion(
        ticket=ticket.id,
        summary=asked.summary,
        priority=asked.priority,
        trigger=asked.trigger,
        asked_at=asked.raised_at,
        who=item.reviewer if item else None,
    )


def _queue(queue: ReviewQueue | None, now: datetime) -> QueueState | None:
    if queue is None:
        return None
    return QueueState(
        made_at=queue.made_at,
        items=len(queue.items),
        minutes=sum(item.expected_minutes for item in queue.items),
        late=sum(item.due is not None and item.due < now for item in queue.items),
        unassigned=sum(item.reviewer is None for item in queue.items),
    )


def _conflicts(truth: MergeTruth | None) -> Conflicts | None:
    if truth is None:
        return None
    ours, ticket = truth.counted, truth.ticket_of
    clashes = [clash for clash in truth.clashes if clash.pair <= ours]
    return Conflicts(
        pairs=truth.pairs,
        conflicting=tuple((ticket(clash.first), ticket(clash.second)) for clash in clashes),
        breaking=tuple(tuple(ticket(each) for each in group.changes) for group in truth.breaking),
    )


def _expected(staffed: Live, files: NightFiles, around: Around) -> Ending | None:
    """Only of a night that runs: one that stopped ends when somebody starts it again."""
    if staffed.state is not NightState.RUNNING:
        return None
    left = live_ending.Left(
        tickets=staffed.tickets,
        waits={planned.id: planned.waits_for for planned in files.batch.tickets},
        ready_at={
            ticket.id: around.asleep[ticket.agent].until
            for ticket in staffed.tickets
            if ticket.agent in around.asleep and not ticket.state.at_work
        },
    )
    measured = live_ending.pace(staffed.in_state(TicketState.ENDED))
    return live_ending.expected_end(left, measured, staffed.now, staffed.batch)
