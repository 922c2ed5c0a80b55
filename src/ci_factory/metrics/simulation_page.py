"""A simulation as a page: the fan of merge requests ready over the night, and ways to work side by side."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from ci_factory.metrics import pages
from ci_factory.model.forecast import Spread
from ci_factory.model.simulated import Result, Simulated

_COMPARED = ("ready", "conflicts", "redone", "merged", "waiting", "spend", "tardiness")
_WIDTH, _HEIGHT = 1000.0, 320.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 48.0, 84.0, 12.0, 30.0
_BAR_WIDTH, _BAR_HEIGHT = 420.0, 22.0
_TICKS = 5
_LONG = 100


@dataclass(frozen=True)
class Fan:
    """A band from P10 to P90 with its median, as points of polygons."""

    band: str
    median: str
    ends: tuple[tuple[float, str], ...]
    """Heights and labels of P10, P50 and P90 at the deadline."""
    hours: tuple[tuple[float, str], ...]
    marks: tuple[tuple[float, str], ...]
    width: float = _WIDTH
    height: float = _HEIGHT
    left: float = _LEFT
    right: float = _WIDTH - _RIGHT
    floor: float = _HEIGHT - _BOTTOM


@dataclass(frozen=True)
class Row:
    """One way to work in one figure."""

    name: str
    spread: Spread | None
    low: float = 0.0
    middle: float = 0.0
    width: float = 0.0


@dataclass(frozen=True)
class Comparison:
    """All ways to work in one figure."""

    title: str
    definition: str
    rows: tuple[Row, ...]
    width: float = _BAR_WIDTH
    height: float = _BAR_HEIGHT


def render(told: Simulated, now: datetime) -> str:
    """The page as HTML text; the same values give the same text."""
    style = pages.style("dashboard.css", "simulation.css")
    return (
        pages.environment()
        .get_template("simulation.html.j2")
        .render(
            told=told,
            now=now,
            style=style.css,
            policy=style.policy,
            fan=_fan(told),
            comparisons=list(_comparisons(told)),
            number=number,
            clock=lambda moment: f"{moment.astimezone(ZoneInfo(told.zone)):%H:%M}",
        )
    )


def number(value: float) -> str:
    """Three digits are enough for a simulated value."""
    return f"{value:,.0f}" if abs(value) >= _LONG else f"{value:.3g}"


def _fan(told: Simulated) -> Fan | None:
    fan = told.results[0].fan
    if not fan[1:]:
        return None
    tick = _step(max(1.0, *(each.p90 for each in fan)))
    top = tick * _TICKS
    step = (_WIDTH - _LEFT - _RIGHT) / (len(fan) - 1)

    def y(value: float) -> float:
        return _TOP + (1 - value / top) * (_HEIGHT - _TOP - _BOTTOM)

    def points(values: Sequence[tuple[int, float]]) -> str:
        return " ".join(f"{_LEFT + place * step:.1f},{y(value):.1f}" for place, value in values)

    upper = [(place, each.p90) for place, each in enumerate(fan)]
    lower = [(place, each.p10) for place, each in enumerate(fan)]
    last = fan[-1]
    return Fan(
        band=points([*upper, *reversed(lower)]),
        median=points([(place, each.p50) for place, each in enumerate(fan)]),
        ends=tuple(
            _apart(
                [
                    (y(getattr(last, name)), f"{name.upper()} {number(getattr(last, name))}")
                    for name in ("p90", "p50", "p10")
                ]
            )
        ),
        hours=tuple(_hours(told)),
        marks=tuple((y(tick * each), number(tick * each)) for each in range(_TICKS + 1)),
    )


def _step(top: float) -> float:
    """Between two marks of an axis: 1, 2 or 5 times a power of ten."""
    rough = top / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough - 1e-9)


def _apart(labels: list[tuple[float, str]], gap: float = 16.0) -> Iterator[tuple[float, str]]:
    """Labels from top to bottom, none over another."""
    before = -gap
    for height, text in labels:
        before = max(height, before + gap)
        yield before, text


def _hours(told: Simulated) -> Iterator[tuple[float, str]]:
    length, start = told.deadline - told.start, told.start.astimezone(ZoneInfo(told.zone))
    for tick in range(_TICKS + 1):
        yield (
            _LEFT + (_WIDTH - _LEFT - _RIGHT) * tick / _TICKS,
            f"{start + length * tick / _TICKS:%H:%M}",
        )


def _comparisons(told: Simulated) -> Iterator[Comparison]:
    for figure in _COMPARED if len(told.results) > 1 else ():
        title, definition = told.definitions[figure]
        yield Comparison(title, definition, tuple(_rows(told.results, figure)))


def _rows(results: Sequence[Result], figure: str) -> Iterator[Row]:
    spreads = [result.figures[figure] for result in results]
    top = max((each.p90 for each in spreads if each is not None), default=0.0) or 1.0
    scale = (_BAR_WIDTH - 8) / top
    for result, spread in zip(results, spreads, strict=True):
        if spread is None:
            yield Row(result.name, None)
        else:
            low, high = spread.p10 * scale, spread.p90 * scale
            yield Row(result.name, spread, 4 + low, 4 + spread.p50 * scale, max(2.0, high - low))
