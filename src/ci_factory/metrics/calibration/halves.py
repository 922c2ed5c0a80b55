"""The older half of the changes, which suggests, and the newer half, which judges what was suggested."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from ci_factory.metrics.calibration.outcomes import Judged
from ci_factory.metrics.calibration.tally import Tally, tally
from ci_factory.model.shares import Z95

HALF = 50
"""Changes that each half needs."""
KIND = 10
"""Of these good ones, and bad ones."""
_AGES = 20
_POWER = 0.8416212335729143
"""The 80 % point of the normal distribution."""


class Halves(NamedTuple):
    """Changes by the moment at which they were created."""

    older: tuple[Judged, ...]
    newer: tuple[Judged, ...]
    tallies: tuple[Tally, Tally]
    """Both by score."""

    def missing(self) -> int:
        """About how many more decided changes are needed before anything can be suggested; 0: there are enough."""
        return math.ceil(2 * max(_missing(self.older), _missing(self.newer)))


def split(judged: Sequence[Judged]) -> Halves:
    """In the middle; `judged` is in the order of creation."""
    middle = len(judged) // 2
    halves = tuple(judged[:middle]), tuple(judged[middle:])
    older, newer = (tally((each.score, each.good) for each in half) for half in halves)
    return Halves(*halves, (older, newer))


def _missing(half: Sequence[Judged]) -> float:
    """As many more changes as bring the rarer kind to its number, where it comes as often as so far."""
    good = sum(each.good for each in half)
    rarer = min(good, len(half) - good)
    wanted = KIND * len(half) / rarer if 0 < rarer < KIND else KIND if not rarer else 0.0
    return max(HALF, wanted) - len(half) if rarer < KIND or len(half) < HALF else 0.0


def more(value: float, variance: float, known: int) -> int | None:
    """How many changes beyond the `known` ones would show a gain like this one 80 % of the time.

    `value` and `variance` are of one change's gain, seen in the newer half; of all changes twice as many are needed.
    `None` where no gain is seen, or one so small that it takes `_AGES` times the known changes to tell it.
    """
    wanted = 2 * variance * ((Z95 + _POWER) / value) ** 2 if value > 0 else math.inf
    return max(1, math.ceil(wanted) - known) if wanted <= _AGES * known else None
