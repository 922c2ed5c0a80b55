"""Geometry of the comparison of agents: raw and standardised figures on one scale. Numbers only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ci_factory.metrics.comparison import Arm, Comparison
from ci_factory.metrics.page.charts import steps

ARMS = 10
"""Agents in one picture."""
_NAME, _EDGE = 150.0, 26.0
_ROW, _TOP, _BOTTOM = 30.0, 8.0, 22.0
_AIR = 0.06


@dataclass(frozen=True)
class Row:
    """One agent; `None` where it has no such figure."""

    name: str
    y: float
    raw: float | None
    at: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Tick:
    """A value on the scale."""

    x: float
    value: float


@dataclass(frozen=True)
class Forest:
    """All agents of one comparison."""

    width: float
    height: float
    bottom: float
    rows: tuple[Row, ...]
    ticks: tuple[Tick, ...]


def forest(comparison: Comparison, width: float) -> Forest | None:
    """The picture of the first `ARMS` agents; `None` when none has a figure."""
    arms = comparison.arms[:ARMS]
    values = [value for arm in arms for value in _values(arm)]
    if not values:
        return None
    low, high = min(values), max(values)
    air = (high - low or abs(high) or 1.0) * _AIR
    low, high = (0.0 if 0 <= low <= air else low - air), high + air
    across = _across(low, high, width)
    bottom = _TOP + _ROW * len(arms)
    return Forest(
        width=width,
        height=bottom + _BOTTOM,
        bottom=bottom,
        rows=tuple(_row(arm, _TOP + _ROW * (index + 0.5), across) for index, arm in enumerate(arms)),
        ticks=tuple(Tick(across(at), at) for at in steps(low, high)),
    )


def _values(arm: Arm) -> Sequence[float]:
    fair = arm.standardised
    ends = fair.interval if fair and fair.interval else ()
    found = (arm.raw.value, fair.value if fair else None, *ends)
    return [value for value in found if value is not None]


def _across(low: float, high: float, width: float) -> Callable[[float], float]:
    scale = (width - _EDGE - _NAME) / (high - low)
    return lambda value: _NAME + (value - low) * scale


def _row(arm: Arm, y: float, across: Callable[[float], float]) -> Row:
    fair = arm.standardised
    low, high = fair.interval if fair and fair.interval else (None, None)
    places = [
        None if value is None else across(value)
        for value in (arm.raw.value, fair.value if fair else None, low, high)
    ]
    return Row(arm.agent, y, *places)
