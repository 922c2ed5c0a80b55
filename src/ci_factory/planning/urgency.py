"""Which ticket first: apparent tardiness cost, within what dependencies allow.

`ATC = weight / p x exp(-max(0, due - p - now) / h)` (Vepsalainen and Morton, 1987) with p the expected minutes of work and h
how far it looks ahead: 3 x mean p there, where another ticket can start as soon as one ends. What a night passes over waits
for the next one, so h is at least a day. We compare the logarithm, which does not vanish for dates far away. The index is
taken once, at the batch's beginning: a night is short against the time limits of reviews.

Along dependencies urgency goes backwards: a ticket that others wait for has the weight per minute of the most urgent of them,
and must start so much earlier as the way to it takes (the modified due date of Lawler, 1973, for chains of work).
"""

import heapq
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from ci_factory.model.ticket import Candidate, Priority

WEIGHTS: dict[Priority, float] = {
    Priority.LOW: 1,
    Priority.MEDIUM: 2,
    Priority.HIGH: 4,
    Priority.CRITICAL: 8,
}
_LOOK_AHEAD = 3
_NEXT_BATCH = 24 * 60
"""Minutes until what is left out can start."""
_MAX_HOURS = 24 * 3650
"""Time limits beyond ten years are no time limits, and dates must stay within the calendar."""
_MINUTE = timedelta(minutes=1)


def due(candidate: Candidate, sla_hours: Mapping[Priority, float], now: datetime) -> datetime:
    """The ticket's own due date, else the time limit of its priority counted from its creation."""
    ticket = candidate.ticket
    if ticket.due is not None:
        return ticket.due
    longest = max(sla_hours.values(), default=0.0)
    hours = min(sla_hours.get(ticket.priority, longest), _MAX_HOURS)
    return (ticket.created_at or now) + timedelta(hours=hours)


class Urgency(NamedTuple):
    """The parts of the index that due dates and others who wait change apart."""

    worth: float
    """Logarithm of weight / p."""
    slack: float
    """Until it must start, in look-aheads; below zero it is late already."""

    @property
    def level(self) -> float:
        """Logarithm of the ATC index; larger is more urgent."""
        return self.worth - max(0.0, self.slack)


class Order(NamedTuple):
    """Tickets as they are to be planned."""

    tickets: list[str]
    """Every ticket after its dependencies and else the most urgent first; of equals the first by id."""
    lender: dict[str, str]
    """Ticket -> the more urgent one that waits for it, directly or through others."""


def order(
    candidates: Mapping[str, Candidate],
    depends_on: Mapping[str, Sequence[str]],
    due_at: Mapping[str, datetime],
    minutes: Mapping[str, float],
    now: datetime,
) -> Order:
    """Put tickets into order; `minutes` is the expected work on each.

    The graph has no cycle, names a dependency once and none outside of itself.
    """
    ahead = max(_NEXT_BATCH, _LOOK_AHEAD * sum(minutes.values()) / max(1, len(minutes)))
    found = {
        ticket: Urgency(
            math.log(WEIGHTS[each.ticket.priority] / minutes[ticket]),
            ((due_at[ticket] - now) / _MINUTE - minutes[ticket]) / ahead,
        )
        for ticket, each in candidates.items()
    }
    dependents: dict[str, list[str]] = {ticket: [] for ticket in depends_on}
    for ticket, dependencies in depends_on.items():
        for dependency in dependencies:
            dependents[dependency].append(ticket)
    # Backwards first, so that each ticket has met all who wait for it before its own urgency counts.
    lender: dict[str, str] = {}
    for ticket in _topological(dependents, depends_on, {}):
        for dependency in depends_on[ticket]:
            lent = found[ticket]._replace(slack=found[ticket].slack - minutes[dependency] / ahead)
            if lent.level > found[dependency].level:
                found[dependency] = lent
                lender[dependency] = lender.get(ticket, ticket)
    keys = {ticket: -each.level for ticket, each in found.items()}
    return Order(list(_topological(depends_on, dependents, keys)), lender)


def _topological(
    before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]], keys: Mapping[str, float]
) -> Iterator[str]:
    """Kahn's algorithm with a heap: of the tickets whose predecessors are done always the one with the least key."""
    waiting = {ticket: len(predecessors) for ticket, predecessors in before.items()}
    heap = [(keys.get(ticket, 0.0), ticket) for ticket, count in waiting.items() if count == 0]
    heapq.heapify(heap)
    while heap:
        ticket = heapq.heappop(heap)[1]
        yield ticket
        for follower in after[ticket]:
            waiting[follower] -= 1
            if waiting[follower] == 0:
                heapq.heappush(heap, (keys.get(follower, 0.0), follower))
