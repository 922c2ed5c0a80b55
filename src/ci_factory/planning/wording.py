"""The sentences that say why a ticket is where it is."""

from collections.abc import Collection, Iterable

from ci_factory.model.text import plain
from ci_factory.model.ticket import Size

_NAMED = 3
"""Tickets that a sentence names."""
_PATH = 200
"""Characters of a path."""


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


def why_unable(size: Size, languages: Collection[str], *, bound: bool = False) -> str:
    """Why nobody is given a ticket; `bound`: only who may use the lane of others with the same files was asked."""
    spoken = f" in {', '.join(sorted(languages))}" if languages else ""
    where = " on the lane where others with the same files are" if bound else ""
    return f"no agent takes tickets of size {size}{spoken}{where}"


def why_ignored(hot: Collection[str]) -> str:
    """Which files of a ticket do not count when it is held against others."""
    return (
        f"sharing {names(plain(path, _PATH) for path in hot)} is no overlap, as many tickets touch such files"
    )


def names(tickets: Iterable[str]) -> str:
    """Some ids and how many more."""
    every = [f"`{ticket}`" for ticket in tickets]
    shown = every[:_NAMED]
    rest = len(every) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")
