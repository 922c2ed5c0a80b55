"""Nine lives written by hand, small enough that every figure about them can be worked out with a pencil."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from tests.metrics.truth.world import BOT, SCANNER, Act, Life

NIGHT = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
NOW = datetime(2026, 6, 10, 18, 0, tzinfo=UTC)
"""A hundred days later."""
_PASSES = dict.fromkeys(("syntax", "types", "tests", "secrets", "documentation"), True)
_Happening = tuple[float, str, str, int]
"""Minutes after the night's start, what, who, lines or seconds."""
_DAY = 1440


def lives() -> tuple[Life, ...]:
    """All of them, in one night on three lanes: three in turn on each, ten minutes each, the last one five."""
    told = {
        # Looked at and approved by one person within minutes of each other.
        "A": [(30, "publish", BOT, 0), (60, "note", "ada", 0), (70, "approve", "ada", 0), (80, "merge", "ada", 0)],
        # A draft for a day, then reworked: two lines, after the review and before it.
        "B": [
            (30, "publish", BOT, 0), (_DAY, "push", BOT, 5), (30 + _DAY, "ready", "bo", 0), (150 + _DAY, "request", "bo", 0),
            (180 + _DAY, "push", BOT, 2), (210 + _DAY, "approve", "bo", 0), (270 + _DAY, "merge", "ada", 0),
        ],
        # A bot speaks first; people record ten minutes, and close it.
        "C": [
            (30, "publish", BOT, 0), (31, "note", SCANNER, 0), (90, "note", "bo", 0), (320, "spend", "bo", 600),
            (330, "close", "bo", 0),
        ],
        # Rebased after the review, which is no rework; taken back after ten days, and changed before that.
        "D": [
            (30, "publish", BOT, 0), (150, "note", "cy", 0), (200, "rebase", BOT, 0), (380, "approve", "cy", 0),
            (390, "merge", "cy", 0), (390 + 5 * _DAY, "edit", "bo", 3), (390 + 10 * _DAY, "revert", "ada", 0),
        ],
        # Merged without a word; a bug that is found after forty days is none of the first thirty.
        "E": [(30, "publish", BOT, 0), (510, "merge", "bo", 0), (510 + 40 * _DAY, "bug", "cy", 0)],
        # Nobody has looked yet.
        "F": [(30, "publish", BOT, 0)],
        # A draft that was closed before it was ready.
        "I": [(30, "publish", BOT, 0), (630, "close", "bo", 0)],
        # A question, answered after three hours; and one that still waits. Our note on the former is of an earlier version.
        "G": [(30, "escalate", BOT, 0), (210, "answer", "ada", 0)],
        "H": [(30, "escalate", BOT, 0)],
    }  # fmt: skip
    return tuple(_life(place, name, happenings) for place, (name, happenings) in enumerate(told.items()))


def _life(place: int, name: str, told: Sequence[_Happening]) -> Life:
    started = NIGHT + timedelta(minutes=10 * (place // 3))
    asks, draft = name in "GH", name in "BI"
    happened = [(-180.0, "open", "ada", 0), (-60.0, "trigger", "ada", 0), *told]
    texts = {"answer": "1"}
    acts = tuple(
        Act(
            NIGHT + timedelta(minutes=minutes),
            number,
            what,
            who,
            texts.get(what, "Hm." if what in {"note", "request"} else ""),
            count,
        )
        for number, (minutes, what, who, count) in enumerate(happened)
    )
    return Life(
        key=place + 1,
        title=f"Case {name}",
        priority="medium",
        size="small",
        area="web",
        agent="heron",
        batch="20260302-180000",
        lane=place % 3,
        order=place,
        started=started,
        finished=started + timedelta(minutes=5 if name == "H" else 10),
        ending="escalated" if asks else "completed",
        cost=0.5 if name != "A" else 1.25,
        rounds=2 if name in "BC" else 1,
        score=70.0 if draft else 90.0,
        rescored=None,
        gates=_PASSES | ({"tests": False} if draft else {}),
        added=20,
        removed=4 if name == "D" else 0,
        acts=acts,
        noted=name != "G",
        issue=place + 1,
        iid=0 if asks else place + 1,
    )
