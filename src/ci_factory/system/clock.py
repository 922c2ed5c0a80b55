"""The only place that asks what time it is or waits."""

import time
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Protocol


class Clock(Protocol):
    """A source of time; a night can run under a simulated one."""

    def now(self) -> datetime:
        """The present moment, in UTC."""

    def monotonic(self) -> float:
        """Seconds since some moment; only differences mean something."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait for real."""
        time.sleep(seconds)


def local_zone() -> tzinfo:
    """The zone of this machine's clocks, as it holds now."""
    return datetime.now().astimezone().tzinfo or UTC


class ManualClock:
    """A clock that moves only when told, or when somebody sleeps on it."""

    def __init__(self, start: datetime) -> None:
        """Start at the given moment."""
        self._now = start
        self._start = start

    def now(self) -> datetime:
        """The moment it was moved to."""
        return self._now

    def monotonic(self) -> float:
        """Seconds since it was made."""
        return (self._now - self._start).total_seconds()

    def sleep(self, seconds: float) -> None:
        """Move forward at once."""
        self._now += timedelta(seconds=seconds)
