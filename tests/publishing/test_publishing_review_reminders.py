"""The note that reminds whoever blocks a merge request, and the words of what is held back."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ci_factory.model.review import Blocked, ReviewItem, ReviewTier, Waiting
from ci_factory.model.ticket import Priority, RiskLevel, Size
from ci_factory.publishing import review_reminders
from ci_factory.publishing.outcome import Drifted, Withheld
from ci_factory.publishing.policy import Objection

SINCE = datetime(2026, 3, 3, 9, tzinfo=UTC)
DUE = SINCE + timedelta(hours=24)
BERLIN = ZoneInfo("Europe/Berlin")


def waiting(kind: Blocked = Blocked.REVIEW, who: str | None = "ann") -> Waiting:
    """Since Tuesday morning, for a day."""
    return Waiting(kind=kind, who=who, why="nobody has <b>reviewed</b> it yet", since=SINCE, due=DUE)


def item(waits: Waiting) -> ReviewItem:
    """A line of the queue."""
    return ReviewItem(
        place=1,
        tier=next(iter(ReviewTier)),
        ticket_id="7",
        merge_request=5,
        title="x",
        priority=Priority.HIGH,
        verdict=None,
        score=None,
        security_findings=0,
        risk=RiskLevel.LOW,
        size=Size.SMALL,
        lines=3,
        opened_at=SINCE,
        due=DUE,
        expected_minutes=12,
        reviewer="ann",
        reviewer_reason="x",
        reason="x",
        waits_for=waits,
    )


def reminder(waits: Waiting, moment: datetime = SINCE) -> str:
    """The note as it is on a moment."""
    return review_reminders.reminder(item(waits), waits, moment, BERLIN)


def test_a_reminder_reads_as_agreed() -> None:
    """Who, why, since when, until when, and what to do."""
    assert reminder(waiting()) == (
        "## This merge request waits\n\n"
        "@ann: nobody has &lt;b\u200b&gt;reviewed&lt;/b\u200b&gt; it yet.\n\n"
        "It waits since 2026-03-03 10:00 Europe/Berlin; the time limit (priority high) ends on 2026-03-04 10:00 Europe/Berlin.\n\n"
        "About 12 minutes. Please review it, or hand it over: remove yourself as the reviewer, and the next run names somebody else.\n"
    ).replace("\u200b", "&#8203;")


def test_a_time_limit_that_has_passed_is_told_as_passed() -> None:
    """From its very end on."""
    assert "ended on 2026-03-04" in reminder(waiting(), DUE)
    assert "ends on 2026-03-04" in reminder(waiting(), DUE - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("kind", "last"),
    [
        (Blocked.CHANGES, "About 12 minutes. Please decide how it goes on."),
        (Blocked.MERGE, "About 12 minutes. Please merge it, or say what it still needs."),
        (Blocked.PREDECESSOR, "About 12 minutes."),
    ],
)
def test_what_is_to_be_done_depends_on_what_it_waits_for(kind: Blocked, last: str) -> None:
    """Nobody is asked for what somebody else has to do."""
    assert reminder(waiting(kind)).splitlines()[-1] == last


@pytest.mark.parametrize(
    ("who", "shown"),
    [("ann.b-c_1", "@ann.b-c\\_1"), ("all", "all"), ("HERE", "HERE"), ("ann ben", "ann ben"), (None, "")],
)
def test_only_a_user_is_mentioned(who: str | None, shown: str) -> None:
    """Never everybody, and nothing that is no user's name."""
    line = reminder(waiting(who=who)).splitlines()[2]
    assert line.startswith(f"{shown}:".replace("\\_", "_"))


def test_each_reminder_of_each_wait_has_a_key_of_its_own() -> None:
    """So that none is written twice."""
    assert review_reminders.key(waiting(), 2) == "review-review-20260303090000-2"


def objections(count: int) -> tuple[Objection, ...]:
    """Some that stand against a change."""
    return tuple(Objection("block", "is protected", f"{number}.py") for number in range(count))


def test_what_is_withheld_names_five_reasons_and_counts_the_rest() -> None:
    """A reason without a path stands alone."""
    assert Withheld((Objection("block", "is too large"),), where="x").what == (
        "the change may not be published: is too large"
    )
    five = "; ".join(f"'{number}.py' is protected" for number in range(5))
    assert Withheld(objections(5), where="x").what == f"the change may not be published: {five}"
    assert Withheld(objections(7), where="x").what == f"the change may not be published: {five} and 2 more"


def test_what_has_drifted_names_ten_files_and_what_follows() -> None:
    """A name that can't be printed is escaped."""
    names = ("a\nb.py", *(f"{number}.py" for number in range(11)))
    found = Drifted("main", names, behind=3, where="x")
    shown = ", ".join(("'a\\nb.py'", *(f"{number}.py" for number in range(9))))
    assert (found.what, found.fix) == (
        f"no longer merges into main: {shown}",
        "it is redone in the next batch",
    )
    assert (found.conflicts, found.behind) == (names, 3)
