"""The sentences that say why a ticket is where it is."""

from collections.abc import Collection

from ci_factory.model.ticket import Size

_NAMED = 3
"""Tickets that a sentence names."""


def why_based(base: str, dependencies: Collection[str], overlapping: Collection[str]) -> str:
    """Why a ticket is stacked on the change of another."""
    reasons = []
    if dependencies:
        reasons.append(f"depends on {names(dependencies)}")
    if shared := [ticket for ticket in overlapping if ticket not in dependencies]:
        reasons.append(f"touches the same files as {names(shared)}")
    return f"based on the change of `{base}`, as it {' and '.join(reasons)}"


def why_deferred(dependencies: Collection[str], overlapping: Collection[str], flying: Collection[str]) -> str:
    """Why the policy `defer` leaves a ticket to the next batch."""
    reasons = []
    if dependencies:
        reasons.append(f"depends on {names(dependencies)} of this batch")
    if overlapping:
        reasons.append(f"touches the same files as {names(overlapping)} of this batch")
    if flying:
        reasons.append(f"touches files of the open merge request of {names(flying)}")
    return f"{', '.join(reasons)}; waits until that is merged"


def why_apart(predecessors: Collection[str]) -> str:
    """Why a ticket with predecessors on different stacks is left to the next batch."""
    return f"builds on {names(predecessors)}, whose changes are not based on each other; waits until they are merged"


def why_unable(size: Size, languages: Collection[str]) -> str:
    """Why nobody is given a ticket."""
    spoken = f" in {', '.join(sorted(languages))}" if languages else ""
    return f"no agent takes tickets of size {size}{spoken}"


def names(tickets: Collection[str]) -> str:
    """Some ids and how many more."""
    shown = [f"`{ticket}`" for ticket in tickets][:_NAMED]
    rest = len(tickets) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")
