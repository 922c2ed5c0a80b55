"""Who looks at what first."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ci_factory.config import Config
from ci_factory.model.gate import Verdict
from ci_factory.model.review import ReviewTier
from ci_factory.model.review_settings import ReviewConfig
from ci_factory.model.ticket import Priority, Size
from ci_factory.review.queue import build_queue
from ci_factory.review.subject import ReviewSubject

Subject = Callable[..., ReviewSubject]
NOW = datetime(2026, 3, 3, 8, tzinfo=UTC)
OPENED = datetime(2026, 3, 3, 6, tzinfo=UTC)
CONFIG = Config(review=ReviewConfig(reviewers=("ann", "ben")))

FIELDS = st.fixed_dictionaries(
    {
        "priority": st.sampled_from(Priority),
        "verdict": st.sampled_from([None, *Verdict]),
        "score": st.sampled_from([None, 0.0, 90.0, 90.5, 100.0]),
        "security_findings": st.sampled_from([0, 0, 1, 7]),
        "escalated": st.booleans(),
        "size": st.sampled_from(Size),
        "lines": st.integers(min_value=0, max_value=100_000),
        "opened_at": st.integers(min_value=0, max_value=200).map(
            lambda hours: OPENED - timedelta(hours=hours)
        ),
    }
)


def order(*subjects: ReviewSubject) -> list[str]:
    """Ticket ids from first to last."""
    return [item.ticket_id for item in build_queue(subjects, config=CONFIG, now=NOW).items]


def test_the_order_is_the_specs(subject: Subject) -> None:
    """Security, priority, quick wins, escalations, the rest."""
    queue = [
        subject("rest"),
        subject("question", escalated=True, merge_request=None, verdict=None, score=None),
        subject("quick", score=90.5),
        subject("high", priority=Priority.HIGH),
        subject("leak", security_findings=1, verdict=Verdict.BLOCKED),
    ]
    items = build_queue(queue, config=CONFIG, now=NOW).items
    assert [item.ticket_id for item in items] == ["leak", "high", "quick", "question", "rest"]
    assert [item.tier for item in items] == list(ReviewTier)


@pytest.mark.parametrize(
    ("fields", "tier"),
    [
        ({"score": 90.0}, ReviewTier.REST),
        ({"score": 95.0, "verdict": Verdict.FAIL}, ReviewTier.REST),
        ({"score": 95.0, "verdict": Verdict.INCONCLUSIVE}, ReviewTier.REST),
        ({"score": None}, ReviewTier.REST),
        ({"score": 95.0}, ReviewTier.QUICK_WIN),
        ({"priority": Priority.CRITICAL, "security_findings": 1}, ReviewTier.SECURITY),
        ({"priority": Priority.CRITICAL, "escalated": True}, ReviewTier.PRIORITY),
    ],
)
def test_a_quick_win_passed_with_more_than_90(
    subject: Subject, fields: dict[str, Any], tier: ReviewTier
) -> None:
    """The first tier that fits counts; an inconclusive verdict is no pass."""
    assert build_queue([subject(**fields)], config=CONFIG, now=NOW).items[0].tier == tier


def test_within_a_tier_the_earlier_due_comes_first(subject: Subject) -> None:
    """Critical before high, then the older one, then by id."""
    assert order(
        subject("b", priority=Priority.HIGH),
        subject("a", priority=Priority.HIGH),
        subject("old", priority=Priority.HIGH, opened_at=OPENED - timedelta(hours=1)),
        subject("critical", priority=Priority.CRITICAL),
    ) == ["critical", "old", "a", "b"]


@pytest.mark.parametrize(
    ("fields", "minutes"),
    [
        ({"size": Size.TRIVIAL, "lines": 1}, 2),
        ({"size": Size.MEDIUM, "lines": 60}, 12),
        ({"size": Size.TRIVIAL, "lines": 400}, 60),
        ({"size": Size.LARGE, "lines": 10**9}, 480),
        ({"merge_request": None, "size": Size.LARGE, "lines": 900}, 5),
    ],
)
def test_expected_minutes_follow_size_and_lines(
    subject: Subject, fields: dict[str, Any], minutes: int
) -> None:
    """The table by size, 400 lines an hour above it, five minutes for a question."""
    assert build_queue([subject(**fields)], config=CONFIG, now=NOW).items[0].expected_minutes == minutes


def test_due_is_the_opening_plus_the_time_limit(subject: Subject) -> None:
    """By the priority's hours."""
    config = Config(review=ReviewConfig(sla_hours={Priority.MEDIUM: 2}))
    assert build_queue([subject()], config=config, now=NOW).items[0].due == OPENED + timedelta(hours=2)


def test_work_is_shared_out(subject: Subject) -> None:
    """Six equal changes for two people are three each."""
    items = build_queue([subject(f"t{n}") for n in range(6)], config=CONFIG, now=NOW).items
    assert [item.reviewer for item in items] == ["ann", "ben"] * 3
    assert "wait for them" in items[2].reviewer_reason


# The fixture is a function without state.
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(FIELDS, max_size=8), st.randoms(use_true_random=False))
def test_the_queue_is_a_sorted_permutation(
    subject: Subject, fields: list[dict[str, Any]], chance: Any
) -> None:
    """Nothing is lost or doubled, tiers never go back, and the order of the input does not matter."""
    subjects = [subject(f"t{number}", merge_request=number + 1, **each) for number, each in enumerate(fields)]
    queue = build_queue(subjects, config=CONFIG, now=NOW)
    assert sorted(item.ticket_id for item in queue.items) == sorted(each.ticket.id for each in subjects)
    assert [item.place for item in queue.items] == list(range(1, len(subjects) + 1))
    keys = [(item.tier.rank, -(item.urgency or 0), item.opened_at) for item in queue.items]
    assert keys == sorted(keys)
    assert all(item.expected_minutes >= 1 and item.reason and item.reviewer_reason for item in queue.items)
    chance.shuffle(subjects)
    assert build_queue(subjects, config=CONFIG, now=NOW) == queue
