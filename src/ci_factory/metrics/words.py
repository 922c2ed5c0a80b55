"""Numbers as people read them."""

from datetime import datetime
from typing import Protocol

from ci_factory.metrics.figure import Figure, Target, Unit

UNKNOWN = "unknown"
RANGE = "a range"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_CENT = 0.01


class Valued(Protocol):
    """A figure, or what is left of one."""

    @property
    def value(self) -> float | None:
        """`None` when it is unknown."""

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 %."""


def amount(value: float | None, unit: Unit) -> str:
    """A value with its unit: `83 %`, `2.4 h`, `0.35 USD`, `unknown`."""
    if value is None:
        return UNKNOWN
    match unit:
        case Unit.SHARE:
            return f"{100 * value:.0f} %"
        case Unit.SECONDS:
            return span(value)
        case Unit.USD:
            return f"{value:.4f} USD" if 0 < value < _CENT else f"{value:.2f} USD"
        case Unit.MINUTES | Unit.HOURS:
            return f"{_short(value)} {'min' if unit is Unit.MINUTES else 'h'}"
        case _:
            return f"{value:.3f}" if unit is Unit.NUMBER else _short(value)


def span(seconds: float) -> str:
    """A duration in the unit that suits it: `8.3 s`, `25 min`, `2.4 h`, `3.5 d`."""
    if seconds < _MINUTE:
        return f"{_short(seconds)} s"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    if seconds < 2 * _DAY:
        return f"{_short(seconds / _HOUR)} h"
    return f"{_short(seconds / _DAY)} d"


def value(figure: Valued, unit: Unit) -> str:
    """The amount of a figure; of one that is known as a range only, words that say so."""
    return RANGE if figure.value is None and figure.interval is not None else amount(figure.value, unit)


def interval(figure: Figure) -> str:
    """`62-95 %`, empty when there is none."""
    return interval_of(figure.interval, figure.unit)


def interval_of(ends: tuple[float, float] | None, unit: Unit) -> str:
    """The same of two ends."""
    if ends is None:
        return ""
    low, high = ends
    if unit is Unit.SHARE:
        return f"{100 * low:.0f}–{100 * high:.0f} %"
    return f"{amount(low, unit)}–{amount(high, unit)}"


def target(wanted: Target | None, unit: Unit) -> str:
    """`> 80 %`, `10 to 20`, empty when there is none."""
    if wanted is None:
        return ""
    if wanted.above is not None and wanted.below is not None:
        return f"{amount(wanted.above, unit)} to {amount(wanted.below, unit)}"
    if wanted.above is not None:
        return f"> {amount(wanted.above, unit)}"
    return f"< {amount(wanted.below, unit)}"


def moment(at: datetime | None) -> str:
    """`2026-11-20 06:42 UTC`."""
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else UNKNOWN


def count(number: int, one: str, many: str = "") -> str:
    """`1 ticket`, `3 tickets`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def roughly(number: int) -> str:
    """With three significant digits, as an estimate deserves: `138`, `25,100`."""
    return f"{round(number, 3 - len(str(number))):,}"


def points(score: float | None) -> str:
    """A score as it stands in a table."""
    return "–" if score is None else _short(score)


def _short(value: float) -> str:
    """One decimal where it says something, none where it does not."""
    return f"{value:.1f}".removesuffix(".0")
