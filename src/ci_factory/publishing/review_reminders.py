"""The note on a merge request that reminds the one person who blocks it. Pure."""

import re
from datetime import datetime, tzinfo

from ci_factory.model.review import Blocked, ReviewItem, Waiting
from ci_factory.publishing import markdown, sanitise

_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}")
_EVERYBODY = frozenset({"all", "here", "everyone"})
"""What is no user; GitLab tells every member of a project when somebody writes @all."""
_WHAT = {
    Blocked.REVIEW: "Please review it, or hand it over: remove yourself as the reviewer, and the next run names somebody else.",
    Blocked.CHANGES: "Please decide how it goes on.",
    Blocked.MERGE: "Please merge it, or say what it still needs.",
}


def key(waits: Waiting, number: int) -> str:
    """The note's key: one for each reminder of each wait, so that none is ever written twice."""
    return f"review-{waits.kind.value}-{waits.since:%Y%m%d%H%M%S}-{number}"


def reminder(item: ReviewItem, waits: Waiting, moment: datetime, zone: tzinfo) -> str:
    """The note; it mentions whoever blocks and nobody else. The same wait and `moment` give the same text."""
    late = waits.due <= moment
    ended = "ended on" if late else "ends on"
    limit = f"the time limit (priority {item.priority.value}) {ended} {_shown(waits.due, zone)}"
    lines = [
        "## This merge request waits",
        "",
        f"{_mention(waits.who or '')}: {sanitise.inline(waits.why)}.",
        "",
        f"It waits since {_shown(waits.since, zone)}; {limit}.",
        "",
        f"About {item.expected_minutes} minutes. {_WHAT.get(waits.kind, '')}".rstrip(),
    ]
    return markdown.document(lines)


def _mention(name: str) -> str:
    if _USER.fullmatch(name) and name.casefold() not in _EVERYBODY:
        return f"@{name}"
    return sanitise.inline(name, limit=100)


def _shown(moment: datetime, zone: tzinfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M} {zone}"
