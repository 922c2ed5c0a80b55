"""Settings of the review queue: who reviews, when they work, by when a change is decided, and whom to remind when."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, tzinfo
from itertools import pairwise
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from ci_factory.model.base import Json, Value
from ci_factory.model.ticket import Priority

DEFAULT_SLA_HOURS: dict[Priority, float] = {
    Priority.CRITICAL: 4,
    Priority.HIGH: 8,
    Priority.MEDIUM: 24,
    Priority.LOW: 72,
}
MAX_HOURS = 24.0 * 3650
"""Of a time limit; beyond ten years there is none, and dates must stay within the calendar."""
DAY_MINUTES = 24 * 60
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""As `date.weekday` counts them."""
_SPAN = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_MOST_SPANS = 12


def spans(hours: str) -> tuple[tuple[int, int], ...]:
    """`"09:00-12:30, 13:00-17:00"` as (first, end) in minutes since midnight.

    Raises:
        ValueError: a span is no span, ends before it begins, or begins before the one before it has ended.
    """
    found = tuple(_span(word.strip()) for word in hours.split(","))
    if len(found) > _MOST_SPANS:
        msg = f"at most {_MOST_SPANS} spans a day"
        raise ValueError(msg)
    for before, after in pairwise(found):
        if after[0] < before[1]:
            msg = f"{_clock(after)} begins before {_clock(before)} has ended: write them in order, without overlap"
            raise ValueError(msg)
    return found


def _span(word: str) -> tuple[int, int]:
    match = _SPAN.fullmatch(word)
    if match is None:
        msg = f"{word[:40]!r} is no span of hours: write 09:00-17:00, several with commas between"
        raise ValueError(msg)
    numbers = [int(part) for part in match.groups()]
    first, end = numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]
    if not first < end <= DAY_MINUTES:
        msg = f"{word} ends before it begins: hours past midnight are two spans, 00:00-06:00, 22:00-24:00"
        raise ValueError(msg)
    return first, end


def _clock(span: tuple[int, int]) -> str:
    return "-".join(f"{minutes // 60:02d}:{minutes % 60:02d}" for minutes in span)


def absence(text: str) -> tuple[date, date]:
    """`"2026-12-24"` or `"2026-12-24..2027-01-02"` as first and last day.

    Raises:
        ValueError: it is neither, or the last day is before the first.
    """
    first, _, last = text.partition("..")
    try:
        found = date.fromisoformat(first.strip()), date.fromisoformat((last or first).strip())
    except ValueError as error:
        msg = f"{text[:40]!r} is no date: write 2026-12-24, or 2026-12-24..2027-01-02 for several days"
        raise ValueError(msg) from error
    if found[1] < found[0]:
        msg = f"{text} ends before it begins"
        raise ValueError(msg)
    return found


def zone(name: str) -> tzinfo:
    """A time zone; UTC needs no database.

    Raises:
        ValueError: there is none of this name, or the system has no time zones at all.
    """
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ValueError, LookupError, OSError) as error:
        fix = "write an IANA name such as Europe/Berlin; a system without time zones needs the package tzdata"
        msg = f"{name[:60]!r} is no time zone here: {fix}"
        raise ValueError(msg) from error


def _zone(name: str) -> str:
    zone(name)
    return name


def _hours(text: str) -> str:
    spans(text)
    return text


def _day_text(given: Json) -> Json:
    """YAML reads a bare date as one."""
    return given.isoformat() if isinstance(given, date) else given


def _absence(text: str) -> str:
    absence(text)
    return text


def _once(days: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(days)) != len(days):
        msg = "a day stands there twice"
        raise ValueError(msg)
    return days


