"""Means, medians and other quantiles of what was fully observed, with intervals that assume no distribution."""

import math
import statistics
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from ci_factory.model.shares import Z95

_EXACT = 200
"""Up to so many values distributions are summed; beyond it the normal one is close enough."""
_TAIL = 0.025
_HALF = 0.5


class Estimate(NamedTuple):
    """A quantile with its 95 % interval; an end is `None` where no observation bounds it."""

    value: float
    low: float | None
    high: float | None
    n: int

    @property
    def interval(self) -> tuple[float, float] | None:
        """Both ends, or nothing."""
        return None if self.low is None or self.high is None else (self.low, self.high)


def mean(values: Sequence[float]) -> float | None:
    """The arithmetic mean, `None` of nothing."""
    return statistics.fmean(values) if values else None


def mean_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """95 % interval of a mean after Student (1908), `None` of fewer than two values."""
    n = len(values)
    if n < 2:  # noqa: PLR2004 - one value has no spread
        return None
    centre = statistics.fmean(values)
    left = [value - centre for value in values]
    spread = math.sqrt(math.fsum([each * each for each in left]) / (n - 1) / n)
    half = student(n - 1) * spread
    return centre - half, centre + half


def median(values: Sequence[float]) -> float | None:
    """The median, `None` of nothing."""
    return statistics.median(values) if values else None


def quantile(values: Sequence[float], share: float) -> Estimate | None:
    """The `share` quantile with an interval between two order statistics, `None` of nothing.

    The value is the median as everybody computes it for 0.5 (the mean of the middle two), else the smallest value that
    at least `share` of all do not exceed (Hyndman and Fan 1996, type 1). The interval needs no assumption about the
    distribution: the number of values below the true quantile is binomial (David and Nagaraja 2003, 7.1).
    """
    if not values:
        return None
    ordered = sorted(values)
    n = len(ordered)
    below, above = ranks(n, share)
    return Estimate(
        value=_middle(ordered) if share == _HALF else ordered[max(0, math.ceil(share * n - 1e-9) - 1)],
        low=ordered[below - 1] if below >= 1 else None,
        high=ordered[above - 1] if above <= n else None,
        n=n,
    )


def _middle(ordered: Sequence[float]) -> float:
    n = len(ordered)
    return ordered[n // 2] if n % 2 else (ordered[n // 2 - 1] + ordered[n // 2]) / 2


@lru_cache(maxsize=4096)
def ranks(n: int, share: float) -> tuple[int, int]:
    """Ranks (from 1) of the order statistics that enclose the quantile with at least 95 %; 0 or n + 1 where there is none.

    The lower one is the largest r with P(B < r) <= 2.5 %, the upper the smallest s with P(B >= s) <= 2.5 %, B being
    binomial(n, share).
    """
    if n > _EXACT:
        half, centre = Z95 * math.sqrt(n * share * (1 - share)), n * share
        return max(0, math.floor(centre - half)), min(n + 1, math.ceil(centre + half) + 1)
    mass = [math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(n + 1)]
    lower = _reach(mass)
    return lower, n + 1 - _reach(mass[::-1])


def _reach(mass: Sequence[float]) -> int:
    """How many of the first probabilities sum to at most 2.5 %."""
    total = 0.0
    for rank, each in enumerate(mass):
        total += each
        if total > _TAIL:
            return rank
    return len(mass)


@lru_cache(maxsize=4096)
def student(freedom: int) -> float:
    """The 97.5 % point of Student's distribution, to 1e-9.

    By bisection of the distribution's finite sum; beyond 200 degrees of freedom by its expansion around the normal
    quantile (Abramowitz and Stegun 26.7.5).
    """
    if freedom > _EXACT:
        return Z95 + math.fsum(term / freedom**power for power, term in enumerate(_EXPANSION, 1))
    low, high = Z95, 13.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, freedom) < 1 - 2 * _TAIL else (low, middle)
    return (low + high) / 2


_EXPANSION = (
    (Z95**3 + Z95) / 4,
    (5 * Z95**5 + 16 * Z95**3 + 3 * Z95) / 96,
    (3 * Z95**7 + 19 * Z95**5 + 17 * Z95**3 - 15 * Z95) / 384,
    (79 * Z95**9 + 776 * Z95**7 + 1482 * Z95**5 - 1920 * Z95**3 - 945 * Z95) / 92160,
)


def _within(t: float, freedom: int) -> float:
    """P(|T| < t), a finite sum for whole degrees of freedom (Abramowitz and Stegun 26.7.3 and 26.7.4)."""
    angle = math.atan(t / math.sqrt(freedom))
    square = math.cos(angle) ** 2
    odd = freedom % 2
    if freedom == 1:
        return 2 * angle / math.pi
    term = total = math.cos(angle) if odd else 1.0
    for k in range(3 if odd else 2, freedom - 1, 2):
        term *= (k - 1) / k * square
        total += term
    return 2 / math.pi * (angle + math.sin(angle) * total) if odd else math.sin(angle) * total
