"""How probable it is that two changes touch a common file, for all pairs of many tickets."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

CROWD = 200
"""Tickets that may touch one file, up to which their pairs are told one by one."""
LEAST = 0.01
"""A pair less probable than this is left out."""
_NAMED = 5
"""Files that are named for a pair."""


class Meeting(NamedTuple):
    """Two tickets, the first by id first, that may touch a common file."""

    first: str
    second: str
    probability: float
    """1 - product over all files of (1 - p_first x p_second): that they touch at least one file both."""
    files: tuple[str, ...]
    """The files with the largest share in it, largest first."""


class Crowd(NamedTuple):
    """A file that too many tickets may touch to speak of each two of them."""

    path: str
    tickets: int
    expected: float
    """Expected number of tickets that touch it."""


class ConflictGraph(NamedTuple):
    """What may meet where."""

    pairs: tuple[Meeting, ...]
    """The most probable first."""
    crowds: tuple[Crowd, ...]
    """Their files are in no pair."""


def conflict_graph(tickets: Mapping[str, Mapping[str, float]]) -> ConflictGraph:
    """From ticket -> file -> probability that it touches the file; touching files is taken to be independent.

    An inverted index from files to tickets: the time grows with the pairs that share a file and not with all pairs.
    """
    by_file: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for ticket in sorted(tickets):
        for path, probability in tickets[ticket].items():
            by_file[path].append((ticket, probability))
    crowded = {path: found for path, found in by_file.items() if len(found) > CROWD}
    crowds = (Crowd(path, len(found), math.fsum(p for _, p in found)) for path, found in crowded.items())
    return ConflictGraph(
        tuple(_pairs({path: found for path, found in by_file.items() if path not in crowded})),
        tuple(sorted(crowds, key=lambda crowd: (-crowd.expected, crowd.path))),
    )


def _pairs(by_file: Mapping[str, Sequence[tuple[str, float]]]) -> list[Meeting]:
    shared: dict[tuple[str, str], list[tuple[float, str]]] = defaultdict(list)
    for path, tickets in by_file.items():
        for (first, one), (second, other) in combinations(tickets, 2):
            shared[first, second].append((one * other, path))
    return sorted(_meetings(shared), key=lambda each: (-each.probability, each.first, each.second))


def _meetings(shared: Mapping[tuple[str, str], list[tuple[float, str]]]) -> Iterator[Meeting]:
    for (first, second), files in shared.items():
        largest = sorted(files, key=lambda file: (-file[0], file[1]))
        probability = 1 - math.prod(1 - both for both, _ in largest)
        if probability >= LEAST:
            yield Meeting(first, second, probability, tuple(path for _, path in largest[:_NAMED]))
