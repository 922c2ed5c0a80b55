"""The report of a week or a month as Markdown, for a note, a snippet or a mail. The same data gives the same text. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from ci_factory.metrics import words
from ci_factory.metrics.alert_report import named
from ci_factory.metrics.figure import ENOUGH, Figure, Status
from ci_factory.metrics.markdown import say
from ci_factory.metrics.periodic import tables
from ci_factory.metrics.periodic.cohorts import TICKETS
from ci_factory.metrics.periodic.period import Period
from ci_factory.metrics.periodic.report import Report, Row, higher_is_better
from ci_factory.metrics.recommendations import Recommendation
from ci_factory.metrics.trends import Trend

_SHORT, _LONG = 80, 600


def markdown(report: Report) -> str:
    """The whole report."""
    lines = [
        f"# {report.period.kind.adverb.capitalize()} report {report.period.name}",
        "",
        f"**{_headline(report)}**",
        "",
        _about(report),
        "",
        *_listed("Highlights", _highlights(report)),
        *_listed("Concerns", _concerns(report)),
        *_recommendations(report),
        *tables.goals(report),
        *tables.trends(report.trends),
        *tables.figures(report),
        *tables.nights(report.nights),
        *_listed("What could not be read", (say(each, _LONG) for each in report.unreadable)),
        *tables.definitions(report),
        f"_Written {words.moment(report.made_at)} from the facts known then. Unknown is not zero._",
    ]
    return "\n".join(lines) + "\n"


def _headline(report: Report) -> str:
    merged = next(row for row in report.rows if row.now.key == TICKETS.key)
    if merged.now.value is None:
        return "Nothing is known of any merge request yet."
    before = words.amount(merged.before.value, merged.before.unit)
    tickets = words.count(round(merged.now.value), "ticket")
    return f"{tickets} merged, {before} {_earlier(report)}. {_standing(report)}{_waits(report)}"


def _standing(report: Report) -> str:
    """`4 of 9 targets met, 2 missed`, and the others."""
    aimed = [row.now.status for row in report.rows if row.now.target is not None]
    met, missed = aimed.count(Status.GOOD), aimed.count(Status.BAD)
    return f"{met} of {len(aimed)} targets met, {missed} missed, {len(aimed) - met - missed} can't be told."


def _waits(report: Report) -> str:
    waiting = report.waiting
    parts = [
        words.count(number, what)
        for number, what in ((waiting.questions, "question"), (waiting.reviews, "merge request"))
        if number
    ]
    verb = "waits" if waiting.questions + waiting.reviews == 1 else "wait"
    return f" {' and '.join(parts)} {verb} for people now." if parts else " Nothing waits for people now."


def _about(report: Report) -> str:
    period = report.period
    project = f"{say(report.project, _SHORT)}, " if report.project else ""
    days = f"{project}{period.since:%a} {period.since.day} {period.since:%b} to {period.last_day:%a} {period.last_day.day} {period.last_day:%b %Y} (UTC)"
    return days if report.over else f"{days}, **which is not over**"


def _earlier(report: Report) -> str:
    return f"in the {report.period.kind.value} before"


def _highlights(report: Report) -> Iterator[str]:
    """What surely got better, weeks that are good news, and in one line the targets that are surely met."""
    better = [row for row in report.rows if row.difference.better]
    yield from _told(better, _news(report.trends, good=True), report)
    met = [row.now for row in report.rows if row.now.status is Status.GOOD and row not in better]
    if met:
        told = (
            f"{each.name.lower()} {words.amount(each.value, each.unit)} ({_target(each)})" for each in met
        )
        yield f"Targets met: {', '.join(told)}."


def _concerns(report: Report) -> Iterator[str]:
    """Alerts, targets that are surely missed, what surely got worse, weeks that are bad news, and what waits."""
    for alert in report.alerts:
        yield f"**Alert ({alert.severity.value})**: {named(alert)}."
    bad = [row for row in report.rows if row.now.status is Status.BAD or row.difference.better is False]
    yield from _told(bad, _news(report.trends, good=False), report)
    yield from _overdue(report)


def _told(rows: Iterable[Row], news: dict[str, tuple[str, str]], report: Report) -> Iterator[str]:
    """A line for each figure, with the news of its control chart; then the other news."""
    for row in rows:
        aim = f", target {_target(row.now)}" if row.now.target else ""
        signal = f". No noise: {news.pop(row.now.key)[1]}" if row.now.key in news else ""
        yield f"{row.now.name}: {tables.value(row.now, whole=True)}{aim}{_moved(row, report)}{signal}."
    yield from (f"{what} is no noise: {usual}." for what, usual in news.values())


def _moved(row: Row, report: Report) -> str:
    """Against the period before, where that tells anything."""
    if row.before.value is None or row.before.n < ENOUGH:
        return ""
    before = f"; {words.amount(row.before.value, row.before.unit)} {_earlier(report)}"
    if not row.difference.certain:
        return f"{before}, no sure difference"
    return (
        before
        if row.difference.better is None
        else f"{before}, {'better' if row.difference.better else 'worse'}"
    )


def _target(figure: Figure) -> str:
    return words.target(figure.target, figure.unit)


def _news(trends: Iterable[Trend], *, good: bool) -> dict[str, tuple[str, str]]:
    """Last weeks that are a signal of their control chart, by figure: what they say, and what is usual."""
    told = {}
    for trend in trends:
        last, higher = trend.points[-1], higher_is_better(trend)
        if not last.signal or last.value is None or trend.centre is None or higher is None:
            continue
        if ((last.value > trend.centre) is higher) is good:
            usual, value = (words.amount(each, trend.unit) for each in (trend.centre, last.value))
            told[trend.key] = f"{trend.name} of week {last.week}, {value},", f"a usual week has {usual}"
    return told


def _overdue(report: Report) -> Iterator[str]:
    """What people are asked for, however long it waits."""
    waiting = report.waiting
    if waiting.reviews:
        yield f"{words.count(waiting.reviews, 'merge request')} to review{_since(waiting.oldest_review, report.made_at)}."
    if waiting.questions:
        since = _since(waiting.oldest_question, report.made_at)
        yield f"{words.count(waiting.questions, 'question')} without an answer{since}."


def _since(oldest: datetime | None, now: datetime) -> str:
    return f", the oldest for {words.span(max(0.0, (now - oldest).total_seconds()))}" if oldest else ""


def _recommendations(report: Report) -> Iterator[str]:
    found = report.recommendations
    yield "## Recommendations"
    yield ""
    if not found:
        yield f"None: nothing in the last {report.evidence_days} days stands out of what chance would do."
    for number, each in enumerate(found, 1):
        about = f" ({', '.join(say(name, _SHORT) for name in each.about)})" if _adds(each) else ""
        yield f"{number}. **{tables.said(each.what)}.** {_sentence(tables.said(each.evidence))}{about}. How: {each.how}."
    yield ""


def _adds(each: Recommendation) -> bool:
    """Whether the names are not in the words already."""
    return bool(each.about) and any(name not in each.what for name in each.about)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _listed(title: str, lines: Iterable[str]) -> Iterator[str]:
    found = list(lines)
    if found:
        yield from (f"## {title}", "", *(f"- {line}" for line in found), "")


def title(period: Period) -> str:
    """`ci-factory: weekly report 2026-W47`."""
    return f"ci-factory: {period.kind.adverb} report {period.name}"
