"""Which changes could conflict at all, so that git is asked about no other pair. Pure.

Two changes that both merge into the same commit can conflict only where they meet:

- on a path that both add, change or remove. A rename is the removal of one path and the addition of another, so whatever
  git finds out about renames on either side is met on one of the two;
- where one adds a file and the other adds something below that file's name, as below a folder;
- where one adds a file in a folder that the other emptied: git takes the folder for renamed, and asks what to do.

Everything else git takes over path by path from the one side that has it. What a change touches is counted from where it
left the target branch and from the target branch as it is now: a file may be in only one of them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from ci_factory.model.merge_truth import Clash


@dataclass(frozen=True)
class Footprint:
    """What a change touches."""

    number: int
    """Of its merge request."""
    paths: frozenset[str]
    """Every path that is other than without it."""
    added: frozenset[str] = frozenset()
    vanished: frozenset[str] = frozenset()
    """Folders that exist no longer."""
    holds: frozenset[int] = frozenset()
    """Changes that its own history contains: the two are one chain and can't conflict."""


def suspects(prints: Sequence[Footprint]) -> list[tuple[int, int]]:
    """Pairs that git has to be asked about, each in the order given, sorted by it.

    Takes time in proportion to paths and pairs found, not to all pairs.
    """
    places = {each.number: place for place, each in enumerate(prints)}
    found = {pair for group in _meetings(prints) for pair in combinations(sorted(group), 2)}
    held = {tuple(sorted((places[each.number], places[below])))
            for each in prints for below in each.holds if below in places}  # fmt: skip
    return [(prints[first].number, prints[second].number) for first, second in sorted(found - held)]


def _meetings(prints: Sequence[Footprint]) -> Iterator[set[int]]:
    """Groups of places in which every two may meet."""
    touching: defaultdict[str, set[int]] = defaultdict(set)
    adding_below: defaultdict[str, set[int]] = defaultdict(set)
    for place, each in enumerate(prints):
        for path in each.paths:
            touching[path].add(place)
        for folder in {folder for path in each.added for folder in folders_of(path)}:
            adding_below[folder].add(place)
    yield from touching.values()
    for place, each in enumerate(prints):
        for name in each.added | each.vanished:
            yield from ({place, other} for other in adding_below.get(name, ()) if other != place)


def folders_of(path: str) -> Iterator[str]:
    """Every folder that a path lies in, the deepest first, without the root."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def explained(clashes: Iterable[Clash], holds: dict[int, frozenset[int]]) -> tuple[Clash, ...]:
    """Clashes, each with the change below one of the two that has the same conflict, if there is one.

    Whoever conflicts with a change conflicts with all that is built on it; the pair that people have to look at is the lowest.
    """
    known = {clash.pair: frozenset(clash.files) for clash in clashes}
    return tuple(clash.model_copy(update={"through": _below(clash, known, holds)}) for clash in clashes)


def _below(
    clash: Clash, known: dict[frozenset[int], frozenset[str]], holds: dict[int, frozenset[int]]
) -> int | None:
    for upper, other in ((clash.first, clash.second), (clash.second, clash.first)):
        for lower in sorted(holds.get(upper, ())):
            files = known.get(frozenset({lower, other}))
            if files is not None and files >= frozenset(clash.files):
                return lower
    return None
