"""Ratios of two sums, such as lines changed / lines written, where one unit brings many of both."""

import math
from collections.abc import Sequence

from ci_factory.metrics.statistics.proportions import Z95, wilson
from ci_factory.metrics.statistics.quantiles import Estimate, student


def ratio(units: Sequence[tuple[float, float]]) -> Estimate | None:
    """Sum of first / sum of second members with its 95 % interval; `None` where the second sum is not positive.

    The linearised variance n / (n - 1) x sum (y - R x)^2 / (sum x)^2 (Cochran 1977, Sampling Techniques, 2.11), with
    Student's quantile; no interval of fewer than two units.
    """
    total, n = math.fsum([x for _, x in units]), len(units)
    if total <= 0:
        return None
    value = math.fsum([y for y, _ in units]) / total
    if n < 2:  # noqa: PLR2004 - one unit has no spread
        return Estimate(value, None, None, n)
    half = student(n - 1) * math.sqrt(_variance(units, value, total))
    return Estimate(value, value - half, value + half, n)


def clustered(clusters: Sequence[tuple[int, int]]) -> tuple[float, float] | None:
    """95 % interval of a share whose observations come in clusters, given (hits, of) of each; `None` below two of them.

    Wilson's, for as many observations as would tell so much if they were independent (Korn and Graubard 1998,
    "Confidence intervals for proportions with small expected number of positive counts").
    """
    known = [(hits, of) for hits, of in clusters if of]
    if len(known) < 2:  # noqa: PLR2004 - one cluster has no spread
        return None
    total = sum(of for _, of in known)
    share = sum(hits for hits, _ in known) / total
    independent = share * (1 - share) / total
    effect = max(1.0, _variance(known, share, total) / independent) if independent else 1.0
    effective = total / effect * (Z95 / student(len(known) - 1)) ** 2
    return wilson(share * effective, effective)


def _variance(units: Sequence[tuple[float, float]], value: float, total: float) -> float:
    n = len(units)
    left = [y - value * x for y, x in units]
    return n / (n - 1) * math.fsum([each * each for each in left]) / total**2
