"""The review queue as Markdown: what waits, and for whom."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from ci_factory.model.review import ReviewerDesk, ReviewItem, ReviewQueue
from ci_factory.model.text import escape_markdown

_HEADINGS = (
    "",
    "Change",
    "Ticket",
    "Score",
    "Security",
    "Risk",
    "Size",
    "Age",
    "Minutes",
    "Reviewer",
    "Why here",
)
_DESK_HEADINGS = ("Reviewer", "Merge requests", "Limit", "Questions", "Minutes", "")
_HOUR = timedelta(hours=1)
_DAY_HOURS = 48
"""Ages from so many hours on are told in days."""
_LONG = 400


def queue_markdown(queue: ReviewQueue, now: datetime) -> str:
    """A heading, one line of totals, the queue and the reviewers as tables; ends with a line feed."""
    if not queue.items:
        return "# Review queue\n\nNothing waits for a person.\n"
    minutes = sum(item.expected_minutes for item in queue.items)
    late = sum(item.late(now) for item in queue.items)
    lines = [
        "# Review queue",
        "",
        f"{len(queue.items)} wait for a person, about {minutes} minutes; {late} past their time limit.",
        "",
        _row(_HEADINGS),
        _row("---" for _ in _HEADINGS),
        *(_row(_cells(item, now)) for item in queue.items),
        *_desks(queue.reviewers),
    ]
    return "\n".join(lines) + "\n"


def _cells(item: ReviewItem, now: datetime) -> tuple[str, ...]:
    change = f"!{item.merge_request}" if item.merge_request is not None else "question"
    title = escape_markdown(item.title, limit=80)
    late = " **late**" if item.late(now) else ""
    reviewer = escape_markdown(item.reviewer, limit=80) if item.reviewer else "nobody"
    reason = "; ".join(filter(None, (item.reviewer_reason, item.further)))
    why = "; ".join(filter(None, (item.reason, item.held_up)))
    return (
        str(item.place),
        change,
        f"{escape_markdown(item.ticket_id, limit=64)} {title}",
        _score(item),
        str(item.security_findings),
        item.risk.value,
        f"{item.size.value}, {item.lines} lines",
        f"{_age(now - item.opened_at)}{late}",
        str(item.expected_minutes),
        f"{reviewer} ({escape_markdown(reason, limit=_LONG)})",
        escape_markdown(why, limit=_LONG),
    )


def _desks(desks: Iterable[ReviewerDesk]) -> list[str]:
    rows = [_row(_desk(desk)) for desk in desks]
    if not rows:
        return []
    ruler = _row("---" for _ in _DESK_HEADINGS)
    return ["", "## Reviewers", "", _row(_DESK_HEADINGS), ruler, *rows]


def _desk(desk: ReviewerDesk) -> tuple[str, ...]:
    return (
        escape_markdown(desk.name, limit=80),
        str(desk.merge_requests),
        "none" if desk.max_open is None else str(desk.max_open),
        str(desk.items - desk.merge_requests),
        str(desk.minutes),
        desk.absence,
    )


def _score(item: ReviewItem) -> str:
    score = "unknown" if item.score is None else f"{item.score:g}"
    return score if item.verdict is None else f"{score} {item.verdict.value}"


def _age(age: timedelta) -> str:
    hours = max(0, int(age / _HOUR))
    return f"{hours} h" if hours < _DAY_HOURS else f"{hours // 24} d"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
