"""Observations added up: all that a share, or a ratio of two sums, and its interval need."""

import math
from collections.abc import Iterable
from functools import reduce
from typing import NamedTuple

from ci_factory.model.shares import wilson

Reach = tuple[float, float]
"""How far an interval reaches below and above its value."""


class Sums(NamedTuple):
    """Units of work, each with what it counts for above and below the line."""

    n: int = 0
    top: float = 0.0
    bottom: float = 0.0
    tops: float = 0.0
    """Of squares."""
    bottoms: float = 0.0
    both: float = 0.0
    """Of products."""

    def plus(self, other: "Sums") -> "Sums":
        """Both together."""
        n, *others = map(sum, zip(self, other, strict=True))
        return Sums(int(n), *others)

    @property
    def value(self) -> float | None:
        """The share or ratio; `None` of nothing."""
        return self.top / self.bottom if self.bottom else None

    @property
    def variance(self) -> float:
        """Of a ratio, linearised: n / (n - 1) x sum (top - value x bottom)^2 / bottom^2 (Cochran 1977, 2.11)."""
        if self.n <= 1 or not self.bottom:
            return 0.0
        value = self.top / self.bottom
        squares = self.tops - 2 * value * self.both + value * value * self.bottoms
        return max(0.0, self.n / (self.n - 1) * squares / self.bottom**2)


def added(units: Iterable[tuple[float, float, int]]) -> Sums:
    """Units given as (top, bottom, how many alike)."""
    n, top, bottom, tops, bottoms, both = 0, 0.0, 0.0, 0.0, 0.0, 0.0
    for above, below, times in units:
        n += times
        top += times * above
        bottom += times * below
        tops += times * above * above
        bottoms += times * below * below
        both += times * above * below
    return Sums(n, top, bottom, tops, bottoms, both)


def total(parts: Iterable[Sums]) -> Sums:
    """All together."""
    return reduce(Sums.plus, parts, Sums())


class Weighted(NamedTuple):
    """A weighted mean over strata; the weights are those of the standard and sum to 1."""

    parts: tuple[tuple[float, Sums], ...]
    share: bool
    """Whether each part is a share of independent yes or no, or else a ratio."""

    @property
    def n(self) -> int:
        """Units in all strata."""
        return sum(sums.n for _, sums in self.parts)

    @property
    def value(self) -> float:
        """Directly standardised: sum of weight x value."""
        return math.fsum(weight * (sums.value or 0.0) for weight, sums in self.parts)

    def reach(self, z: float) -> Reach:
        """Of the interval at the normal quantile `z`.

        Shares: from the strata's Wilson intervals by the method of variance estimates recovery (Zou, Huang and Zhang 2009,
        "A note on confidence interval estimation for a linear function of binomial proportions"). Ratios: Student's
        interval with Satterthwaite's degrees of freedom (1946).
        """
        return self._shares(z) if self.share else self._ratios(z)

    def _shares(self, z: float) -> Reach:
        below = above = 0.0
        for weight, sums in self.parts:
            low, high = wilson(sums.top, sums.bottom, z) or (0.0, 1.0)
            value = sums.top / sums.bottom if sums.bottom else 0.0
            below += (weight * (value - low)) ** 2
            above += (weight * (high - value)) ** 2
        return math.sqrt(below), math.sqrt(above)

    def _ratios(self, z: float) -> Reach:
        squares = [weight * weight * sums.variance for weight, sums in self.parts]
        variance = math.fsum(squares)
        freedom = math.fsum(
            each * each / max(1, sums.n - 1) for each, (_, sums) in zip(squares, self.parts, strict=True)
        )
        half = student(z, variance * variance / freedom) * math.sqrt(variance) if freedom else 0.0
        return half, half

    def interval(self, z: float) -> tuple[float, float]:
        """From and to; neither shares nor costs are below 0."""
        below, above = self.reach(z)
        return max(0.0, self.value - below), self.value + above


def student(z: float, freedom: float) -> float:
    """Student's quantile for a normal one, to 2 % from 3 degrees of freedom on (Wallace 1959)."""
    scaled = z * (8 * freedom + 3) / (8 * freedom + 1)
    exponent = min(700.0, scaled * scaled / freedom)
    return math.sqrt(freedom * math.expm1(exponent))


def difference(one: Weighted, other: Weighted, z: float) -> tuple[float, float]:
    """Interval of `one` - `other`, independent: Newcombe's method 10 (1998), by recovered variances for weighted means."""
    (below, above), (its_below, its_above) = one.reach(z), other.reach(z)
    between = one.value - other.value
    return between - math.hypot(below, its_above), between + math.hypot(above, its_below)
