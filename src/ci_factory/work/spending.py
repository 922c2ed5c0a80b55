"""What one call of an agent spends on its model, counted while it does: the gateway's meter."""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from ci_factory.config import Price
from ci_factory.model.attempt import Usage
from ci_factory.system.model_exchange import Tap
from ci_factory.work.agents import output
from ci_factory.work.agents.metering import UsageReader
from ci_factory.work.agents.protocol import AgentResult, ModelRefusal, ModelUse
from ci_factory.work.agents.refusals import READ, refusal
from ci_factory.work.budget import Allowance
from ci_factory.work.pricing import cost_of, known_price

_REFUSALS = 20
_ERROR = 400


@dataclass
class Ledger:
    """Asked and told from the gateway's threads; within an allowance, at given prices."""

    allowance: Allowance
    prices: Mapping[str, Price]
    now: Callable[[], datetime]
    calls: int = 0
    uses: list[ModelUse] = field(default_factory=list)
    """Of the requests that are over; of one that was refused, nothing was used."""
    refusals: list[ModelRefusal] = field(default_factory=list)
    """Newest last; the oldest are forgotten."""
    told: Callable[[Usage], None] = lambda _usage: None
    """Hears what the requests that are over used, after each of them."""
    _over: str = ""
    _denied: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def admit(self) -> str:
        """Count a request; why it may not be made, in words that name the budget."""
        with self._lock:
            if not self._over and not self.allowance.may_ask(self.calls):
                self._over = self.allowance.too_many_calls()
            self.calls += not self._over
            self._denied = bool(self._over)
            return self._over

    def answered(self, status: int, headers: Mapping[str, str]) -> Tap:
        """Read the answer as it passes."""
        return _Refusal(self, status, headers) if status >= _ERROR else _Answer(self, headers)

    def lost(self, *, sent: bool) -> None:
        """What a request without an answer used, nobody knows."""
        self.note(ModelUse() if sent else ModelUse(input_tokens=0, output_tokens=0, cost_usd=0))

    def note(self, use: ModelUse, refused: ModelRefusal | None = None) -> None:
        """One request is over."""
        with self._lock:
            cost = cost_of(use, self.prices)
            self.uses.append(replace(use, cost_usd=cost))
            self.refusals += [refused] if refused else []
            del self.refusals[:-_REFUSALS]
            self._over = self._over or self.allowance.exceeded(self._known())
            so_far = output.usage(self.uses).model_copy(update={"calls": len(self.uses)})
        self.told(so_far)

    def exceeded(self) -> str:
        """Why the agent has to end now; empty: it has not."""
        with self._lock:
            return self._over

    def ended_it(self, *, ok: bool) -> str:
        """Why it ended, if that was why: a request was denied, or it did not end well; else empty."""
        with self._lock:
            return self._over if self._denied or not ok else ""

    def usage(self) -> Usage:
        """What all requests used together; a part that one of them did not tell is unknown."""
        with self._lock:
            if not self.calls:
                return Usage(input_tokens=0, output_tokens=0, cost_usd=0, calls=0)
            pending = [ModelUse()] * (self.calls - len(self.uses))
            return output.usage([*self.uses, *pending]).model_copy(update={"calls": self.calls})

    def _known(self) -> Usage:
        """At least so much."""
        return Usage(
            input_tokens=sum(use.input_tokens or 0 for use in self.uses),
            output_tokens=sum(use.output_tokens or 0 for use in self.uses),
            cost_usd=sum(use.cost_usd or 0 for use in self.uses),
        )

    def unbounded(self) -> str:
        """Which budget could not be held and why, in words; empty: all that there are were."""
        known = self.usage()
        with self._lock:
            models = (use.model for use in self.uses if use.model and use.cost_usd is None)
            free = next((model for model in models if not known_price(model, self.prices)), None)
        return self.allowance.unbounded(known, f"there is no price for {free} (prices)" if free else "")


@dataclass
class _Answer:
    """Reads the usage."""

    ledger: Ledger
    headers: Mapping[str, str]

    def __post_init__(self) -> None:
        self._reader = UsageReader(self.headers)

    def feed(self, piece: bytes) -> None:
        self._reader.feed(piece)

    def close(self, *, whole: bool) -> None:
        self.ledger.note(self._reader.use(whole=whole))


@dataclass
class _Refusal:
    """Reads why."""

    ledger: Ledger
    status: int
    headers: Mapping[str, str]
    text: bytes = b""

    def feed(self, piece: bytes) -> None:
        self.text = (self.text + piece)[:READ]

    def close(self, *, whole: bool) -> None:
        del whole
        found = refusal(self.status, self.headers, self.text, self.ledger.now())
        self.ledger.note(ModelUse(input_tokens=0, output_tokens=0, cost_usd=0), found)


def filled(result: AgentResult, ledger: Ledger | None) -> AgentResult:
    """With what the gateway saw: an agent can't tell less than that, and often tells nothing when it was killed."""
    if ledger is None:
        return result
    seen, told = ledger.usage(), result.usage
    usage = Usage(
        input_tokens=output.most(told.input_tokens, seen.input_tokens),
        output_tokens=output.most(told.output_tokens, seen.output_tokens),
        cost_usd=output.most(told.cost_usd, seen.cost_usd),
        calls=seen.calls,
    )
    model = result.model or next((use.model for use in reversed(ledger.uses) if use.model), None)
    return replace(result, usage=usage, model=model, refusals=tuple(ledger.refusals))


def total(usages: Iterable[Usage]) -> Usage:
    """The sum over calls; a part that one call did not tell is unknown in total. Of no calls it is zero."""
    used = tuple(usages) or (Usage(input_tokens=0, output_tokens=0, cost_usd=0, calls=0),)
    return output.usage(
        [ModelUse(None, one.input_tokens, one.output_tokens, None, one.cost_usd) for one in used]
    ).model_copy(update={"calls": output.total([one.calls for one in used])})
