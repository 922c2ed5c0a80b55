"""Working time across days off, time zones and changes of the clock."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_factory import config as configuration
from ci_factory.model.review_settings import DAY_MINUTES
from ci_factory.review import working_time
from ci_factory.review.working_time import HORIZON, Calendar

HOUR = timedelta(hours=1)
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Atlantic/Azores",
)
OFFICE = "hours: '09:00-12:00, 13:00-17:00', timezone: Europe/Berlin, holidays: [2026-12-25]"


def calendar(text: str, name: str | None = None) -> Calendar:
    """Of a person, or the team, by these review settings."""
    return working_time.calendar(configuration.parse(f"review: {{{text}}}").review, name)


def local(text: str, zone: str = "Europe/Berlin") -> datetime:
    """A moment on somebody's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """Any working hours, anywhere, with days off."""
    edges = sorted(draw(st.sets(st.integers(0, DAY_MINUTES), min_size=2, max_size=6)))
    edges = edges[: len(edges) // 2 * 2]
    days = draw(st.sets(st.integers(0, 6), min_size=1))
    days_off = st.dates(date(2026, 1, 1), date(2027, 1, 1))
    away = [sorted(pair) for pair in draw(st.lists(st.tuples(days_off, days_off), max_size=2))]
    return Calendar(
        zone=ZoneInfo(draw(st.sampled_from(ZONES))),
        spans=tuple(zip(edges[::2], edges[1::2], strict=True)),
        days=frozenset(days),
        holidays=frozenset(draw(st.sets(days_off, max_size=3))),
        absent=tuple((first, last) for first, last in away),
    )


MOMENTS = st.integers(0, 300 * 24 * 60).map(
    lambda minutes: datetime(2026, 2, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
SPANS = st.timedeltas(timedelta(), timedelta(days=10))


@settings(max_examples=60, deadline=None)
@given(calendars(), MOMENTS, SPANS, SPANS)
def test_working_time_is_additive_and_never_more_than_time(
    who: Calendar, start: datetime, first: timedelta, second: timedelta
) -> None:
    """What is worked from a to c is what is worked from a to b and from b to c."""
    middle, end = start + first, start + first + second
    parts = working_time.working_time(who, start, middle) + working_time.working_time(who, middle, end)
    assert parts == working_time.working_time(who, start, end)
    assert timedelta() <= parts <= end - start


@settings(max_examples=60, deadline=None)
@given(calendars(), MOMENTS, SPANS, SPANS)
def test_adding_is_the_inverse_and_monotone(
    who: Calendar, start: datetime, less: timedelta, more: timedelta
) -> None:
    """After adding a duration so much was worked; more of it, or a later start, never ends earlier."""
    until = working_time.add(who, start, less)
    if until < start + HORIZON:
        assert working_time.working_time(who, start, until) == less
    assert working_time.add(who, start, less + more) >= until >= start
    assert working_time.add(who, start + more, less) >= until


@settings(max_examples=60, deadline=None)
@given(calendars(), MOMENTS)
def test_the_next_moment_is_the_first_one_worked(who: Calendar, at: datetime) -> None:
    """Nothing is worked before it, something right after it, and it is its own next moment."""
    found = working_time.next_moment(who, at)
    if found is None:
        assert working_time.working_time(who, at, at + timedelta(days=400)) == timedelta()
        return
    second = timedelta(seconds=1)
    assert found >= at
    assert working_time.working_time(who, at, found) == timedelta()
    assert working_time.working_time(who, found, found + second) > timedelta()
    assert working_time.next_moment(who, found) == found


@pytest.mark.parametrize(
    ("hours", "zone", "day", "worked"),
    [
        ("00:00-24:00", "Europe/Berlin", "2026-03-29", 23),
        ("00:00-24:00", "Europe/Berlin", "2026-10-25", 25),
        ("00:00-24:00", "Australia/Lord_Howe", "2026-04-05", 24.5),
        ("00:00-24:00", "Atlantic/Azores", "2026-03-29", 23),
        ("00:00-24:00", "Atlantic/Azores", "2026-10-25", 25),
        ("01:00-02:30", "Europe/Berlin", "2026-03-29", 1),
        ("02:15-02:45", "Europe/Berlin", "2026-03-29", 0),
        ("02:30-04:00", "Europe/Berlin", "2026-03-29", 1),
        ("02:00-03:00", "Europe/Berlin", "2026-10-25", 2),
        ("09:00-17:00", "Europe/Berlin", "2026-03-29", 8),
    ],
)
def test_a_day_on_which_the_clock_changes_is_as_long_as_it_is(
    hours: str, zone: str, day: str, worked: float
) -> None:
    """What the clock skips is not worked, what it repeats is worked twice."""
    who = calendar(f"hours: '{hours}', timezone: {zone}, days: [sun]")
    start = local(f"{day}T00:00", zone)
    end = local(f"{day}T23:59:59", zone) + timedelta(seconds=1)
    assert working_time.working_time(who, start.astimezone(UTC), end.astimezone(UTC)) == worked * HOUR


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-03-05T10:00", 2, "2026-03-05T12:00"),
        ("2026-03-05T10:00", 3, "2026-03-05T14:00"),
        ("2026-03-05T20:00", 1, "2026-03-06T10:00"),
        ("2026-03-06T16:00", 2, "2026-03-09T10:00"),
        ("2026-03-27T16:00", 9, "2026-03-31T10:00"),
        ("2026-12-24T16:00", 2, "2026-12-28T10:00"),
        ("2026-03-07T12:00", 0, "2026-03-07T12:00"),
    ],
)
def test_hours_are_added_around_nights_weekends_and_holidays(start: str, hours: float, end: str) -> None:
    """On the clock of the person, whatever the offset is on either side."""
    assert working_time.add(calendar(OFFICE), local(start), hours * HOUR) == local(end)


def test_a_person_has_their_own_zone_and_hours() -> None:
    """What is left out is the team's; names do not differ by case."""
    text = f"{OFFICE}, people: {{Ann: {{timezone: America/New_York}}, ben: {{hours: '20:00-22:00'}}}}"
    ann, ben = calendar(text, "ann"), calendar(text, "@Ben")
    assert working_time.next_moment(ann, local("2026-03-05T10:00")) == local(
        "2026-03-05T09:00", "America/New_York"
    )
    assert working_time.next_moment(ben, local("2026-03-05T10:00")) == local("2026-03-05T20:00")


@pytest.mark.parametrize(
    ("settings_text", "ends"),
    [
        ("", "2026-03-07T18:00"),
        ("hours: '09:00-17:00'", "2026-03-09T17:00"),
        ("hours: '09:00-17:00', clock: always", "2026-03-07T18:00"),
        ("clock: working", "2026-03-09T18:00"),
        ("people: {ann: {hours: '09:00-17:00'}}", "2026-03-09T17:00"),
        ("hours: '09:00-17:00', people: {ann: {absent: [2026-03-09]}}", "2026-03-09T17:00"),
    ],
)
def test_a_time_limit_counts_working_hours_where_they_are_known(settings_text: str, ends: str) -> None:
    """By default of whoever's hours are configured; an absence stops no clock."""
    clock = working_time.clock(configuration.parse(f"review: {{{settings_text}}}").review, "ann")
    hours = 8 if "09:00" in settings_text and "always" not in settings_text else 24
    assert working_time.add(clock, local("2026-03-06T18:00", "UTC"), hours * HOUR) == local(ends, "UTC")


def test_who_never_works_again_ends_the_search() -> None:
    """Ten years ahead, not for ever."""
    who = calendar("people: {ann: {absent: [2020-01-01..2400-01-01]}}", "ann")
    start = local("2026-03-05T10:00")
    assert working_time.next_moment(who, start) is None
    assert working_time.add(who, start, HOUR) == start + HORIZON
