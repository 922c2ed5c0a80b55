"""Which candidates may be planned at all, before anything is weighed."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from ci_factory.config import Labels
from ci_factory.errors import UsageError
from ci_factory.model.batch import LeftOut
from ci_factory.model.ticket import Candidate
from ci_factory.planning.graph import cycle_fix, cycle_text, find_cycles

WAITING = "waiting"
"""State of a ticket that stays in the queue as it is."""
DEFERRED = "deferred"
NEEDS_INFO = "needs-info"


class Admission(NamedTuple):
    """The queue, sorted into those who may be planned and the others; ids in the queue's order."""

    admitted: dict[str, Candidate]
    depends_on: dict[str, tuple[str, ...]]
    """Of every admitted ticket the dependencies that are not done, each once; there are no cycles among them."""
    left_out: dict[str, LeftOut]


def admit(
    candidates: Sequence[Candidate], *, labels: Labels, in_flight: Collection[str], resolved: Collection[str]
) -> Admission:
    """Sort out what is held, already published, not ready, or part of a circle of dependencies.

    Raises:
        UsageError: two candidates have the same id.
    """
    found = Admission({}, {}, {})
    for candidate in candidates:
        ticket = candidate.ticket
        if ticket.id in found.admitted or ticket.id in found.left_out:
            raise _duplicate(ticket.id)
        if left_out := _refuse(candidate, labels.hold, in_flight):
            found.left_out[ticket.id] = left_out
        else:
            found.admitted[ticket.id] = candidate
            found.depends_on[ticket.id] = _open(ticket.depends_on, resolved)
    for cycle in find_cycles(found.depends_on):
        reason = f"dependencies form a circle, {cycle_text(cycle)}: {cycle_fix(cycle)}"
        for ticket_id in cycle[:-1]:
            found.left_out[ticket_id] = LeftOut(ticket_id=ticket_id, state=NEEDS_INFO, reason=reason)
            del found.admitted[ticket_id], found.depends_on[ticket_id]
    return found


def within(graph: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """The graph without dependencies on tickets that are not in it."""
    return {
        ticket: tuple(dependency for dependency in dependencies if dependency in graph)
        for ticket, dependencies in graph.items()
    }


def _open(dependencies: Sequence[str], resolved: Collection[str]) -> tuple[str, ...]:
    return tuple(dependency for dependency in dict.fromkeys(dependencies) if dependency not in resolved)


def _refuse(candidate: Candidate, hold: str, in_flight: Collection[str]) -> LeftOut | None:
    ticket = candidate.ticket
    if hold in ticket.labels:
        return LeftOut(ticket_id=ticket.id, state="hold", reason=f"a person stopped it with the label {hold}")
    if ticket.id in in_flight:
        return LeftOut(
            ticket_id=ticket.id, state="review", reason="already has an open merge request by the factory"
        )
    if not candidate.readiness.ready:
        reason = " ".join(candidate.readiness.missing) or "intake found it not ready"
        return LeftOut(ticket_id=ticket.id, state=NEEDS_INFO, reason=reason)
    return None


def _duplicate(ticket_id: str) -> UsageError:
    return UsageError(
        f"the queue has two tickets with the id `{ticket_id}`",
        where=f"ticket {ticket_id}",
        fix="give each ticket an id of its own",
    )
