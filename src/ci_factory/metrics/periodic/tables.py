"""The tables of a period's report: goals, trends, figures, nights, and what the figures mean. Markdown. Pure."""

import re
from collections.abc import Iterable, Iterator

from ci_factory.metrics import words
from ci_factory.metrics.figure import Figure, Status, Unit
from ci_factory.metrics.markdown import say, table
from ci_factory.metrics.periodic import sparkline
from ci_factory.metrics.periodic.cohorts import COUNTS
from ci_factory.metrics.periodic.report import WEEKS, Night, Report, Row
from ci_factory.metrics.recommendation_facts import DAYS
from ci_factory.metrics.trends import Trend

_JUDGED = {Status.GOOD: "met", Status.BAD: "**missed**", Status.UNKNOWN: "can't tell yet"}
_SHORT, _LONG = 80, 600
_FEWEST = 4
"""Known weeks below which a trend is none."""
_PERCENT = re.compile(r" \\%(?=[ ).,;:]|$)")


def goals(report: Report) -> Iterator[str]:
    """What the missed targets ask for."""
    if not report.goals:
        return
    yield f"## Goals for the next {report.period.kind.value}"
    yield ""
    rows = ((each.name, each.now, each.target, each.needed) for each in report.goals)
    yield from table(("Figure", "Now", "Target", "It would have taken"), rows)


def trends(found: Iterable[Trend]) -> Iterator[str]:
    """Week by week, with what is usual and how far noise goes; nothing of too few weeks."""
    shown = [
        _trend(each) for each in found if sum(point.value is not None for point in each.points) >= _FEWEST
    ]
    if not shown:
        return
    yield "## Trends"
    yield ""
    yield from table(("Figure, by week", f"Last {WEEKS} weeks", "Newest", "Usual", "Noise is within"), shown)


def _trend(trend: Trend) -> tuple[str, ...]:
    points = trend.points[-WEEKS:]
    last = points[-1]
    limits = last.low is not None and last.high is not None
    noise = (
        f"{words.amount(last.low, trend.unit)} to {words.amount(last.high, trend.unit)}"
        if limits
        else "too few weeks"
    )
    newest = words.amount(last.value, trend.unit) if last.value is not None else "–"
    return (
        trend.name,
        sparkline.of(
            [point.value for point in points], [end for point in points for end in (point.low, point.high)]
        ),
        f"**{newest}**, no noise" if last.signal else newest,
        words.amount(trend.centre, trend.unit),
        noise,
    )


def figures(report: Report) -> Iterator[str]:
    """Every figure of both periods, folded away."""
    kind = report.period.kind.value
    head = ("Figure", f"This {kind}", f"{kind.capitalize()} before", "Difference", "Target", "")
    yield from ("<details><summary>All figures</summary>", "")
    yield from table(head, [_row(row) for row in report.rows])
    notes = [row.now for row in report.rows if row.now.value is None and row.now.note and row.now.n]
    if notes:
        yield from (*(f"- {figure.name}: {said(figure.note)}." for figure in notes), "")
    yield from ("</details>", "")


def _row(row: Row) -> tuple[str, ...]:
    target = words.target(row.now.target, row.now.unit)
    judged = _JUDGED[row.now.status] if target and row.now.value is not None else "–"
    return row.now.name, value(row.now), value(row.before), _difference(row), target or "–", judged


def value(figure: Figure, *, whole: bool = False) -> str:
    """With how many it rests on, so that nobody reads much into little; `whole`: and its interval."""
    value = words.amount(figure.value, figure.unit)
    if figure.key in COUNTS or (figure.value is None and not figure.n):
        return value
    ends = words.interval(figure) if whole else ""
    sure = f"95 %: {ends}" if ends else ""
    if figure.unit is Unit.SHARE:
        return f"{value} of {figure.n}{f' ({sure})' if sure else ''}"
    return f"{value} ({', '.join(filter(None, (f'n = {figure.n}', sure)))})"


def _difference(row: Row) -> str:
    by, unit = row.difference.by, row.now.unit
    if by is None:
        return "–"
    if not row.difference.certain:
        return "can't be told apart"
    if not by:
        return "none"
    sign = "+" if by > 0 else "−"
    return (
        f"{sign}{100 * abs(by):.0f} points" if unit is Unit.SHARE else f"{sign}{words.amount(abs(by), unit)}"
    )


def nights(found: tuple[Night, ...]) -> Iterator[str]:
    """The nights of the period, folded away."""
    if not found:
        return
    yield from (f"<details><summary>{words.count(len(found), 'night')}</summary>", "")
    head = ("Batch", "Began", "Planned", "Passed their gates", "Escalated", "Cost")
    yield from table(head, [_night(each) for each in found])
    yield from ("</details>", "")


def _night(night: Night) -> tuple[str, ...]:
    return (
        say(night.batch, _SHORT),
        words.moment(night.started_at),
        str(night.planned),
        str(night.ready),
        str(night.escalated),
        words.amount(night.cost_usd, Unit.USD),
    )


def definitions(report: Report) -> Iterator[str]:
    """What each figure is, and of which cohort it is told, folded away."""
    yield from ("<details><summary>What the figures mean</summary>", "")
    for row in report.rows:
        yield f"- **{row.now.name}**: {row.now.definition} Here: {row.cohort}."
    yield (
        "- Trends are by ISO week. Newest in bold: beyond the limits of an XmR chart or p-chart, or the eighth week in a row "
        "on one side of the usual."
    )
    yield (
        f"- Recommendations rest on the last {report.evidence_days} days, those about agents and sizes on {DAYS}, and speak "
        "only where the 95 % interval leaves no doubt."
    )
    yield from ("", "</details>", "")


def said(text: str) -> str:
    """Escaped, but for signs that can do nothing where all others are escaped: round brackets, a percent sign by itself."""
    return _PERCENT.sub(" %", say(text, _LONG).replace("\\(", "(").replace("\\)", ")"))
