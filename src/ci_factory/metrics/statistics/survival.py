"""How long until something happens, when for some it has not happened yet.

Kaplan and Meier 1958, "Nonparametric estimation from incomplete observations"; variance after Greenwood 1926, interval
on the log(-log) scale (Kalbfleisch and Prentice 1980, 1.13), that of a quantile by turning the interval of the curve
round (Brookmeyer and Crowley 1982, with the same scale as R's `survfit(conf.type = "log-log")`).
"""

import math
from bisect import bisect_right
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from ci_factory.metrics.statistics.quantiles import Estimate
from ci_factory.model.shares import Z95

_ROUNDING = 1e-12


class Duration(NamedTuple):
    """How long something took, or how long we have seen it not happen."""

    seconds: float
    happened: bool
    """`False`: censored, still open or ended some other way after `seconds`."""


class Curve(NamedTuple):
    """The Kaplan-Meier curve: one entry of each list for each moment at which something happened."""

    n: int
    events: int
    times: list[float]
    waiting: list[float]
    """Share still waiting just after the moment."""
    greenwood: list[float]
    """Sum of d / (at risk x (at risk - d)) up to the moment; infinite once nobody waits any more."""

    def at(self, seconds: float) -> float:
        """Share still waiting after so long."""
        step = bisect_right(self.times, seconds)
        return self.waiting[step - 1] if step else 1.0

    def interval(self, step: int) -> tuple[float, float] | None:
        """95 % interval of `waiting[step]`; `None` once nobody waits any more, where it has none."""
        share, spread = self.waiting[step], self.greenwood[step]
        if share <= 0 or share >= 1:
            return None
        width = math.exp(Z95 * math.sqrt(spread) / -math.log(share))
        return share**width, share ** (1 / width)


def curve(durations: Iterable[Duration]) -> Curve:
    """The curve of some durations, in O(n log n)."""
    happened: list[float] = []
    censored: list[float] = []
    for seconds, came in durations:
        (happened if came else censored).append(seconds)
    return fit(happened, censored)


def fit(happened: Iterable[float], censored: Iterable[float], share: float | None = None) -> Curve:
    """The curve of what happened after so long, and what was watched so long without that.

    What is censored at the same moment as an event counts as still at risk there. With a share the curve ends where
    that quantile and its interval are known: the half behind a median costs as much as the one before it.
    """
    wanted = -1.0 if share is None else _wanted(share)
    events, leaving = sorted(happened), sorted(censored)
    ends, held = len(events), len(leaving)
    n, gone, left, waiting, greenwood = ends + held, 0, 0, 1.0, 0.0
    times: list[float] = []
    shares: list[float] = []
    sums: list[float] = []
    while gone < ends:
        moment, before = events[gone], gone
        while gone < ends and events[gone] == moment:
            gone += 1
        while left < held and leaving[left] < moment:
            left += 1
        at_risk, remaining = n - before - left, n - gone - left
        waiting *= remaining / at_risk
        greenwood += (gone - before) / (at_risk * remaining) if remaining else math.inf
        times.append(moment)
        shares.append(waiting)
        sums.append(greenwood)
        if 0 < waiting <= wanted and _reaches(waiting, greenwood, wanted, -Z95):
            break
    return Curve(n, ends, times, shares, sums)


def quantile(found: Curve, share: float) -> Estimate | None:
    """Time by which `share` have happened, with its interval; `None` while the curve does not get there.

    The interval's ends are the first moments at which the upper and the lower interval of the curve get there; its
    upper end is `None` while the former does not.
    """
    wanted = _wanted(share)
    step = next((i for i, waiting in enumerate(found.waiting) if waiting <= wanted), None)
    if step is None:
        return None
    return Estimate(
        found.times[step], lower(found, share), _crossing(found, wanted, step, upper=True), found.n
    )


def lower(found: Curve, share: float) -> float | None:
    """The lower end of a quantile's interval, known even where the quantile itself is not."""
    return _crossing(found, _wanted(share), 0, upper=False)


def _wanted(share: float) -> float:
    return 1 - share + _ROUNDING


def _reaches(waiting: float, greenwood: float, wanted: float, sign: float) -> bool:
    """Whether an end of the interval there is not above what is wanted; see `_crossing`."""
    passed = -math.log(waiting)
    return passed > 0 and passed * math.exp(sign * math.sqrt(greenwood) / passed) >= -math.log(wanted)


def _crossing(found: Curve, wanted: float, start: int, *, upper: bool) -> float | None:
    """The first moment from a step on at which that end of the curve's interval is not above what is wanted.

    With u = -log of the share that waits, the ends are exp(-u w) and exp(-u / w); see `Curve.interval`.
    """
    bound, sign = -math.log(wanted), -Z95 if upper else Z95
    steps = zip(found.times, found.waiting, found.greenwood, strict=True)
    for moment, waiting, greenwood in islice(steps, start, None):
        if waiting <= 0:
            return None if upper else moment
        passed = -math.log(waiting)
        if passed and passed * math.exp(sign * math.sqrt(greenwood) / passed) >= bound:
            return moment
    return None
