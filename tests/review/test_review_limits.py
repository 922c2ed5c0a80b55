"""Time limits in words, and what makes a thing urgent."""

import math
from datetime import UTC, datetime, timedelta

import pytest

from ci_factory.model.review_settings import ReviewConfig
from ci_factory.model.ticket import Priority
from ci_factory.review import limits

MORNING = datetime(2026, 3, 3, 9, tzinfo=UTC)  # a Tuesday
WORKING = ReviewConfig(hours="09:00-17:00", timezone="UTC")
ALWAYS = ReviewConfig()


@pytest.mark.parametrize(
    ("settings", "passed", "words"),
    [
        (ALWAYS, timedelta(), "due 2026-03-04 09:00 UTC, 24 h left"),
        (ALWAYS, timedelta(hours=23), "due 2026-03-04 09:00 UTC, 1 h left"),
        (ALWAYS, timedelta(hours=23, minutes=15), "due 2026-03-04 09:00 UTC, 45 min left"),
        (ALWAYS, timedelta(hours=24), "due 2026-03-04 09:00 UTC, 0 min left"),
        (ALWAYS, timedelta(hours=26, minutes=20), "due 2026-03-04 09:00 UTC, late by 2.3 h"),
        (WORKING, timedelta(), "due 2026-03-05 17:00 UTC, 24 working h left"),
        (WORKING, timedelta(days=2, hours=7, minutes=30), "due 2026-03-05 17:00 UTC, 30 working min left"),
    ],
)
def test_a_time_limit_in_words(settings: ReviewConfig, passed: timedelta, words: str) -> None:
    """When it ends, and what is left of it on the clock of the person."""
    settings = settings.model_copy(update={"sla_hours": {Priority.MEDIUM: 24.0}})
    limit = limits.limit(settings, Priority.MEDIUM, MORNING, None, MORNING + passed)
    assert limit.words == words


def test_a_limit_is_late_after_its_end_only() -> None:
    """Slack is what is left, and negative after it."""
    settings = ALWAYS.model_copy(update={"sla_hours": {Priority.MEDIUM: 1.0}})
    at_its_end = limits.limit(settings, Priority.MEDIUM, MORNING, None, MORNING + timedelta(hours=1))
    later = limits.limit(settings, Priority.MEDIUM, MORNING, None, MORNING + timedelta(hours=3))
    assert (at_its_end.late, at_its_end.slack_minutes) == (False, 0)
    assert (later.late, later.slack_minutes) == (True, -120)


def test_a_priority_without_a_limit_has_the_longest() -> None:
    """And none at all when nothing is configured."""
    settings = ALWAYS.model_copy(update={"sla_hours": {Priority.HIGH: 8.0, Priority.MEDIUM: 24.0}})
    assert limits.hours(settings, Priority.LOW) == 24
    assert limits.hours(ALWAYS.model_copy(update={"sla_hours": {}}), Priority.LOW) == 0


def test_urgency_is_the_logarithm_of_the_apparent_tardiness_cost() -> None:
    """Weight 2 for medium, 10 minutes of review, 55 minutes left: 45 minutes of slack are one look ahead."""
    assert limits.urgency(Priority.MEDIUM, 10, 55) == pytest.approx(math.log(2 / 10) - 1)
    assert limits.urgency(Priority.MEDIUM, 10, 10.5) == pytest.approx(math.log(2 / 10) - 0.5 / 45)
    assert limits.urgency(Priority.CRITICAL, 10, -300) == pytest.approx(math.log(8 / 10))