TimeZone = Annotated[str, Field(max_length=100), AfterValidator(_zone)]
"""IANA name of a time zone."""
Hours = Annotated[str, Field(max_length=200), AfterValidator(_hours)]
"""Spans of the day on the person's own clock, such as `09:00-12:30, 13:00-17:00`."""
Days = Annotated[
    tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...],
    Field(min_length=1, max_length=7),
    AfterValidator(_once),
]
Absence = Annotated[str, BeforeValidator(_day_text), Field(max_length=40), AfterValidator(_absence)]
"""A day, or the first and the last with two dots between."""
SlaHours = Annotated[float, Field(gt=0, le=MAX_HOURS)]
Limit = Annotated[int, Field(ge=0, le=10_000)]
Minutes = Annotated[float, Field(ge=0, le=DAY_MINUTES)]


class PersonConfig(Value):
    """What is known of one reviewer; what is left out is the team's."""

    timezone: TimeZone | None = None
    hours: Hours | None = None
    days: Days | None = None
    absent: tuple[Absence, ...] = Field(default=(), max_length=1000)
    max_open: Limit | None = None
    minutes_per_day: Minutes | None = None


class ReviewReminders(Value):
    """When the person who blocks a merge request is reminded."""

    enabled: bool = True
    at: tuple[Annotated[float, Field(gt=0, le=10)], ...] = Field(default=(1.0,), max_length=10)
    """Shares of the time limit; 1 is its end."""
    daily: bool = True
    """Also once on each working day after the time limit."""
    most: int = Field(default=5, ge=1, le=100)
    """Reminders of one person about one thing."""


class ReviewConfig(Value):
    """Who reviews, when they work, and by when."""

    reviewers: tuple[str, ...] = ()
    """Who reviews what nobody owns."""
    groups: dict[str, tuple[str, ...]] = Field(default_factory=dict, max_length=1000)
    """Members of groups that CODEOWNERS, sensitive areas and rules name, such as `group/team`."""
    sla_hours: dict[Priority, SlaHours] = Field(default_factory=lambda: dict(DEFAULT_SLA_HOURS))
    clock: Literal["auto", "always", "working"] = "auto"
    """Which hours a time limit counts; `auto`: working hours of whoever's are known, every hour of others."""
    timezone: TimeZone = "UTC"
    hours: Hours | None = None
    """The team's working hours; `null`: not known, a working day counts whole."""
    days: Days = ("mon", "tue", "wed", "thu", "fri")
    holidays: tuple[date, ...] = Field(default=(), max_length=1000)
    max_open: Limit | None = None
    """Most open merge requests of the factory for one reviewer; `null` has no limit."""
    minutes_per_day: Minutes | None = None
    """That one reviewer has for the factory on a working day; `null`: not known."""
    people: dict[str, PersonConfig] = Field(default_factory=dict, max_length=10_000)
    """By user name; the team's settings hold for what is left out, and for everybody else."""
    reminders: ReviewReminders = ReviewReminders()

    @model_validator(mode="after")
    def _names_differ(self) -> "ReviewConfig":
        for what, names in (("people", self.people), ("groups", self.groups)):
            if twice := _twice(map(bare, names)):
                msg = f"{what}: {twice} stands there twice; names do not differ by case or a leading @"
                raise ValueError(msg)
        return self

    def person(self, name: str) -> PersonConfig:
        """What is known of somebody, whatever the case of the name."""
        return _found(self.people, name) or PersonConfig()

    def members(self, group: str) -> tuple[str, ...]:
        """Who belongs to a group, as far as it is configured."""
        return _found(self.groups, group) or ()

    def limit(self, name: str) -> int | None:
        """The most open merge requests that somebody gets."""
        own = self.person(name).max_open
        return self.max_open if own is None else own

    def minutes(self, name: str) -> float | None:
        """Minutes that somebody has for reviews on a working day; `None` is unknown."""
        own = self.person(name).minutes_per_day
        return self.minutes_per_day if own is None else own


def bare(name: str) -> str:
    """A user's or group's name for comparing: without the leading @, and without case, as forges compare them."""
    return name.removeprefix("@").casefold()


def _found(values: Mapping[str, Json], name: str) -> Json:
    direct = values.get(name)
    if direct is not None:
        return direct
    wanted = bare(name)
    return next((value for key, value in values.items() if bare(key) == wanted), None)


def _twice(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
