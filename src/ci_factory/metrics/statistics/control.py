"""Control charts: which points of a series are more than its usual noise.

Wheeler and Chambers, Understanding Statistical Process Control (1992): XmR charts, limits at 2.66 mean moving ranges;
p-charts with limits at three standard errors for each point's own number. A signal is a point outside its limits, or the
eighth and every further point in a row on one side of the centre.
"""

import math
import statistics
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

XMR = 2.66
"""3 / 1.128: three standard deviations, estimated from ranges of two."""
RUN = 8
FEWEST = 8
"""Below so many known points limits would be guesses, and none are given."""


class Charted(NamedTuple):
    """One point with its limits."""

    value: float | None
    low: float | None
    high: float | None
    signal: bool


class Chart(NamedTuple):
    """A series with its centre; without limits while too few points are known."""

    centre: float | None
    points: tuple[Charted, ...]


def xmr(values: Sequence[float | None], floor: float | None = None) -> Chart:
    """Individuals and moving ranges; unknown points are passed over. `floor`: what no value can be below."""
    known = [value for value in values if value is not None]
    if len(known) < FEWEST:
        return _unlimited(values, statistics.fmean(known) if known else None)
    centre = statistics.fmean(known)
    moving = statistics.fmean(abs(after - before) for before, after in pairwise(known))
    low, high = centre - XMR * moving, centre + XMR * moving
    low = low if floor is None else max(floor, low)
    return _charted(centre, [(value, low, high) for value in values])


def p_chart(hits: Sequence[int], of: Sequence[int]) -> Chart:
    """Shares of samples that differ in size; a sample of none is an unknown point."""
    values = [hit / n if n else None for hit, n in zip(hits, of, strict=True)]
    total = sum(of)
    centre = sum(hits) / total if total else None
    if centre is None or sum(n > 0 for n in of) < FEWEST:
        return _unlimited(values, centre)
    points = []
    for value, n in zip(values, of, strict=True):
        half = 3 * math.sqrt(centre * (1 - centre) / n) if n else 1.0
        points.append((value, max(0.0, centre - half), min(1.0, centre + half)))
    return _charted(centre, points)


def _unlimited(values: Sequence[float | None], centre: float | None) -> Chart:
    return Chart(centre, tuple(Charted(value, None, None, signal=False) for value in values))


def _charted(centre: float, points: Sequence[tuple[float | None, float, float]]) -> Chart:
    run, side, charted = 0, 0, []
    for value, low, high in points:
        if value is None:
            charted.append(Charted(None, None, None, signal=False))
            continue
        now = (value > centre) - (value < centre)
        run = run + 1 if now and now == side else abs(now)
        side = now
        charted.append(Charted(value, low, high, not low <= value <= high or run >= RUN))
    return Chart(centre, tuple(charted))
