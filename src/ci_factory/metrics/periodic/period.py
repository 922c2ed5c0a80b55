"""Weeks after ISO 8601 and months of the calendar, in UTC. Pure."""

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from ci_factory.model.base import Moment, Value


class Kind(StrEnum):
    """How long a period is."""

    WEEK = "week"
    MONTH = "month"

    @property
    def adverb(self) -> str:
        """`weekly`."""
        return f"{self.value}ly"


class Period(Value):
    """One week or month; `since` belongs to it, `until` no more."""

    kind: Kind
    name: str
    """`2026-W47` or `2026-11`."""
    since: Moment
    until: Moment

    @property
    def key(self) -> str:
        """The key of its note: one report each."""
        return f"{self.kind.value}-{self.name.lower()}"

    @property
    def before(self) -> "Period":
        """The one before it."""
        return containing(self.kind, self.since.date() - timedelta(days=1))

    @property
    def last_day(self) -> date:
        """Its last day."""
        return self.until.date() - timedelta(days=1)

    def over(self, now: datetime) -> bool:
        """Whether it has ended."""
        return now >= self.until


def containing(kind: Kind, day: date) -> Period:
    """The period that a day is in."""
    if kind is Kind.WEEK:
        year, week, weekday = day.isocalendar()
        first = day - timedelta(days=weekday - 1)
        return Period(
            kind=kind,
            name=f"{year}-W{week:02d}",
            since=_start(first),
            until=_start(first + timedelta(days=7)),
        )
    first = day.replace(day=1)
    after = (first + timedelta(days=31)).replace(day=1)
    return Period(kind=kind, name=f"{day:%Y-%m}", since=_start(first), until=_start(after))


def newest(kind: Kind, now: datetime) -> Period:
    """The newest period that is over."""
    return containing(kind, now.astimezone(UTC).date()).before


def _start(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
