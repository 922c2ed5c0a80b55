"""When the next request may go: our own budgets, the server's pauses, and waits before another try."""

import random
import re
import threading
from collections import deque
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from enum import StrEnum

from ci_factory.errors import ForgeError
from ci_factory.model.forge_settings import Rates
from ci_factory.system.clock import Clock

WINDOW = 61.0
"""Seconds of a sliding minute; the one second is for requests that reach the server closer together than we sent them."""
INSTANT = 0.001
"""Seconds that are not worth waiting, and that a clock may not even show."""
FIRST_DELAY = 0.5
LONGEST_DELAY = 60.0
_SPREAD = 2.0
_EPOCH_FROM = 1_000_000_000
_SECONDS = re.compile(r"[0-9]{1,12}")
_CREATES = re.compile(r".*/(?P<what>notes|discussions|issues)")

OnWait = Callable[[float, str], None]
"""Told (seconds, why) before every wait."""


class Kind(StrEnum):
    """What GitLab counts separately."""

    REQUEST = "requests"
    NOTE = "notes"
    ISSUE = "issues"


def kind_of(method: str, address: str) -> Kind:
    """What a request is counted as, beside being a request. Only creations of notes and issues are limited."""
    found = _CREATES.fullmatch(address) if method == "POST" else None
    if found is None:
        return Kind.REQUEST
    return Kind.ISSUE if found["what"] == "issues" else Kind.NOTE


def told_wait(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that an answer asks us to wait, `None` when it does not say.

    Retry-After in seconds or as a date (RFC 9110, 10.2.3), else RateLimit-Reset in seconds since 1970 as GitLab sends
    it (or, as others do, from now). Dates are read against the server's own Date, so that its clock may be wrong.
    `now` is ours, in seconds since 1970, and is used without one.
    """
    present = _moment(headers.get("date", ""))
    here = now if present is None else present
    after = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(after):
        return float(after)
    until = _moment(after)
    if until is not None:
        return max(0.0, until - here)
    reset = headers.get("ratelimit-reset", "").strip()
    if not _SECONDS.fullmatch(reset):
        return None
    return max(0.0, float(reset) - here) if int(reset) >= _EPOCH_FROM else float(reset)


def _moment(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


class Budget:
    """At most `limit` of something in any minute. Places are given in the order they are asked for."""

    def __init__(self, limit: int | None, clock: Clock) -> None:
        self._limit, self._clock = limit, clock
        self._given: deque[float] = deque(maxlen=limit)
        self._lock = threading.Lock()

    def take(self) -> float:
        """Take the next place; the seconds until it, 0 when it is free now."""
        if self._limit is None:
            return 0.0
        with self._lock:
            now = self._clock.monotonic()
            free = self._given[0] + WINDOW if len(self._given) == self._limit else now
            place = free if free - now > INSTANT else now
            self._given.append(place)
            return place - now


class Pauses:
    """Pauses that the server asked for; they hold for all threads, and their sum is bounded.

    Pauses that overlap count once.
    """

    def __init__(self, rates: Rates, clock: Clock) -> None:
        self._rates, self._clock = rates, clock
        self._until: dict[Kind, float] = {}
        self._total = 0.0
        self._lock = threading.Lock()

    def begin(self, kind: Kind, seconds: float) -> None:
        """Let nothing of this kind go for some seconds.

        Raises:
            ForgeError: that is longer than we may wait at once or in all.
        """
        longest, total = self._rates.longest_wait_minutes * 60, self._rates.total_wait_minutes * 60
        if seconds > longest:
            raise _too_long(f"asks us to wait {seconds:.0f} s, longer than {longest:.0f} s at once")
        with self._lock:
            now = self._clock.monotonic()
            until = max(now + seconds, self._until.get(kind, now))
            added = until - max(now, self._until.get(kind, now))
            if self._total + added > total:
                raise _too_long(
                    f"made us wait {self._total:.0f} s and asks for more than {total:.0f} s in all"
                )
            self._total += added
            self._until[kind] = until

    def left(self, kind: Kind) -> float:
        """Seconds until something of this kind may go."""
        with self._lock:
            now = self._clock.monotonic()
            left = max(self._until.get(each, now) - now for each in (kind, Kind.REQUEST))
        return left if left > INSTANT else 0.0


def _too_long(what: str) -> ForgeError:
    return ForgeError(
        f"the rate limit of GitLab {what}",
        fix="run again later: what is published stays; or raise forge.rates.longest_wait_minutes / total_wait_minutes",
    )


class Pace:
    """All waiting of one connection, for all its threads."""

    def __init__(self, rates: Rates, clock: Clock, seed: int, on_wait: OnWait | None) -> None:
        self._clock, self._on_wait, self._longest = clock, on_wait, rates.longest_wait_minutes * 60
        self._random = random.Random(seed)  # noqa: S311 - spreads waits, guards nothing
        self._pauses = Pauses(rates, clock)
        self._budgets = {
            Kind.REQUEST: Budget(rates.requests_per_minute, clock),
            Kind.NOTE: Budget(rates.notes_per_minute, clock),
            Kind.ISSUE: Budget(rates.issues_per_minute, clock),
        }

    def wait(self, seconds: float, why: str) -> None:
        """Wait, and tell the observer first."""
        if seconds <= 0:
            return
        if self._on_wait is not None:
            self._on_wait(seconds, why)
        self._clock.sleep(seconds)

    def enter(self, kind: Kind) -> None:
        """Return when a request of this kind may go."""
        for each in dict.fromkeys((kind, Kind.REQUEST)):
            self.wait(self._budgets[each].take(), f"our budget of {each} a minute is used")
        while (left := self._pauses.left(kind)) > 0:
            self.wait(left, "GitLab's rate limit")

    def limited(self, kind: Kind, headers: Mapping[str, str], tries: int) -> None:
        """A 429 came back: pause everything of its kind, as long as it says, or by backing off when it doesn't.

        Raises:
            ForgeError: that is longer than we may wait at once or in all.
        """
        told = told_wait(headers, self._clock.now().timestamp())
        if told is None:
            seconds = max(self.jitter(tries), FIRST_DELAY)
        else:
            # A little more, to spread those who wait with us; and a server that keeps saying "now" is believed less.
            more = max(told + self._random.uniform(0, min(told / 10, _SPREAD)), delay(tries))
            seconds = max(told, min(more, self._longest))
        self._pauses.begin(kind, seconds)

    def jitter(self, tries: int) -> float:
        """Seconds before the next of `tries` tries so far: anything up to the delay ("full jitter").

        Formula: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
        """
        return self._random.uniform(0, delay(tries))


def delay(tries: int) -> float:
    """The longest wait after `tries` failures (from 1), in seconds: doubled each time, at most a minute."""
    return min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(tries - 1, 30))
