"""What was known and what was read now, as one history. Pure.

The forge tells its side of what was read again. Artifacts tell more of work than notes do, and go when they expire: what
was known from them stays.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from ci_factory.config import Labels
from ci_factory.metrics.artifacts import BatchRecord
from ci_factory.metrics.collecting import tickets, work
from ci_factory.metrics.collecting.work import Key
from ci_factory.metrics.facts import (
    AttemptFact,
    BatchFact,
    EscalationFact,
    GateFact,
    History,
    MergeRequestFact,
    PlannedFact,
    PredictionFact,
    TicketFact,
)
from ci_factory.model.base import Value
from ci_factory.model.collecting import IssueRecord
from ci_factory.model.work_record import WorkRecord

Fact = TypeVar("Fact", bound=Value)


@dataclass(frozen=True)
class Told:
    """What a run learned."""

    requests: Mapping[int, MergeRequestFact] = field(default_factory=dict)
    """Those that were read again."""
    issues: Mapping[str, IssueRecord] = field(default_factory=dict)
    gone_requests: frozenset[int] = frozenset()
    gone_tickets: frozenset[str] = frozenset()
    noted: Mapping[Key, WorkRecord] = field(default_factory=dict)
    """Work as our notes tell it."""
    archive: Sequence[BatchRecord] = ()
    predictions: Sequence[PredictionFact] = ()


def history(before: History, told: Told, labels: Labels) -> History:
    """All of it, each list in a fixed order; whether questions were answered is left as it was known."""
    files = work.of(work.recorded(told.archive))
    notes = work.of(told.noted.values())
    requests = _requests(before, told)
    titles = {each.id: each.title for each in before.tickets}
    titles |= {each: record.issue.ticket.title for each, record in told.issues.items()}
    batches = _batches(before, told, titles)
    attempts = _attempts(before.attempts, files.attempts, notes.attempts, batches)
    found = _tickets(before, told, _sources(told, batches, attempts, requests, labels))
    return History(
        tickets=found,
        merge_requests=requests,
        batches=batches,
        attempts=attempts,
        gates=tuple(_gates(before.gates, files.gates, notes.gates, requests)),
        escalations=_questions(before.escalations, files.questions, notes.questions, found),
        predictions=_overlaid(before.predictions, told.predictions, lambda each: (each.batch, each.ticket)),
        aftermath=before.aftermath,
    )


def _requests(before: History, told: Told) -> tuple[MergeRequestFact, ...]:
    known = {each.iid: each for each in before.merge_requests if each.iid not in told.gone_requests}
    found = known | dict(told.requests)
    return tuple(found[iid] for iid in sorted(found))


def _batches(before: History, told: Told, titles: Mapping[str, str]) -> tuple[BatchFact, ...]:
    found = work.nights_of(told.noted.values(), titles)
    for known in before.batches:
        found[known.id] = _with_tickets(known, found.get(known.id))
    found |= {record.batch.id: work.night_of(record) for record in told.archive}
    return tuple(sorted(found.values(), key=lambda each: (each.created_at, each.id)))


def _with_tickets(known: BatchFact, noted: BatchFact | None) -> BatchFact:
    """A batch with what notes tell of it that was not known, as notes are read one by one."""
    if noted is None:
        return known
    here = {each.ticket for each in known.planned}
    more = [each for each in noted.planned if each.ticket not in here]
    started = [each for each in (known.started_at, noted.started_at) if each]
    ended = [each for each in (known.ended_at, noted.ended_at) if each]
    return known.model_copy(
        update={
            "planned": tuple(sorted((*known.planned, *more), key=lambda each: (each.order, each.ticket))),
            "started_at": min(started, default=None),
            "ended_at": max(ended, default=None),
        }
    )


def _attempts(
    before: Iterable[AttemptFact],
    files: Mapping[Key, AttemptFact],
    notes: Mapping[Key, AttemptFact],
    batches: Iterable[BatchFact],
) -> tuple[AttemptFact, ...]:
    found = dict(notes)
    for known in before:
        key = known.batch, known.ticket
        found[key] = _filled(known, found[key]) if key in found else known
    found |= files
    order = {
        (batch.id, planned.ticket): (place, planned.order)
        for place, batch in enumerate(batches)
        for planned in batch.planned
    }
    return tuple(found[key] for key in sorted(found, key=lambda key: (order.get(key, (len(order), 0)), key)))


def _filled(known: Fact, other: Fact) -> Fact:
    """What is known, with what only the other one knows."""
    gaps = (name for name in type(known).model_fields if getattr(known, name) in (None, ()))
    return known.model_copy(update={name: getattr(other, name) for name in gaps})


def _gates(
    before: Iterable[GateFact],
    files: Mapping[tuple[str, str, str], GateFact],
    notes: Mapping[tuple[str, str, str], GateFact],
    requests: Iterable[MergeRequestFact],
) -> Iterator[GateFact]:
    """Gates in their own words; where those are lost, their status as the merge request's note tells it."""
    known = {(each.batch, each.ticket, each.gate): each for each in before if each.seconds is not None}
    found = {**notes, **known, **files}
    judged = {key[:2] for key in found}
    for request in requests:
        if request.batch is not None and (request.batch, request.ticket) not in judged:
            for gate, status in request.gates.items():
                key = request.batch, request.ticket, gate
                found[key] = GateFact(batch=key[0], ticket=key[1], gate=gate, status=status)
    yield from (found[key] for key in sorted(found))


