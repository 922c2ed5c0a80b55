"""Geometry of the charts of trends. Numbers only: the template draws them, so no text is ever markup here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor, inf, log10
from typing import Protocol

_TOP, _BOTTOM = 8.0, 20.0
_LEFT, _RIGHT = 2.0, 6.0
_LABEL = 62.0
"""Room for the words on the scale, at the right."""
_LINES = 4
_AIR = 0.08


class Point(Protocol):
    """One week of a trend."""

    @property
    def value(self) -> float | None:
        """`None` when the week has none."""

    @property
    def low(self) -> float | None:
        """Lower control limit."""

    @property
    def high(self) -> float | None:
        """Upper control limit."""

    @property
    def signal(self) -> bool:
        """Whether it is beyond its limits."""


@dataclass(frozen=True)
class Dot:
    """One week's value."""

    index: int
    x: float
    y: float
    signal: bool


@dataclass(frozen=True)
class Line:
    """One line of the scale."""

    y: float
    value: float


@dataclass(frozen=True)
class Chart:
    """A trend with its control limits as a picture."""

    width: float
    height: float
    right: float
    """Where the plot ends and the words of the scale begin."""
    dots: tuple[Dot, ...]
    lines: tuple[str, ...]
    """Points of the lines that join the dots; they break where a week has no value."""
    band: tuple[str, ...]
    """Outlines of the area between the control limits."""
    centre: float | None
    scale: tuple[Line, ...]


@dataclass(frozen=True)
class Spark:
    """A trend as small as a word."""

    width: float
    height: float
    lines: tuple[str, ...]
    last: Dot | None


def chart(
    points: Sequence[Point],
    centre: float | None,
    width: float,
    height: float,
    unit: float = 1.0,
    most: float = inf,
) -> Chart | None:
    """A control chart; `None` when no week has a value.

    `unit`: of what the scale has round numbers; `most`: beyond which it has none, as no share is above 1.
    """
    bounds = _bounds(points, centre)
    if bounds is None:
        return None
    low, high = bounds
    right = width - _LABEL
    across = _across(len(points), _LEFT, right - _RIGHT)
    down = _down(low, high, _TOP, height - _BOTTOM)
    dots = _dots(points, across, down)
    return Chart(
        width=width,
        height=height,
        right=right,
        dots=dots,
        lines=_joined(dots),
        band=_band(points, across, down),
        centre=None if centre is None else down(centre),
        scale=tuple(
            Line(down(at * unit), at * unit) for at in steps(low / unit, high / unit) if at * unit <= most
        ),
    )


def spark(points: Sequence[Point], width: float, height: float) -> Spark | None:
    """The values alone; `None` when fewer than two weeks have one."""
    known = [point.value for point in points if point.value is not None]
    if len(known) < 2:  # noqa: PLR2004 - a line has two ends
        return None
    dots = _dots(points, _across(len(points), 3, width - 4), _down(min(known), max(known), 3, height - 3))
    return Spark(width, height, _joined(dots), dots[-1])


def steps(low: float, high: float) -> tuple[float, ...]:
    """Round numbers from `low` to `high`, two to five of them."""
    if high <= low:
        return (low,)
    rough = (high - low) / _LINES
    size = 10.0 ** floor(log10(rough))
    step = next(size * each for each in (1, 2, 2.5, 5, 10) if size * each >= rough)
    first = -(-low // step)
    count = int((high - first * step) // step) + 1
    return tuple(round((first + index) * step, 10) for index in range(max(count, 0)))


def unit_of(points: Sequence[Point]) -> float:
    """Seconds of the unit in which a scale of times has round numbers."""
    largest = max((point.value for point in points if point.value is not None), default=0.0)
    return next((size for size in (86400.0, 3600.0, 60.0) if largest >= 2 * size), 1.0)


def _bounds(points: Sequence[Point], centre: float | None) -> tuple[float, float] | None:
    values = [point.value for point in points if point.value is not None]
    if not values:
        return None
    limits = [each for point in points for each in (point.low, point.high) if each is not None]
    every = [*values, *limits, *([] if centre is None else [centre])]
    low, high = min(every), max(every)
    air = (high - low or abs(high) or 1.0) * _AIR
    return (0.0 if 0 <= low <= air else low - air), high + air


def _across(count: int, left: float, right: float) -> Callable[[int], float]:
    step = (right - left) / max(1, count - 1)
    return lambda index: right - (count - 1 - index) * step


def _down(low: float, high: float, top: float, bottom: float) -> Callable[[float], float]:
    if high <= low:
        return lambda _value: (top + bottom) / 2
    return lambda value: bottom - (value - low) / (high - low) * (bottom - top)


def _dots(
    points: Sequence[Point], across: Callable[[int], float], down: Callable[[float], float]
) -> tuple[Dot, ...]:
    return tuple(
        Dot(index, across(index), down(point.value), point.signal)
        for index, point in enumerate(points)
        if point.value is not None
    )


def _joined(dots: Sequence[Dot]) -> tuple[str, ...]:
    lines: list[list[Dot]] = []
    for dot in dots:
        if lines and lines[-1][-1].index == dot.index - 1:
            lines[-1].append(dot)
        else:
            lines.append([dot])
    return tuple(" ".join(f"{dot.x:.1f},{dot.y:.1f}" for dot in line) for line in lines if len(line) > 1)


def _band(
    points: Sequence[Point], across: Callable[[int], float], down: Callable[[float], float]
) -> tuple[str, ...]:
    """The area between the limits, one outline for each run of weeks that have them."""
    runs: list[list[tuple[int, float, float]]] = []
    for index, point in enumerate(points):
        if point.low is None or point.high is None:
            continue
        if not runs or runs[-1][-1][0] != index - 1:
            runs.append([])
        runs[-1].append((index, point.low, point.high))
    return tuple(
        " ".join(
            [f"{across(i):.1f},{down(high):.1f}" for i, _, high in run]
            + [f"{across(i):.1f},{down(low):.1f}" for i, low, _ in reversed(run)]
        )
        for run in runs
        if len(run) > 1
    )
