"""Tickets that must never run at the same time, for the pattern `lock`: groups by files, each on one lane."""

from collections.abc import Mapping, Sequence

from ci_factory.model.globs import Pattern


def groups(patterns: Mapping[str, Sequence[Pattern]]) -> dict[str, str]:
    """Ticket -> a ticket that stands for its group; tickets whose files overlap are in the same one.

    A pattern counts for everything below its static prefix: a lock is rather too wide than too narrow.
    """
    leader = {ticket: ticket for ticket in patterns}
    areas = sorted((_area(pattern), ticket) for ticket, files in patterns.items() for pattern in files)
    top: tuple[tuple[str, ...], str] | None = None
    for area, ticket in areas:  # sorted, what lies below an area follows it
        if top is not None and area[: len(top[0])] == top[0]:
            leader[_find(leader, ticket)] = _find(leader, top[1])
        else:
            top = (area, ticket)
    return {ticket: _find(leader, ticket) for ticket in patterns}


def _area(pattern: Pattern) -> tuple[str, ...]:
    return tuple(pattern.prefix.split("/")) if pattern.prefix else ()


def _find(leader: dict[str, str], ticket: str) -> str:
    while leader[ticket] != ticket:
        leader[ticket] = leader[leader[ticket]]  # halve the way for the next time
        ticket = leader[ticket]
    return ticket
