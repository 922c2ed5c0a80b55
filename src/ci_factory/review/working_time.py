"""Working time: when a person or the team works, across time zones and changes of the clock. Pure.

A day's working time is a set of spans on that person's own clock. Each is taken to moments in UTC, so a day on which the
clock is set forward or back is as long as it really is: what the clock skips is not worked, what it repeats is worked
twice. Moments are aware datetimes, results are in UTC.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from ci_factory.model.review_settings import (
    DAY_MINUTES,
    WEEKDAYS,
    PersonConfig,
    ReviewConfig,
    absence,
    spans,
    zone,
)

HORIZON = timedelta(days=3650)
"""How far ahead working time is looked for; what lies beyond ten years is as good as never."""
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_WHOLE_DAY = ((0, DAY_MINUTES),)
_NOTHING = timedelta()


@dataclass(frozen=True)
class Calendar:
    """When somebody works."""

    zone: tzinfo
    spans: tuple[tuple[int, int], ...] = _WHOLE_DAY
    """First and end in minutes since midnight, in order, without overlap."""
    days: frozenset[int] = frozenset(range(7))
    """As `date.weekday` counts them."""
    holidays: frozenset[date] = frozenset()
    absent: tuple[tuple[date, date], ...] = ()
    """First and last days."""

    def works_on(self, day: date) -> bool:
        """Whether there is any working time on a day."""
        away = any(first <= day <= last for first, last in self.absent)
        return day.weekday() in self.days and day not in self.holidays and not away

    def without_absences(self) -> "Calendar":
        """The same, as if they were always there."""
        return replace(self, absent=())


ALWAYS = Calendar(UTC)
"""Every hour counts."""


def calendar(settings: ReviewConfig, name: str | None = None) -> Calendar:
    """When a person works, or the team (`None`). Without known hours a working day counts whole."""
    own = settings.person(name) if name is not None else PersonConfig()
    hours = own.hours or settings.hours
    return Calendar(
        zone=zone(own.timezone or settings.timezone),
        spans=spans(hours) if hours else _WHOLE_DAY,
        days=frozenset(WEEKDAYS.index(day) for day in own.days or settings.days),
        holidays=frozenset(settings.holidays),
        absent=tuple(absence(each) for each in own.absent),
    )


def clock(settings: ReviewConfig, name: str | None = None) -> Calendar:
    """The hours that a time limit counts for a person, or the team (`None`). Absences do not stop it."""
    own = settings.person(name) if name is not None else PersonConfig()
    known = own.hours or settings.hours
    if settings.clock == "working" or (settings.clock == "auto" and known):
        return calendar(settings, name).without_absences()
    return ALWAYS


def working_time(who: Calendar, start: datetime, end: datetime) -> timedelta:
    """Working time from `start` to `end`; none when `end` is not later."""
    start, end, total = start.astimezone(UTC), end.astimezone(UTC), _NOTHING
    for first, last in _shifts(who, start):
        if first >= end or first - start > HORIZON:
            break
        total += max(_NOTHING, min(last, end) - max(first, start))
    return total


def add(who: Calendar, start: datetime, duration: timedelta) -> datetime:
    """The moment at which `duration` of working time has passed since `start`; after ten years at the latest.

    No duration gives `start` itself; else the result is within working time, or at its end.
    """
    start, left = start.astimezone(UTC), duration
    if left <= _NOTHING:
        return start
    for first, last in _shifts(who, start):
        begin = max(first, start)
        if begin - start > HORIZON:
            break
        if left <= last - begin:
            return begin + left
        left -= max(_NOTHING, last - begin)
    return start + HORIZON


def next_moment(who: Calendar, at: datetime) -> datetime | None:
    """`at` when it is within working time, else the next moment that is; `None` when there is none in ten years."""
    at = at.astimezone(UTC)
    for first, last in _shifts(who, at):
        if first - at > HORIZON:
            return None
        if at < last:
            return max(first, at)
    return None


def next_day(who: Calendar, at: datetime) -> datetime | None:
    """The first working moment of the first working day that begins after the day of `at`."""
    midnight = _moment(at.astimezone(who.zone).date() + _DAY, 0, who.zone)
    return next_moment(who, midnight)


def day_window(who: Calendar, day: date) -> tuple[datetime, datetime] | None:
    """First and last moment of a day's working time, `None` on a day off."""
    found = _of_day(who, day)
    return (found[0][0], found[-1][1]) if found else None


def _shifts(who: Calendar, start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Spans of work from the day of `start` on, in order; they end with the horizon."""
    day = start.astimezone(who.zone).date()
    for _ in range(HORIZON.days + 2):
        yield from _of_day(who, day)
        day += _DAY


@lru_cache(maxsize=8192)
def _of_day(who: Calendar, day: date) -> tuple[tuple[datetime, datetime], ...]:
    if not who.works_on(day):
        return ()
    moments = ((_moment(day, first, who.zone), _moment(day, end, who.zone)) for first, end in who.spans)
    return tuple((first, end) for first, end in moments if first < end)


def _moment(day: date, minute: int, where: tzinfo) -> datetime:
    """The first moment at which the clock shows this time, or more where it skips it; in UTC."""
    shown = datetime.combine(day, time()) + timedelta(minutes=minute)
    before, after = (shown.replace(tzinfo=where, fold=fold).astimezone(UTC) for fold in (0, 1))
    if before <= after:  # unambiguous, or the first of two
        return before
    early, late = after, before  # the clock skips it somewhere in between (PEP 495)
    while late - early > _SECOND:
        middle = early + (late - early) / 2
        skipped = middle.astimezone(where).replace(tzinfo=None) >= shown
        early, late = (early, middle) if skipped else (middle, late)
    return late.replace(microsecond=0)
