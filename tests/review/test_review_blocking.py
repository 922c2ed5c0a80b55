"""Who blocks a merge request, and when that person is reminded."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ci_factory import config as configuration
from ci_factory.config import Config
from ci_factory.model.forge import Approval
from ci_factory.model.review import ReviewItem
from ci_factory.model.ticket import Ticket
from ci_factory.review import blocking
from ci_factory.review.queue import build_queue
from ci_factory.review.subject import Asked, ReviewSubject

Subject = Callable[..., ReviewSubject]
HOUR = timedelta(hours=1)
OPENED = datetime(2026, 3, 3, 9, tzinfo=UTC)  # a Tuesday
LATER = OPENED + HOUR
APPROVAL = Approval(user="ann", head="a" * 40, at=LATER)


def configured(text: str = "") -> Config:
    """Ann reviews, from nine to five; `src/` needs Sam."""
    return configuration.parse(
        "sensitive: [{paths: [src/auth/], reviewers: [sam]}]\n"
        f"review: {{reviewers: [ann], hours: '09:00-17:00'{text}}}"
    )


def item_of(change: ReviewSubject, config: Config, now: datetime = LATER) -> ReviewItem:
    """The change's line in the queue."""
    return build_queue([change], config=config, now=now).items[0]


@pytest.mark.parametrize(
    ("fields", "kind", "who", "since"),
    [
        ({}, "review", "ann", OPENED),
        ({"asked": Asked("ann", LATER)}, "changes", "petra", LATER),
        ({"asked": Asked("ann", LATER), "approvals": (APPROVAL,)}, "changes", "petra", LATER),
        ({"moved_at": LATER}, "review", "ann", LATER),
        ({"approvals": (APPROVAL,)}, "merge", "ann", LATER),
        ({"approvals": (APPROVAL,), "stacked_on": 7}, "predecessor", None, LATER),
        ({"approvals": (APPROVAL,), "files": ("src/auth/a.py",), "reviewer": "ann"}, "review", "sam", OPENED),
        ({"merge_request": None, "escalated": True}, "answer", "ann", OPENED),
    ],
)
def test_the_forges_facts_say_who_blocks(
    subject: Subject, fields: dict[str, Any], kind: str, who: str | None, since: datetime
) -> None:
    """Nobody is blamed for what waits for somebody else."""
    change = subject(opened_at=OPENED, **fields)
    change = replace(change, ticket=Ticket(id="t1", title="x", author="petra"))
    waits = item_of(change, configured()).waits_for
    assert waits is not None
    assert (waits.kind.value, waits.who, waits.since) == (kind, who, since)


def reminders(change: ReviewSubject, config: Config, days: int = 14) -> list[tuple[str, int]]:
    """When a run each half hour finds a new reminder, and its number."""
    found: dict[int, str] = {}
    item = item_of(change, config)
    for half_hours in range(days * 48):
        now = OPENED + half_hours * HOUR / 2
        due = blocking.reminder(item, config.review, now)
        if due is not None:
            found.setdefault(due.number, f"{now:%a %H:%M}")
    return [(when, number) for number, when in sorted(found.items())]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [("Fri 09:00", 2), ("Mon 09:00", 3), ("Tue 09:00", 4), ("Wed 09:00", 5)]),
        (", reminders: {daily: false}", [("Fri 09:00", 1)]),
        (", reminders: {at: [0.5, 1.5], daily: false}", [("Wed 13:00", 1), ("Mon 13:00", 2)]),
        (", reminders: {most: 2}", [("Fri 09:00", 2)]),
        (", reminders: {enabled: false}", []),
        (
            ", people: {ann: {timezone: Asia/Tokyo}}",
            [("Mon 00:00", 2), ("Tue 00:00", 3), ("Wed 00:00", 4), ("Thu 00:00", 5)],
        ),
        (
            ", holidays: [2026-03-06]",
            [("Mon 09:00", 2), ("Tue 09:00", 3), ("Wed 09:00", 4), ("Thu 09:00", 5)],
        ),
    ],
)
def test_reminders_come_at_the_end_of_the_limit_and_on_working_days(
    subject: Subject, text: str, expected: list[tuple[str, int]]
) -> None:
    """In that person's working hours only, so many at most; what fell due outside of them is not made up for."""
    assert reminders(subject(opened_at=OPENED), configured(text)) == expected


def test_nobody_is_reminded_while_absent(subject: Subject) -> None:
    """Back again, they are, of the day that it is then."""
    config = configured(", people: {ann: {absent: [2026-03-05..2026-03-09]}}")
    change = subject(opened_at=OPENED, reviewer="ann")
    assert reminders(change, config)[0] == ("Tue 09:00", 2)


def test_questions_have_reminders_of_their_own(subject: Subject) -> None:
    """On the ticket, with the limits of escalations."""
    change = subject(opened_at=OPENED, merge_request=None, escalated=True)
    assert reminders(change, configured()) == []


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, "nobody has reviewed it yet"),
        (
            {"asked": Asked("ann", LATER)},
            "ann asked for changes: make them, or close it and give the ticket back",
        ),
        ({"approvals": (APPROVAL,)}, "approved, and not merged"),
        ({"approvals": (APPROVAL,), "stacked_on": 7}, "approved, and on top of !7, which is not merged"),
        ({"merge_request": None, "escalated": True}, "a question waits for an answer"),
    ],
)
def test_what_a_thing_waits_for_is_told_to_the_word(
    subject: Subject, fields: dict[str, Any], why: str
) -> None:
    """People read it in the queue and in reminders."""
    waits = item_of(subject(opened_at=OPENED, **fields), configured()).waits_for
    assert waits is not None
    assert waits.why == why
