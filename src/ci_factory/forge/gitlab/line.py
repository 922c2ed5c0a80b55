"""Requests that survive: rate limits pause them, outages hold them, and lost answers are told apart from refusals."""

from dataclasses import dataclass

from ci_factory.errors import ForgeError
from ci_factory.forge.gitlab.breaker import Breaker
from ci_factory.forge.gitlab.rates import Pace, kind_of, told_wait
from ci_factory.forge.gitlab.wire import Answer, Lost, Request, Wire
from ci_factory.model.forge_settings import Rates
from ci_factory.model.text import plain
from ci_factory.system.clock import Clock

_TIMED_OUT, _LOCKED, _TOO_MANY, _SERVER_ERROR = 408, 409, 429, 500
_SETTLE = 1.0
"""Seconds before we look whether a request had its effect after all."""


@dataclass(frozen=True)
class Failure:
    """A try that came to nothing, or that nobody knows what it came to."""

    why: str
    ambiguous: bool
    """Whether it may have had its effect."""
    alive: bool = False
    """Whether the server is well all the same."""
    told: float = 0.0
    """Seconds after which the server asks us to come back."""


class Line:
    """The way to one server, shared by all threads of a process."""

    def __init__(self, wire: Wire, rates: Rates, clock: Clock, pace: Pace, probe: Request) -> None:
        self.wire, self.rates, self.pace, self._clock = wire, rates, pace, clock
        self.breaker = Breaker(rates, clock, pace, lambda: self._alive(probe))

    def _alive(self, probe: Request) -> bool:
        result = self.wire.exchange(probe)
        return isinstance(result, Answer) and result.status < _SERVER_ERROR

    def once(self, request: Request) -> Answer | Failure:
        """One try. An answer of 429 had no effect: it is waited for, and asked again.

        Raises:
            ForgeError: the rate limit or an outage lasts longer than we wait.
        """
        kind, limited = kind_of(request.method, request.address), 0
        while True:
            self.breaker.pass_through()
            self.pace.enter(kind)
            result = self._judge(self.wire.exchange(request))
            self.record(alive=isinstance(result, Answer) or result.alive)
            if isinstance(result, Failure) or result.status != _TOO_MANY:
                return result
            limited += 1
            self.pace.limited(kind, result.headers, limited)

    def _judge(self, result: Answer | Lost) -> Answer | Failure:
        if isinstance(result, Lost):
            return Failure(result.why, ambiguous=result.sent)
        if result.status == _LOCKED and b"esource lock" in result.body:
            return Failure("another request holds the lock (409)", ambiguous=False, alive=True)
        if result.status >= _SERVER_ERROR or result.status == _TIMED_OUT:
            said = plain(result.body.decode("utf-8", "replace"), 100)
            told = told_wait(result.headers, self._clock.now().timestamp()) or 0.0
            return Failure(f"it says {result.status}: {said}", ambiguous=True, told=told)
        return result

    def record(self, *, alive: bool) -> None:
        """Tell the breaker how a try ended."""
        if alive:
            self.breaker.succeeded()
        else:
            self.breaker.failed()

    def again(self, tries: int, failure: Failure, where: str) -> None:
        """Wait before the next of `tries` tries so far.

        Raises:
            ForgeError: there were enough, or the server wants to be left alone for longer than we wait.
        """
        if tries >= self.rates.tries or failure.told > self.rates.longest_wait_minutes * 60:
            raise ForgeError(
                f"GitLab failed {tries} times: {failure.why}",
                where=where,
                fix="run again later: what is published stays",
            )
        self.pace.wait(max(failure.told, self.pace.jitter(tries)), f"another try: {failure.why}")

    def settle(self, failure: Failure) -> None:
        """Leave the server the time to finish what it may still be doing."""
        self.pace.wait(_SETTLE, f"to see what came of it: {failure.why}")

    def repeat(self, request: Request, where: str) -> tuple[Answer, int]:
        """The answer to a request that may be sent twice, and the number of tries it took.

        Raises:
            ForgeError: there is no answer after all tries.
        """
        tries = 1
        while isinstance(result := self.once(request), Failure):
            self.again(tries, result, where)
            tries += 1
        return result, tries
