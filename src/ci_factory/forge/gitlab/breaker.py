"""A circuit breaker: while a server is down, one probe at a time asks for it, and everybody else waits.

States as M. Nygard, "Release It!", names them: closed, open, half-open (a probe is under way).
"""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

from ci_factory.errors import ForgeError
from ci_factory.forge.gitlab.rates import INSTANT, Pace, delay
from ci_factory.model.forge_settings import Rates
from ci_factory.system.clock import Clock

_UNTIL_PROBE = 3
"""The first probe waits as long as a fourth try would."""


class Breaker:
    """The health of one server, shared by all threads that talk to it."""

    def __init__(self, rates: Rates, clock: Clock, pace: Pace, probe: Callable[[], bool]) -> None:
        self._rates, self._clock, self._pace, self._probe = rates, clock, pace, probe
        self._changed = threading.Condition()
        self._failures = 0
        self._since: float | None = None
        self._next_probe = 0.0
        self._probes = 0
        self._probing = False

    @property
    def is_open(self) -> bool:
        """Whether calls wait for a probe."""
        with self._changed:
            return self._failures >= self._rates.outage_failures

    def succeeded(self) -> None:
        """The server answered, whatever it said."""
        with self._changed:
            self._failures = self._probes = 0
            self._since = None
            self._changed.notify_all()

    def failed(self) -> None:
        """The server did not answer, or with 5xx."""
        with self._changed:
            now = self._clock.monotonic()
            self._since = now if self._since is None else self._since
            self._failures += 1
            if self._failures == self._rates.outage_failures:
                self._next_probe = now + delay(_UNTIL_PROBE)

    def pass_through(self) -> None:
        """Return when the server may be asked: at once when closed, else after a probe that succeeded.

        Raises:
            ForgeError: it has been down for longer than we wait.
        """
        while (seconds := self._turn()) is not None:
            if seconds > 0:
                self._pace.wait(seconds, "GitLab does not answer")
            else:
                self._half_open()

    def _turn(self) -> float | None:
        """None: go. Else seconds until it is our turn to probe; 0 means now, and nobody else does."""
        with self._changed:
            while self._probing:
                self._changed.wait()
            if self._failures < self._rates.outage_failures:
                return None
            now = self._clock.monotonic()
            if self._next_probe - now > INSTANT:
                self._give_up_after(self._next_probe)
                return self._next_probe - now
            self._probing = True
            return 0.0

    def _give_up_after(self, moment: float) -> None:
        bound = self._rates.outage_minutes * 60
        since = moment if self._since is None else self._since
        if moment - since <= bound:
            return
        down = self._clock.monotonic() - since
        began = datetime.fromtimestamp(self._clock.now().timestamp() - down, UTC)
        raise ForgeError(
            f"GitLab does not answer since {began:%Y-%m-%d %H:%M:%S} UTC",
            fix="run again when it does: what is published stays, and nothing is half done",
        )

    def _half_open(self) -> None:
        good = False
        try:
            good = self._probe()
        finally:
            with self._changed:
                self._probing = False
                self._probes += 1
                self._next_probe = self._clock.monotonic() + delay(_UNTIL_PROBE + self._probes)
                self._changed.notify_all()
        if good:
            self.succeeded()
