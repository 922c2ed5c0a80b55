"""Geometry of the pictures of the calibration. Numbers only: the template draws them, so no text is ever markup here."""

import math
from dataclasses import dataclass
from itertools import accumulate, pairwise

from ci_factory.metrics.calibration.values import Band, Bin, Calibration, Fate
from ci_factory.metrics.night import Tone

SIDE, EDGE = 260.0, 40.0
"""Of the reliability diagram's plot, and the room for its scales."""
NAME, BAR, COUNT = 96.0, 240.0, 64.0
"""Columns of the chart of bands: their names, the bars, how many."""
_ROW, _THICK, _TOP = 30.0, 18.0, 8.0
_SMALL, _LARGE = 3.5, 9.0
"""Radius of a dot of few changes, and of that of most."""
TONES = {
    Fate.UNTOUCHED: Tone.GOOD,
    Fate.REWORKED: Tone.ASK,
    Fate.CLOSED: Tone.QUIET,
    Fate.DEFECT: Tone.BAD,
}


@dataclass(frozen=True)
class Dot:
    """One bin: what was foretold and what came."""

    x: float
    y: float
    low: float
    high: float
    radius: float


@dataclass(frozen=True)
class Piece:
    """One fate's part of a band."""

    fate: Fate
    tone: Tone
    x: float
    width: float


@dataclass(frozen=True)
class Row:
    """One band: its parts, and the interval of the share of good ones."""

    y: float
    thick: float
    pieces: tuple[Piece, ...]
    low: float
    high: float


@dataclass(frozen=True)
class Picture:
    """Both pictures; without changes there are no rows, without enough of them no dots."""

    dots: tuple[Dot, ...]
    rows: tuple[Row, ...]
    height: float
    """Of the chart of bands."""
    width: float = NAME + BAR + COUNT
    name: float = NAME
    bar: float = BAR
    side: float = SIDE
    edge: float = EDGE


def draw(calibration: Calibration) -> Picture:
    """The reliability diagram's dots, and a row for each band that has changes, the highest first."""
    bins = calibration.reliability.bins if calibration.reliability else ()
    most = max((each.n for each in bins), default=1)
    rows = tuple(_row(place, band) for place, band in enumerate(reversed(calibration.bands)))
    return Picture(tuple(_dot(each, most) for each in bins), rows, _TOP + _ROW * len(rows))


def _dot(each: Bin, most: int) -> Dot:
    """With an area by its number of changes."""
    low, high = each.interval
    radius = _SMALL + (_LARGE - _SMALL) * math.sqrt(each.n / most)
    return Dot(EDGE + SIDE * each.expected, _up(each.observed), _up(low), _up(high), radius)


def _up(share: float) -> float:
    return _TOP + SIDE * (1 - share)


def _row(place: int, band: Band) -> Row:
    parts = [band.fates[fate] / band.n for fate in Fate] if band.n else [0.0] * len(Fate)
    ends = pairwise(accumulate(parts, initial=0.0))
    low, high = band.interval or (0.0, 1.0)
    return Row(
        y=_TOP + _ROW * place + (_ROW - _THICK) / 2,
        thick=_THICK,
        pieces=tuple(
            Piece(fate, TONES[fate], NAME + BAR * start, BAR * (end - start))
            for fate, (start, end) in zip(Fate, ends, strict=True)
            if end > start
        ),
        low=NAME + BAR * low,
        high=NAME + BAR * high,
    )
