"""What several collectors know, as one. Pure.

What artifacts told (nights, attempts, gates, questions) goes when they expire; a job that had them may have written it down.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from ci_factory.metrics.facts import (
    AftermathFact,
    AttemptFact,
    EscalationFact,
    GateFact,
    History,
    PredictionFact,
)
from ci_factory.model.base import Value

Fact = TypeVar("Fact", bound=Value)
Key = tuple[str, ...]


def with_work_of(before: History, other: History) -> History:
    """What was known, with what somebody else knows of work: nights, attempts, gates, questions, predictions.

    The same again changes nothing. What the forge tells stays as it was known: it is read from the forge.
    """

    def key(each: AttemptFact | EscalationFact | PredictionFact) -> Key:
        return each.batch, each.ticket

    answered = {key(each): each.answered_at for each in before.escalations}
    asked = (
        each.model_copy(update={"answered_at": each.answered_at or answered.get(key(each))})
        for each in other.escalations
    )
    return before.model_copy(
        update={
            "batches": _both(
                before.batches, other.batches, lambda batch: (batch.created_at.isoformat(), batch.id)
            ),
            "attempts": _both(before.attempts, other.attempts, key),
            "gates": _gates(before.gates, other.gates),
            "escalations": _both(before.escalations, asked, key),
            "predictions": _both(before.predictions, other.predictions, key),
        }
    )


def _both(before: Iterable[Fact], now: Iterable[Fact], key: Callable[[Fact], Key]) -> tuple[Fact, ...]:
    """One of each key, the newer if there are two, in the order of the keys."""
    found = {key(fact): fact for fact in (*before, *now)}
    return tuple(found[each] for each in sorted(found))


def aftermath(before: Iterable[AftermathFact], now: Iterable[AftermathFact]) -> tuple[AftermathFact, ...]:
    """One of each merge request, the newer if there are two."""
    found = {each.iid: each for each in (*before, *now)}
    return tuple(found[iid] for iid in sorted(found))


def _gates(before: Iterable[GateFact], now: Iterable[GateFact]) -> tuple[GateFact, ...]:
    """A gate's own words are kept where now only the note on the merge request tells of it."""

    def key(fact: GateFact) -> Key:
        return fact.batch, fact.ticket, fact.gate

    told = {key(fact): fact for fact in before if fact.seconds is not None}
    fresh = [told.get(key(fact), fact) if fact.seconds is None else fact for fact in now]
    return _both(before, fresh, key)
