"""Which ticket first: apparent tardiness cost, within what dependencies allow.

`ATC = weight / p x exp(-max(0, due - p - now) / (k x mean p))` (Vepsalainen and Morton, 1987) with p the expected minutes
of work and k = 3. We compare its logarithm, which does not vanish for dates far away. The index is taken once, at the
batch's beginning: a night is short against the time limits of reviews.
"""

import heapq
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from ci_factory.model.effort import WORK_MINUTES
from ci_factory.model.ticket import Candidate, Priority

WEIGHTS: dict[Priority, float] = {
    Priority.LOW: 1,
    Priority.MEDIUM: 2,
    Priority.HIGH: 4,
    Priority.CRITICAL: 8,
}
_LOOK_AHEAD = 3
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


def indices(
    candidates: Mapping[str, Candidate], due_at: Mapping[str, datetime], now: datetime
) -> dict[str, float]:
    """Ticket id -> logarithm of its ATC index at `now`; larger is more urgent."""
    minutes = {ticket: WORK_MINUTES[each.estimate.complexity] for ticket, each in candidates.items()}
    scale = _LOOK_AHEAD * (sum(minutes.values()) / len(minutes) if minutes else 1)
    result = {}
    for ticket, work in minutes.items():
        slack = max(0.0, (due_at[ticket] - now) / _MINUTE - work)
        result[ticket] = math.log(WEIGHTS[candidates[ticket].ticket.priority] / work) - slack / scale
    return result


def order(
    depends_on: Mapping[str, Sequence[str]], urgency: Mapping[str, float]
) -> tuple[list[str], dict[str, str]]:
    """Ids with every ticket after its dependencies and else the most urgent first, and who lends whom urgency.

    A ticket is at least as urgent as the most urgent one that waits for it; the second value maps it to that one.
    Equal urgency is ordered by id. The graph has no cycle, names a dependency once and none outside of itself.
    """
    found: defaultdict[str, list[str]] = defaultdict(list)
    for ticket, dependencies in depends_on.items():
        for dependency in dependencies:
            found[dependency].append(ticket)
    dependents = {ticket: tuple(found.get(ticket, ())) for ticket in depends_on}
    # Backwards first, so that each ticket has met all who wait for it before its own urgency counts.
    effective = dict(urgency)
    lender: dict[str, str] = {}
    for ticket in _topological(dependents, depends_on, lambda ticket: (ticket,)):
        for dependency in depends_on[ticket]:
            if effective[ticket] > effective[dependency]:
                effective[dependency] = effective[ticket]
                lender[dependency] = lender.get(ticket, ticket)
    ordered = _topological(depends_on, dependents, lambda ticket: (-effective[ticket], ticket))
    return list(ordered), lender


def _topological(
    before: Mapping[str, Sequence[str]],
    after: Mapping[str, Sequence[str]],
    key: Callable[[str], tuple[float | str, ...]],
) -> Iterator[str]:
    """Kahn's algorithm with a heap: of the tickets whose predecessors are done always the one with the least key."""
    waiting = {ticket: len(predecessors) for ticket, predecessors in before.items()}
    heap = [(key(ticket), ticket) for ticket, count in waiting.items() if count == 0]
    heapq.heapify(heap)
    while heap:
        ticket = heapq.heappop(heap)[1]
        yield ticket
        for follower in after[ticket]:
            waiting[follower] -= 1
            if waiting[follower] == 0:
                heapq.heappush(heap, (key(follower), follower))
