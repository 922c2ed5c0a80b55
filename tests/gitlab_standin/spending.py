"""Time tracking: durations in words, time spent."""

import re

from tests.gitlab_standin.context import call, db
from tests.gitlab_standin.issuables import Target

_UNITS = {"mo": 576_000, "w": 144_000, "d": 28_800, "h": 3600, "m": 60, "s": 1}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(mo|w|d|h|m|s)")


def seconds(text: str) -> int | None:
    """Seconds in `1w 2d 3h 4m 5s` (weeks of 5 days of 8 hours); `None` when it is no duration."""
    clean = text.strip().lower()
    sign, body = (-1, clean[1:]) if clean.startswith("-") else (1, clean)
    if not body or _PART.sub("", body).strip():
        return None
    return sign * round(sum(float(count) * _UNITS[unit] for count, unit in _PART.findall(body)))


def add(target: Target, spent: int, summary: str | None) -> None:
    """Record time spent by the user."""
    db().insert(
        "timelog",
        kind=target.kind,
        target_id=target.id,
        user_id=call().me["id"],
        seconds=spent,
        summary=summary,
        created_at=db().now,
    )
    target.touch()
