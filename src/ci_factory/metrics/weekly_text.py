"""The weekly report as Markdown, for a note, a snippet or a mail."""

from collections.abc import Iterator
from datetime import datetime

from ci_factory.metrics import words
from ci_factory.metrics.definitions import LINES_PER_WEEK, TICKETS_PER_WEEK
from ci_factory.metrics.figure import Figure, Status, Unit
from ci_factory.metrics.markdown import say, table
from ci_factory.metrics.weekly import Change, NightRow, Row, Waiting, Weekly

_COUNTS = {TICKETS_PER_WEEK.key, LINES_PER_WEEK.key}
_JUDGED = {Status.GOOD: "met", Status.BAD: "**missed**", Status.UNKNOWN: "can't tell yet"}
_SHORT, _LONG = 80, 600
_WORST_GATES = 5


def weekly_report(weekly: Weekly) -> str:
    """The whole report; the same data gives the same text."""
    lines = [
        f"# Weekly report {weekly.week}",
        "",
        f"**{_headline(weekly)}**",
        "",
        _period(weekly),
        "",
        *_listed("What went well", _good(weekly)),
        *_listed("What needs attention", _bad(weekly)),
        *_figures(weekly),
        *_nights(weekly.nights),
        *_gates(weekly.gates),
        *_listed("What could not be read", (say(each, _LONG) for each in weekly.unreadable)),
        *_definitions(weekly),
        f"_Written {words.moment(weekly.until)} from the facts known then. Unknown is not zero._",
    ]
    return "\n".join(lines) + "\n"


def _headline(weekly: Weekly) -> str:
    merged = next(row for row in weekly.rows if row.now.key == TICKETS_PER_WEEK.key)
    if merged.now.value is None:
        return "Nothing is known of any merge request yet."
    before = words.amount(merged.before.value, merged.before.unit)
    tickets = words.count(round(merged.now.value), "ticket")
    waiting = weekly.waiting
    asked = (
        f"{words.count(waiting.questions, 'question')} and {words.count(waiting.reviews, 'merge request')}"
    )
    verb = "waits" if waiting.questions + waiting.reviews == 1 else "wait"
    tail = (
        f" {asked} {verb} for people."
        if waiting.questions + waiting.reviews
        else " Nothing waits for people."
    )
    return f"{tickets} merged; {before} in the week before.{tail}"


def _period(weekly: Weekly) -> str:
    project = f"Project {say(weekly.project, _SHORT)}, " if weekly.project else ""
    return f"{project}{words.moment(weekly.since)} to {words.moment(weekly.until)}, against the seven days before."


def _good(weekly: Weekly) -> Iterator[str]:
    for row in weekly.rows:
        if row.now.status is Status.GOOD:
            yield f"{row.now.name}: {_value(row.now)}, target {_target(row.now)}{_before(row)}."


def _bad(weekly: Weekly) -> Iterator[str]:
    for row in weekly.rows:
        if row.now.status is Status.BAD:
            yield f"{row.now.name}: {_value(row.now)}, target {_target(row.now)}{_before(row)}."
    yield from _overdue(weekly.waiting, weekly.until)


def _overdue(waiting: Waiting, now: datetime) -> Iterator[str]:
    """What people are asked for, however long it waits."""
    if waiting.reviews:
        since = _since(waiting.oldest_review, now)
        yield f"{words.count(waiting.reviews, 'merge request')} to review{since}."
    if waiting.questions:
        since = _since(waiting.oldest_question, now)
        yield f"{words.count(waiting.questions, 'question')} without an answer{since}."


def _since(oldest: datetime | None, now: datetime) -> str:
    return f", the oldest for {words.span(max(0.0, (now - oldest).total_seconds()))}" if oldest else ""


def _before(row: Row) -> str:
    if row.before.value is None:
        return ""
    return f"; {words.amount(row.before.value, row.before.unit)} in the week before"


def _figures(weekly: Weekly) -> Iterator[str]:
    yield "## Figures"
    yield ""
    head = ("Figure", "Last 7 days", "Week before", "Difference", "Target", "")
    yield from table(head, [_row(row) for row in weekly.rows])
    notes = [row.now for row in weekly.rows if row.now.value is None and row.now.note and row.now.n]
    if notes:
        yield from (*(f"- {figure.name}: {figure.note}." for figure in notes), "")


def _row(row: Row) -> tuple[str, ...]:
    target = words.target(row.now.target, row.now.unit)
    return (
        row.now.name,
        _value(row.now),
        _value(row.before),
        _change(row.change, row.now.unit),
        target or "–",
        _JUDGED[row.now.status] if target and row.now.value is not None else "–",
    )


def _value(figure: Figure) -> str:
    """With how many it rests on, so that nobody reads much into little."""
    value = words.amount(figure.value, figure.unit)
    if figure.key in _COUNTS or (figure.value is None and not figure.n):
        return value
    return f"{value} of {figure.n}" if figure.interval is not None else f"{value} (n = {figure.n})"


def _change(change: Change, unit: Unit) -> str:
    if change.by is None:
        return "–"
    if not change.certain:
        return "can't be told apart"
    sign = "+" if change.by > 0 else "−"
    if not change.by:
        return "none"
    return (
        f"{sign}{100 * abs(change.by):.0f} points"
        if unit is Unit.SHARE
        else f"{sign}{words.amount(abs(change.by), unit)}"
    )


def _target(figure: Figure) -> str:
    return words.target(figure.target, figure.unit)


def _nights(found: tuple[NightRow, ...]) -> Iterator[str]:
    if not found:
        return
    yield "## Nights"
    yield ""
    head = ("Batch", "Began", "Planned", "Passed their gates", "Escalated", "Cost")
    yield from table(head, [_night(each) for each in found])


def _night(night: NightRow) -> tuple[str, ...]:
    return (
        say(night.batch, _SHORT),
        words.moment(night.started_at),
        str(night.planned),
        str(night.ready),
        str(night.escalated),
        words.amount(night.cost_usd, Unit.USD),
    )


def _gates(found: tuple[Figure, ...]) -> Iterator[str]:
    failing = [figure for figure in found if figure.value is not None and figure.value < 1]
    yield from _listed(
        "Gates that stopped most",
        (
            f"{say(figure.labels.get('gate', ''), _SHORT)}: passed {_value(figure)}"
            for figure in failing[:_WORST_GATES]
        ),
    )


def _listed(title: str, lines: Iterator[str]) -> Iterator[str]:
    found = list(lines)
    if found:
        yield from (f"## {title}", "", *(f"- {line}" for line in found), "")


def _definitions(weekly: Weekly) -> Iterator[str]:
    yield from ("<details><summary>What the figures mean</summary>", "")
    for row in weekly.rows:
        cohort = f" Here: {row.cohort}." if row.cohort else ""
        yield f"- **{row.now.name}**: {row.now.definition}{cohort}"
    yield from ("", "</details>", "")
