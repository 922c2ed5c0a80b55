"""What was known before and what is known now, as one history. Pure.

A forge tells its side anew each time, so of what both know the newer counts. What artifacts told (nights, attempts,
gates, questions) goes when they expire, and is kept; what is derived from it, such as a ticket's cost, is derived anew.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import TypeVar

from ci_factory.metrics.collect import total_usage
from ci_factory.metrics.facts import (
    AftermathFact,
    AttemptFact,
    BatchFact,
    EscalationFact,
    GateFact,
    History,
    TicketFact,
)
from ci_factory.model.base import Value

Fact = TypeVar("Fact", bound=Value)
Key = tuple[str, ...]


def together(before: History, now: History) -> History:
    """Everything of both; the same again changes nothing. Merge requests are as they are now: a forge forgets none."""
    batches = _both(before.batches, now.batches, lambda batch: (batch.created_at.isoformat(), batch.id))
    attempts = _both(before.attempts, now.attempts, lambda each: (each.batch, each.ticket))
    order = {batch.id: place for place, batch in enumerate(batches)}
    attempts = tuple(sorted(attempts, key=lambda each: order.get(each.batch, len(order))))
    tickets = _tickets(before, now, batches, attempts)
    return History(
        tickets=tickets,
        merge_requests=now.merge_requests,
        batches=batches,
        attempts=attempts,
        gates=_gates(before.gates, now.gates),
        escalations=_escalations(before.escalations, now.escalations, tickets),
        predictions=_both(before.predictions, now.predictions, lambda each: (each.batch, each.ticket)),
        aftermath=_aftermath(before.aftermath, now.aftermath),
        unreadable=now.unreadable,
    )


def _both(before: Iterable[Fact], now: Iterable[Fact], key: Callable[[Fact], Key]) -> tuple[Fact, ...]:
    """One of each key, the newer if there are two, in the order of the keys."""
    found = {key(fact): fact for fact in (*before, *now)}
    return tuple(found[each] for each in sorted(found))


def _aftermath(before: Iterable[AftermathFact], now: Iterable[AftermathFact]) -> tuple[AftermathFact, ...]:
    found = {each.iid: each for each in (*before, *now)}
    return tuple(found[iid] for iid in sorted(found))


def _gates(before: Iterable[GateFact], now: Iterable[GateFact]) -> tuple[GateFact, ...]:
    """A gate's own words are kept where now only the note on the merge request tells of it."""

    def key(fact: GateFact) -> Key:
        return fact.batch, fact.ticket, fact.gate

    told = {key(fact): fact for fact in before if fact.seconds is not None}
    fresh = [told.get(key(fact), fact) if fact.seconds is None else fact for fact in now]
    return _both(before, fresh, key)


def _escalations(
    before: Iterable[EscalationFact], now: Iterable[EscalationFact], tickets: Iterable[TicketFact]
) -> tuple[EscalationFact, ...]:
    """Whether a question still waits is what its ticket says now."""
    waits = {
        (each.batch, each.id) for each in tickets if each.state == "escalated" and each.opened is not False
    }
    both = _both(before, now, lambda each: (each.batch, each.ticket))
    return tuple(each.model_copy(update={"waiting": (each.batch, each.ticket) in waits}) for each in both)


def _tickets(
    before: History, now: History, batches: Iterable[BatchFact], attempts: Iterable[AttemptFact]
) -> tuple[TicketFact, ...]:
    earlier = {ticket.id: ticket for ticket in before.tickets}
    work: dict[str, list[AttemptFact]] = defaultdict(list)
    for attempt in attempts:
        work[attempt.ticket].append(attempt)
    planned = {plan.ticket: batch.id for batch in batches for plan in batch.planned}
    found = _both(before.tickets, now.tickets, lambda ticket: (ticket.id,))
    return tuple(_ticket(each, earlier.get(each.id, each), planned, work[each.id]) for each in found)


def _ticket(
    ticket: TicketFact, earlier: TicketFact, planned: dict[str, str], attempts: list[AttemptFact]
) -> TicketFact:
    """The ticket as the forge tells it now, with what all of its attempts come to."""
    last = attempts[-1] if attempts else None
    worked = [attempt for attempt in attempts if attempt.worked]
    return ticket.model_copy(
        update={
            "size": last.size if last else ticket.size or earlier.size,
            "area": earlier.area if ticket.batch is None and earlier.batch is not None else ticket.area,
            "agent": last.agent if last else ticket.agent or earlier.agent,
            "model": last.model if last else ticket.model or earlier.model,
            "batch": planned.get(ticket.id, ticket.batch),
            "ending": last.ending if last else ticket.ending,
            "reason": last.reason if last else ticket.reason,
            "attempts": sum(each.attempts for each in worked) if worked else None,
            "iterations": sum(each.iterations for each in worked) if worked else None,
            "agent_seconds": sum(each.agent_seconds for each in worked) if worked else None,
            "usage": total_usage([each.usage for each in worked]),
        }
    )
