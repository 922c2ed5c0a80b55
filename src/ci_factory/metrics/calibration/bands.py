"""Score bands, and what became of the changes in each."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from ci_factory.metrics.calibration.outcomes import Judged
from ci_factory.metrics.calibration.values import Band, Fate
from ci_factory.model.shares import wilson

EDGES = (0.0, 50.0, 60.0, 70.0, 80.0, 85.0, 90.0, 95.0, 100.0)
"""Finer where most scores are."""
SPARSE = 10
"""A band with fewer changes is pooled with a neighbour."""
_Counts = Counter[Fate]


def bands(judged: Iterable[Judged]) -> tuple[Band, ...]:
    """All bands, the lowest first; nothing of nothing.

    From the bottom up a sparse band is pooled with the one above it; what is left at the top with the one below.
    """
    counts = _count(judged)
    if not any(map(Counter.total, counts)):
        return ()
    return tuple(_band(EDGES[first], EDGES[last], counts[first:last]) for first, last in _pooled(counts))


def _count(judged: Iterable[Judged]) -> list[_Counts]:
    counts: list[_Counts] = [Counter() for _ in EDGES[1:]]
    for each in judged:
        counts[_place(each.score)][each.fate] += 1
    return counts


def _place(score: float) -> int:
    return max(0, bisect_right(EDGES, score, hi=len(EDGES) - 1) - 1)


def _pooled(counts: Sequence[_Counts]) -> list[tuple[int, int]]:
    """From which edge to which each band reaches."""
    cuts, held = [0], 0
    for place, each in enumerate(counts, 1):
        held += each.total()
        if held >= SPARSE:
            cuts.append(place)
            held = 0
    if cuts[-1] != len(counts):  # too few at the top
        cuts[max(1, len(cuts) - 1) :] = [len(counts)]
    return list(pairwise(cuts))


def _band(low: float, high: float, parts: Sequence[_Counts]) -> Band:
    fates = sum(parts, _Counts())
    n, good = fates.total(), fates[Fate.UNTOUCHED]
    return Band(
        low=low,
        high=high,
        name=f"{low:g} to {high:g}" if high == EDGES[-1] else f"{low:g} to < {high:g}",
        n=n,
        fates={fate: fates[fate] for fate in Fate},
        good=good / n if n else None,
        interval=wilson(good, n),
        note=_note(n, len(parts)),
    )


def _note(n: int, parts: int) -> str:
    pooled = f"{parts} bands pooled, as they have few changes" if parts > 1 else ""
    return "; ".join(filter(None, (f"not enough data (n = {n})" if n < SPARSE else "", pooled)))
