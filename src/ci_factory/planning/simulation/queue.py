"""The tickets of a simulation, in columns: a number is a ticket, numbers follow the order of creation."""

import random
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate

from ci_factory.model.ticket import Priority, Size
from ci_factory.planning.simulation.assumptions import Assumptions

SIZES, PRIORITIES = tuple(Size), tuple(Priority)
DAY = 24 * 60.0
_PROBE, _LARGEST = 300, 1 << 17
"""Tickets drawn to measure how often two overlap; most files of a made-up project."""


@dataclass(slots=True)
class Rows:
    """Many short lists of whole numbers, end to end."""

    ends: "array[int]" = field(default_factory=lambda: array("q", [0]))
    flat: "array[int]" = field(default_factory=lambda: array("l"))

    def add(self, numbers: Sequence[int]) -> None:
        """One more list."""
        self.flat.extend(numbers)
        self.ends.append(len(self.flat))

    def __getitem__(self, row: int) -> "array[int]":
        return self.flat[self.ends[row] : self.ends[row + 1]]


@dataclass(slots=True)
class Queue:
    """Tickets by number; minutes count from the start of the first night."""

    size: bytearray = field(default_factory=bytearray)
    """Place in `SIZES`."""
    priority: bytearray = field(default_factory=bytearray)
    """Place in `PRIORITIES`."""
    created: "array[float]" = field(default_factory=lambda: array("d"))
    due: "array[float]" = field(default_factory=lambda: array("d"))
    files: Rows = field(default_factory=Rows)
    """Files that the change will touch."""
    foreseen: Rows = field(default_factory=Rows)
    """Files that planning thinks it will touch."""

    def __len__(self) -> int:
        return len(self.size)


class Universe:
    """The files of a made-up project, some of which are touched much more often than others."""

    def __init__(self, count: int, exponent: float) -> None:
        """The n-th file has the weight `n ** -exponent`."""
        self.count = count
        self._sums = list(accumulate((number + 1) ** -exponent for number in range(count)))

    def some(self, count: int, chance: random.Random) -> list[int]:
        """Different files, drawn by weight."""
        sums, total, uniform = self._sums, self._sums[-1], chance.random
        found: dict[int, None] = {}
        while len(found) < min(count, self.count):
            found[bisect_right(sums, uniform() * total)] = None
        return list(found)


def made_up(
    assumptions: Assumptions,
    *,
    seed: int,
    per_night: int,
    nights: int = 1,
    projects: int = 1,
) -> Queue:
    """Tickets created evenly over the day before each night; those of different projects share no file."""
    chance, queue = random.Random(seed), Queue()  # noqa: S311 - a fixed, not a secret, sequence
    universe = universe_of(assumptions)
    due = [assumptions.due_days[priority] * DAY for priority in PRIORITIES]
    sizes = list(accumulate(assumptions.classes[size].share for size in SIZES))
    priorities = list(accumulate(assumptions.priorities[priority] for priority in PRIORITIES))
    counts = [assumptions.classes[size].files for size in SIZES]
    for night in range(nights):
        for created in sorted(chance.random() * DAY for _ in range(per_night)):
            size = min(bisect_right(sizes, chance.random()), len(sizes) - 1)
            priority = min(bisect_right(priorities, chance.random()), len(priorities) - 1)
            queue.size.append(size)
            queue.priority.append(priority)
            queue.created.append((night - 1) * DAY + created)
            queue.due.append((night - 1) * DAY + created + due[priority])
            offset = chance.randrange(projects) * universe.count
            files = universe.some(counts[size], chance)
            queue.files.add([offset + each for each in files])
            queue.foreseen.add([offset + each for each in _foresee(files, universe, assumptions, chance)])
    return queue


def _foresee(
    files: Sequence[int], universe: Universe, assumptions: Assumptions, chance: random.Random
) -> list[int]:
    """What a prediction of the stated recall and precision says of these files."""
    seen = [each for each in files if chance.random() < assumptions.recall]
    wrong = len(files) * assumptions.recall * (1 / assumptions.precision - 1)
    extra = int(wrong) + (chance.random() < wrong % 1)
    return list(dict.fromkeys((*seen, *(universe.some(extra, chance) if extra else ()))))


@lru_cache(maxsize=16)
def _sized(files: tuple[tuple[float, int], ...], exponent: float, pair_conflict: float) -> Universe:
    """The project in which two random tickets overlap as often as stated: bisection over its number of files."""
    if pair_conflict == 0:
        return Universe(_LARGEST, 0.0)

    def too_small(count: int) -> bool:
        return overlap_share(list(_probe(Universe(count, exponent), files))) > pair_conflict

    low = high = max(count for _, count in files)
    while high < _LARGEST and too_small(high):
        low, high = high + 1, high * 2
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if too_small(middle) else (low, middle)
    return Universe(low, exponent)


def foresee_backwards(
    count: int, universe: Universe, assumptions: Assumptions, chance: random.Random
) -> list[int]:
    """Files that a change with `count` foreseen ones touches beside them, as often as the stated recall says."""
    missed = count * (1 / assumptions.recall - 1)
    extra = int(missed) + (chance.random() < missed % 1)
    return universe.some(extra, chance) if extra else []


def universe_of(assumptions: Assumptions) -> Universe:
    """The made-up project of these assumptions."""
    files = tuple((assumptions.classes[size].share, assumptions.classes[size].files) for size in SIZES)
    return _sized(files, assumptions.popularity, min(0.99, assumptions.pair_conflict / assumptions.clash))


def _probe(universe: Universe, files: Sequence[tuple[float, int]]) -> Iterator[list[int]]:
    chance = random.Random(7)  # noqa: S311 - the same tickets for every size of project
    shares, counts = zip(*files, strict=True)
    for count in chance.choices(counts, weights=shares, k=_PROBE):
        yield universe.some(count, chance)


def overlap_share(tickets: Sequence[Sequence[int]]) -> float:
    """Share of all pairs that have a file in common; 0 for fewer than two tickets."""
    bits: dict[int, int] = {}
    masks = [sum(1 << bits.setdefault(each, len(bits)) for each in set(files)) for files in tickets]
    hits = sum(1 for place, mask in enumerate(masks) for other in masks[:place] if mask & other)
    pairs = len(masks) * (len(masks) - 1) // 2
    return hits / pairs if pairs else 0.0
