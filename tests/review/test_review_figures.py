"""Urgency, expected minutes, and how much review people have room for."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_factory import config as configuration
from ci_factory.errors import ConfigError
from ci_factory.model.ticket import Priority, Size
from ci_factory.review import capacity, limits, pace
from ci_factory.review.pace import Decision, Pace

MONDAY = datetime(2026, 3, 2, 18, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CONFIG = configuration.parse("""
review:
  reviewers: [ann, ben, "@shop/web"]
  groups: {shop/web: [cat, ann]}
  hours: "09:00-12:00, 13:00-17:00"
  timezone: Europe/Berlin
  minutes_per_day: 60
  max_open: 3
  people:
    ben: {absent: [2026-03-03..2026-03-04]}
    eve: {timezone: America/New_York, minutes_per_day: 200, max_open: 100}
""")


@settings(max_examples=60)
@given(st.sampled_from(Priority), st.integers(1, 480), st.floats(-5000, 5000), st.floats(0, 5000))
def test_less_time_is_never_less_urgent(priority: Priority, minutes: int, slack: float, more: float) -> None:
    """Neither is a higher priority, all else equal."""
    now = limits.urgency(priority, minutes, slack)
    assert now >= limits.urgency(priority, minutes, slack + more)
    assert all(
        limits.urgency(other, minutes, slack) >= now for other in Priority if other.rank > priority.rank
    )


def test_what_is_late_goes_by_weight_and_by_how_quickly_it_is_done() -> None:
    """An hour late or ten: a quick critical one first, then what weighs most for its minutes."""
    late = {
        "long high": limits.urgency(Priority.HIGH, 60, -600),
        "quick low": limits.urgency(Priority.LOW, 2, -60),
        "quick critical": limits.urgency(Priority.CRITICAL, 2, -60),
        "medium": limits.urgency(Priority.MEDIUM, 12, -6000),
    }
    assert sorted(late, key=lambda name: -late[name]) == [
        "quick critical",
        "quick low",
        "medium",
        "long high",
    ]


@pytest.mark.parametrize(
    ("size", "lines", "minutes", "source"),
    [
        (Size.SMALL, 20, 5, "table for size small"),
        (Size.SMALL, 200, 30, "200 lines at 400 an hour"),
    ],
)
def test_expected_minutes_say_what_they_come_from(size: Size, lines: int, minutes: int, source: str) -> None:
    """The table by size, or the lines when they take longer."""
    assert pace.expected(size, lines) == pace.Expected(minutes, source)


def sitting(count: int, minutes: float, *, by: str = "ann", start: datetime = MONDAY) -> list[Decision]:
    """So many decisions about small changes, one after the other."""
    return [Decision(by, start + place * minutes * MINUTE, Size.SMALL, 10) for place in range(count)]


def test_a_pace_is_learned_from_decisions_in_one_sitting() -> None:
    """The median of taken / expected; it multiplies what is expected, and is said."""
    learned = pace.pace([*sitting(6, 10), *sitting(7, 10, by="Ben")])
    assert learned == Pace(2.0, 11)
    assert pace.expected(Size.SMALL, 10, learned) == pace.Expected(
        10, "table for size small, times 2 as measured in 11 reviews"
    )


@pytest.mark.parametrize(
    "decisions",
    [sitting(10, 10), sitting(30, 61), sitting(30, 0), [*sitting(1, 1), *sitting(1, 1, by="ben")] * 9],
)
def test_too_few_reviews_teach_nothing(decisions: list[Decision]) -> None:
    """Ten pairs within an hour of each other; a pause is none, and who decides two at once has read neither then."""
    assert pace.pace(decisions).factor == 1
    assert "measured" not in pace.expected(Size.SMALL, 10, pace.pace(decisions)).source


def test_minutes_are_those_of_the_next_window() -> None:
    """Ann and Cat have an hour, Ben is away, Eve's day has begun for two hours when the team's ends."""
    window = capacity.next_window(CONFIG, MONDAY)
    assert [moment.isoformat() for moment in window] == [
        "2026-03-03T08:00:00+00:00",
        "2026-03-03T16:00:00+00:00",
    ]
    assert capacity.minutes_available(CONFIG, *window, {}) == 45 + 45 + 0 + 120


@pytest.mark.parametrize(
    ("waiting", "minutes"),
    [
        ({"ann": [5]}, 30 + 45 + 120),
        ({"Ann": [50], "@cat": [5, 5, 5]}, 10 + 0 + 120),
        ({"ann": [500], "eve": [100]}, 0 + 45 + 20),
        ({"somebody": [500]}, 45 + 45 + 120),
    ],
)
def test_what_is_open_and_the_limits_leave_less(waiting: dict[str, list[float]], minutes: float) -> None:
    """Open reviews count with their minutes, and each takes one of the places of a quarter of an hour."""
    window = capacity.next_window(CONFIG, MONDAY)
    assert capacity.minutes_available(CONFIG, *window, waiting) == minutes


@pytest.mark.parametrize(
    "text",
    ["", "review: {reviewers: [ann]}", "review: {reviewers: [ann], people: {ben: {minutes_per_day: 9}}}"],
)
def test_unknown_minutes_limit_nothing(text: str) -> None:
    """Nobody named, or somebody whose minutes nobody configured: unknown, not zero."""
    config = configuration.parse(text)
    assert capacity.minutes_available(config, *capacity.next_window(config, MONDAY), {}) is None


@pytest.mark.parametrize(
    ("now", "begins"),
    [
        (datetime(2026, 3, 6, 18, tzinfo=UTC), "2026-03-09T08:00"),
        (datetime(2026, 3, 3, 5, tzinfo=UTC), "2026-03-03T08:00"),
        (datetime(2026, 3, 3, 9, tzinfo=UTC), "2026-03-04T08:00"),
    ],
)
def test_the_next_window_is_the_next_whole_working_day(now: datetime, begins: str) -> None:
    """Today before it begins, after the weekend on a Friday."""
    assert capacity.next_window(CONFIG, now)[0].isoformat()[:16] == begins


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hours: '17:00-09:00'", r"review\.hours: .*17:00-09:00 ends before it begins"),
        (
            "hours: '09:00-12:00, 11:00-13:00'",
            r"review\.hours: .*11:00-13:00 begins before 09:00-12:00 has ended",
        ),
        ("hours: nine to five", r"review\.hours: .*'nine to five' is no span"),
        ("hours: '09:00-24:30'", r"review\.hours"),
        ("timezone: Europe/Berln", r"review\.timezone: .*is no time zone here: write an IANA name"),
        ("timezone: ../../etc/passwd", r"review\.timezone"),
        ("days: [mon, mon]", r"review\.days: .*twice"),
        ("days: []", r"review\.days"),
        ("holidays: [soon]", r"review\.holidays\.0"),
        (
            "people: {ann: {absent: [2026-03-09..2026-03-01]}}",
            r"people\.ann\.absent\.0: .*ends before it begins",
        ),
        ("people: {ann: {absent: [tomorrow]}}", r"absent\.0: .*'tomorrow' is no date: write 2026-12-24"),
        ("people: {ann: {hourz: 1}}", r"people\.ann\.hourz: unknown key\n.*did you mean `hours`"),
        ("people: {ann: {}, '@Ann': {}}", r"ann stands there twice"),
        ("max_open: -1", r"review\.max_open"),
        ("sla_hours: {high: 0}", r"review\.sla_hours\.high"),
        ("reminders: {at: [0]}", r"review\.reminders\.at\.0"),
    ],
)
def test_a_wrong_setting_is_told_with_its_key(text: str, says: str) -> None:
    """And, where it helps, with how to write it."""
    with pytest.raises(ConfigError, match=says):
        configuration.parse(f"review: {{{text}}}")
