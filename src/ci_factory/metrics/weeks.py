"""A figure by weeks, with the control limits of its kind of chart. Pure."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

from ci_factory.metrics import definitions
from ci_factory.metrics.figure import Metric, Unit
from ci_factory.metrics.statistics import control
from ci_factory.metrics.statistics.control import Chart
from ci_factory.model.base import Moment, Value

_WEEK = 7 * 86400.0
_MONDAY = datetime(1970, 1, 5, tzinfo=UTC).timestamp()
"""Weeks are counted from this one; it was a Monday."""
_WHOLE = {
    definitions.TICKETS_PER_WEEK.key: "Tickets whose merge request merged in the week.",
    definitions.LINES_PER_WEEK.key: "Lines added minus lines removed by merge requests merged in the week. Volume, not value.",
}
"""Definitions of what is about a week anyway."""
_BY = {
    definitions.ACCEPTANCE.key: "creation",
    definitions.FIRST_PASS.key: "decision",
    definitions.REWORK.key: "decision",
    definitions.DEFECTS.key: "merge",
    definitions.SCORE_MEDIAN.key: "creation",
    definitions.REVIEW_TIME.key: "being ready",
    definitions.TIME_TO_MERGE.key: "being ready",
    definitions.CYCLE_TIME.key: "trigger label",
    definitions.HUMAN_TIME.key: "decision",
    definitions.COST_PER_TICKET.key: "end of the attempt",
    definitions.ESCALATION_RATE.key: "end of the attempt",
    definitions.GATE_FAILURES.key: "end of the attempt",
    definitions.GATE_FINDINGS.key: "end of the attempt",
}
"""What decides in which week a row counts."""
Row = TypeVar("Row")


class Point(Value):
    """One week."""

    week: str
    """ISO week: `2026-W48`."""
    since: Moment
    """Its Monday, 00:00 UTC."""
    value: float | None
    """`None` where nothing was observed."""
    n: int
    low: float | None = None
    """Lower control limit; `None` while there are too few weeks for limits."""
    high: float | None = None
    signal: bool = False
    """Outside the limits, or the eighth or a further week in a row on one side of the centre."""


class Trend(Value):
    """One figure over weeks, the oldest first."""

    key: str
    name: str
    unit: Unit
    definition: str
    centre: float | None
    """Mean of the weeks; of shares, that of all observations."""
    points: tuple[Point, ...]
    note: str = ""


class Weeks(NamedTuple):
    """Numbers of weeks, counted from `_MONDAY`; the last one is not over."""

    first: int
    last: int


Values = Mapping[int, tuple[float | None, int]]
"""Week -> value and observations."""


def week_of(at: float) -> int:
    """The number of the week of a moment, in seconds since the epoch."""
    return int((at - _MONDAY) // _WEEK)


def by_week(rows: Sequence[Row], moment: Callable[[Row], float | None]) -> dict[int, list[Row]]:
    """Rows by the number of the week of their moment; what has none is in no week."""
    grouped: dict[int, list[Row]] = defaultdict(list)
    for row, at in zip(rows, map(moment, rows), strict=True):
        if at is not None:
            grouped[int((at - _MONDAY) // _WEEK)].append(row)
    return grouped


def series(
    metric: Metric, values: Values, span: Weeks, floor: float | None = None, *, over: bool = False
) -> Trend:
    """Counts, medians and means, as an XmR chart. `over`: the last week counts like the others."""
    known = [values.get(week, (None, 0)) for week in range(span.first, span.last + 1)]
    charted = known if over else known[:-1]
    return _trend(metric, span, known, control.xmr([value for value, _ in charted], floor))


def shares(
    metric: Metric,
    rows: Mapping[int, Sequence[Row]],
    hit: Callable[[Row], bool],
    span: Weeks | None,
    *,
    over: bool = False,
) -> Trend:
    """Shares, as a p-chart. `over`: the last week counts like the others."""
    weeks = range(span.first, span.last + 1) if span else ()
    of = [len(rows.get(week, ())) for week in weeks]
    hits = [sum(map(hit, rows.get(week, ()))) for week in weeks]
    known = [(hit_ / n if n else None, n) for hit_, n in zip(hits, of, strict=True)]
    end = None if over else -1
    return _trend(metric, span or Weeks(0, -1), known, control.p_chart(hits[:end], of[:end]))


def _trend(metric: Metric, span: Weeks, known: Sequence[tuple[float | None, int]], chart: Chart) -> Trend:
    """The chart is that of the weeks that are over; the current one stands beside it, without limits."""
    charted = (
        *chart.points,
        *(control.Charted(value, None, None, signal=False) for value, _ in known[len(chart.points) :]),
    )
    points = (
        _point(week, each, n)
        for week, each, (_, n) in zip(range(span.first, span.last + 1), charted, known, strict=True)
    )
    limited = any(each.high is not None for each in chart.points)
    return Trend(
        key=metric.key,
        name=metric.name,
        unit=metric.unit,
        definition=_definition(metric),
        centre=chart.centre,
        points=tuple(points),
        note="" if limited else f"no control limits before {control.FEWEST} weeks are known",
    )


def _definition(metric: Metric) -> str:
    return _WHOLE.get(metric.key) or f"{metric.definition} Each counts in the week of its {_BY[metric.key]}."


def _point(week: int, charted: control.Charted, n: int) -> Point:
    since = datetime.fromtimestamp(_MONDAY + week * _WEEK, UTC)
    year, number, _ = since.isocalendar()
    return Point(
        week=f"{year}-W{number:02d}",
        since=since,
        value=charted.value,
        n=n,
        low=charted.low,
        high=charted.high,
        signal=charted.signal,
    )
