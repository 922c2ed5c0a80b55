"""Shares and their differences."""

import math

from ci_factory.model.shares import Z95, wilson

__all__ = ["Z95", "newcombe", "wilson"]


def newcombe(
    share: float, interval: tuple[float, float], other: float, its: tuple[float, float]
) -> tuple[float, float]:
    """Interval for `share - other` of two independent samples, from their Wilson intervals.

    Newcombe 1998, "Interval estimation for the difference between independent proportions", method 10. Two shares can
    be told apart when 0 lies outside of it.
    """
    (low, high), (other_low, other_high) = interval, its
    below = math.hypot(share - low, other_high - other)
    above = math.hypot(high - share, other - other_low)
    return share - other - below, share - other + above
