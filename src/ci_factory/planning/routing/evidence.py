"""Which past attempts say something about agents, and how much. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from ci_factory.model.history import Outcome, PastAttempt
from ci_factory.model.routing_settings import RoutingConfig
from ci_factory.model.ticket import Size

_DAY = 86_400.0


class Trial(NamedTuple):
    """A decided attempt."""

    agent: str
    size: Size
    area: str
    accepted: bool
    weight: float
    """Halves with every half-life of its age."""


class Spent(NamedTuple):
    """What an attempt took, decided or not."""

    agent: str
    size: Size
    amount: float
    weight: float


def mature(past: Iterable[PastAttempt], now: datetime, settings: RoutingConfig) -> list[PastAttempt]:
    """The decided attempts of mature nights.

    What an agent fails at is known at once, what it delivers waits for people. Whoever counted every decision on the day
    it comes would see agents worse than they are, and the slower reviewed ones most. So a night counts as a whole, once
    people decided about `mature_share` of it or it is `mature_days` old, and what is still open then is left out.
    """
    nights: dict[str, list[PastAttempt]] = defaultdict(list)
    for attempt in past:
        nights[attempt.batch].append(attempt)
    counting = (night for night in nights.values() if _is_mature(night, now, settings))
    return [each for night in counting for each in night if each.outcome is not Outcome.PENDING]


def trials(past: Iterable[PastAttempt], now: datetime, settings: RoutingConfig) -> list[Trial]:
    """What the attempts that count say, each with its weight."""
    return [
        Trial(
            each.agent, each.size, each.area, each.outcome is Outcome.ACCEPTED, _weight(each, now, settings)
        )
        for each in mature(past, now, settings)
    ]


def spendings(past: Iterable[PastAttempt], now: datetime, settings: RoutingConfig) -> Iterator[Spent]:
    """What attempts took, failed ones too, where it is known; empty when nothing is to be counted against."""
    for each in past:
        amount = amount_of(each, settings)
        if amount is not None:
            yield Spent(each.agent, each.size, amount, _weight(each, now, settings))


def amount_of(attempt: PastAttempt, settings: RoutingConfig) -> float | None:
    """What accepted changes are counted against, as far as it is known; `None` per attempt."""
    if settings.per == "attempt":
        return None
    return attempt.cost_usd if settings.per == "cost" else attempt.minutes


def _is_mature(night: Sequence[PastAttempt], now: datetime, settings: RoutingConfig) -> bool:
    decided = sum(each.outcome is not Outcome.PENDING for each in night)
    age = (now - max(each.started_at for each in night)).total_seconds() / _DAY
    return decided >= settings.mature_share * len(night) or age >= settings.mature_days


def _weight(attempt: PastAttempt, now: datetime, settings: RoutingConfig) -> float:
    age = max(0.0, (now - attempt.started_at).total_seconds()) / _DAY
    return float(0.5 ** (age / settings.half_life_days))
