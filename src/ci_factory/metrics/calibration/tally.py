"""Good and bad changes by score: what every statistic of one score needs, however many changes there are."""

from collections.abc import Iterable
from typing import NamedTuple


class Count(NamedTuple):
    """Changes with the same score."""

    score: float
    good: int
    bad: int

    @property
    def n(self) -> int:
        """Both."""
        return self.good + self.bad


Tally = tuple[Count, ...]
"""The lowest score first, each once."""


def tally(scored: Iterable[tuple[float, bool]]) -> Tally:
    """Counts from (score, good)."""
    good: dict[float, int] = {}
    every: dict[float, int] = {}
    for score, is_good in scored:
        every[score] = every.get(score, 0) + 1
        if is_good:
            good[score] = good.get(score, 0) + 1
    return tuple(
        Count(score, good.get(score, 0), n - good.get(score, 0)) for score, n in sorted(every.items())
    )


def totals(counts: Tally) -> tuple[int, int]:
    """(good, bad) over all scores."""
    return sum(count.good for count in counts), sum(count.bad for count in counts)
