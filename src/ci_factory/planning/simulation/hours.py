"""Working hours and moments of the day as minutes since the simulation's start; summer time counts."""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ci_factory.model.base import Value
from ci_factory.model.review_settings import WEEKDAYS, Days, Hours, TimeZone, spans

_MINUTE = timedelta(minutes=1)
_AFTER = 10
"""Days after the last night on which reviewers go on."""


class Day(Value):
    """The clock of a factory: local times as HH:MM."""

    zone: TimeZone = "UTC"
    starts: time = time(18)
    """The batch."""
    closes: time = time(6)
    """No ticket starts after it."""
    deadline: time = time(9)
    """By when merge requests are to be ready."""
    hours: Hours = "09:00-12:00"
    """Of reviewers."""
    days: Days = ("mon", "tue", "wed", "thu", "fri")
    """On which reviewers work."""


class Calendar:
    """Nights and review windows from one moment on."""

    def __init__(self, day: Day, start: datetime, nights: int, window: float | None = None) -> None:
        """Night 0 begins at `start`, the others at their time of day; review windows go on for ten days after the last.

        `window` is the length of a night in minutes, in place of the time of day at which it closes.
        """
        self._day, self._zone, self._window = day, ZoneInfo(day.zone), window
        self.origin = start.astimezone(UTC)
        first = start.astimezone(self._zone).date()
        self.nights = tuple(self._night(first, number) for number in range(nights))
        working = {WEEKDAYS.index(each) for each in day.days}
        days = (first + timedelta(days=offset) for offset in range(nights + _AFTER))
        windows = [
            (each, *found) for each in days if each.weekday() in working for found in self._review(each)
        ]
        self._dates = tuple(date_ for date_, _, _ in windows)
        self.opens = tuple(begin for _, begin, _ in windows)
        self.ends = tuple(end for _, _, end in windows)

    def working(self, minute: float) -> bool:
        """Whether reviewers work at this minute."""
        place = bisect_right(self.opens, minute) - 1
        return place >= 0 and minute < self.ends[place]

    def after(self, start: float, minutes: float) -> float:
        """When a review is done that begins at `start`, which is within working hours; a long one goes on the next day."""
        place = bisect_right(self.opens, start) - 1
        left = minutes
        while place < len(self.opens):
            begin = max(start, self.opens[place])
            if begin + left <= self.ends[place]:
                return begin + left
            left -= max(0.0, self.ends[place] - begin)
            place += 1
        return float("inf")

    def capacity(self, now: float) -> float:
        """Working minutes of one reviewer on the next day on which people work, or on what is left of this one."""
        place = bisect_right(self.ends, now)
        total = 0.0
        for each in range(place, len(self.opens)):
            if self._dates[each] != self._dates[place]:
                break
            total += self.ends[each] - max(now, self.opens[each])
        return total

    def moment(self, minute: float) -> datetime:
        """The moment in UTC."""
        return self.origin + minute * _MINUTE

    def _night(self, first: date, number: int) -> tuple[float, float, float]:
        """Start, close and deadline."""
        evening = first + timedelta(days=number)
        start = self._minute(evening, self._day.starts) if number else 0.0
        close = self._next(evening, self._day.closes, start) if self._window is None else start + self._window
        return start, close, self._next(evening, self._day.deadline, start)

    def _next(self, evening: date, clock: time, after: float) -> float:
        """The first such time of day after a minute."""
        same = self._minute(evening, clock)
        return same if same > after else self._minute(evening + timedelta(days=1), clock)

    def _review(self, day: date) -> Iterator[tuple[float, float]]:
        for first, end in spans(self._day.hours):
            begin, until = (self._minute(day, _clock(minutes)) for minutes in (first, end))
            if until > 0:
                yield max(0.0, begin), until

    def _minute(self, day: date, clock: time) -> float:
        return (self._at(day, clock) - self.origin) / _MINUTE

    def _at(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, self._zone).astimezone(UTC)


def _clock(minutes: int) -> time:
    """Minutes since midnight as a time of day; the day's end is its last minute."""
    return time(*divmod(min(minutes, 24 * 60 - 1), 60))
