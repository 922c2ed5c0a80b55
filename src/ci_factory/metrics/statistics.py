"""The few statistics that keep small numbers honest, in plain Python."""

import math
import statistics
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from ci_factory.model.shares import Z95, wilson

__all__ = ["Z95", "Duration", "difference", "mean", "median", "survival", "survival_quantile", "wilson"]


class Duration(NamedTuple):
    """How long something took, or how long we have seen it not happen."""

    seconds: float
    happened: bool
    """`False`: censored, still open or ended some other way after `seconds`."""


def difference(
    share: float, interval: tuple[float, float], other: float, its: tuple[float, float]
) -> tuple[float, float]:
    """Newcombe's interval for `share - other` from their Wilson intervals (Newcombe 1998, method 10).

    Two shares can be told apart when 0 lies outside of it.
    """
    (low, high), (other_low, other_high) = interval, its
    below = math.hypot(share - low, other_high - other)
    above = math.hypot(high - share, other - other_low)
    return share - other - below, share - other + above


def survival(durations: Sequence[Duration]) -> list[tuple[float, float]]:
    """The Kaplan-Meier curve (Kaplan and Meier 1958): (seconds, share still waiting just after), at each event.

    What is censored at the same moment as an event counts as still at risk there.
    """
    curve, waiting, at_risk = [], 1.0, len(durations)
    for moment, group in groupby(sorted(durations), key=lambda duration: duration.seconds):
        happened = [duration.happened for duration in group]
        if any(happened):
            waiting *= 1 - sum(happened) / at_risk
            curve.append((moment, waiting))
        at_risk -= len(happened)
    return curve


def survival_quantile(durations: Sequence[Duration], share: float) -> float | None:
    """Seconds after which at least `share` have happened, `None` when the curve never gets there."""
    rounding = 1e-12
    reached = (seconds for seconds, waiting in survival(durations) if waiting <= 1 - share + rounding)
    return next(reached, None)


def mean(values: Sequence[float]) -> float | None:
    """The arithmetic mean, `None` of nothing."""
    return statistics.fmean(values) if values else None


def median(values: Sequence[float]) -> float | None:
    """The median, `None` of nothing."""
    return statistics.median(values) if values else None