def _questions(
    before: Iterable[EscalationFact],
    files: Mapping[Key, EscalationFact],
    notes: Mapping[Key, EscalationFact],
    found: Iterable[TicketFact],
) -> tuple[EscalationFact, ...]:
    """Questions; one waits while its ticket stands escalated, and no later batch took it up."""
    known = {(each.batch, each.ticket): each for each in before}
    every = {**notes, **known, **files}
    waits = {
        (each.batch, each.id) for each in found if each.state == "escalated" and each.opened is not False
    }
    return tuple(
        every[key].model_copy(
            update={
                "waiting": key in waits,
                "answered_at": known[key].answered_at if key in known else None,
            }
        )
        for key in sorted(every)
    )


def _overlaid(before: Iterable[Fact], now: Iterable[Fact], key: Callable[[Fact], Key]) -> tuple[Fact, ...]:
    found = {key(fact): fact for fact in (*before, *now)}
    return tuple(found[each] for each in sorted(found))


def _sources(
    told: Told,
    batches: Sequence[BatchFact],
    attempts: Iterable[AttemptFact],
    requests: Iterable[MergeRequestFact],
    labels: Labels,
) -> tickets.Sources:
    plans: dict[str, PlannedFact] = {}
    last: dict[str, str] = {}
    for batch in batches:
        plans |= {planned.ticket: planned for planned in batch.planned}
        last |= {planned.ticket: batch.id for planned in batch.planned}
    by_ticket: dict[str, list[AttemptFact]] = defaultdict(list)
    for attempt in attempts:
        by_ticket[attempt.ticket].append(attempt)
    first: dict[str, datetime] = {}
    for request in requests:
        first[request.ticket] = min(request.created_at, first.get(request.ticket, request.created_at))
    expected = {planned.id: planned.candidate.estimate.files for _, planned, _ in work.pairs(told.archive)}
    return tickets.Sources(plans, last, expected, by_ticket, first, labels)


def _tickets(before: History, told: Told, sources: tickets.Sources) -> tuple[TicketFact, ...]:
    """Every ticket of the factory: planned, left out, published or marked for it; sorted by id."""
    earlier = {each.id: each for each in before.tickets}
    on_forge = {each for each, fact in earlier.items() if fact.opened is not None}
    on_forge = (on_forge | told.issues.keys()) - told.gone_tickets
    left_out = {left.ticket_id for batch in before.batches for left in batch.left_out}
    left_out |= {left.ticket_id for record in told.archive for left in record.batch.left_out}
    marked = {each for each in on_forge if _state(each, earlier, told, sources.labels) is not None}
    ids = {*sources.plans, *sources.first_requests, *(left_out & on_forge), *marked}
    return tuple(_ticket(each, earlier.get(each), told, sources) for each in sorted(ids))


def _state(ticket_id: str, earlier: Mapping[str, TicketFact], told: Told, labels: Labels) -> str | None:
    if ticket_id in told.issues:
        return labels.state_of(told.issues[ticket_id].issue.ticket.labels)
    return earlier[ticket_id].state


def _ticket(ticket_id: str, earlier: TicketFact | None, told: Told, sources: tickets.Sources) -> TicketFact:
    record = told.issues.get(ticket_id)
    kept = earlier is not None and record is None and ticket_id not in told.gone_tickets
    forge = earlier if earlier is not None and kept else tickets.of_forge(ticket_id, record, sources)
    return tickets.worked_on(forge, earlier, sources)
