"""Sums over the attempts of a night, as they are kept."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import fsum

from ci_factory.metrics.facts import AttemptFact, History


def worked(attempts: Iterable[AttemptFact]) -> list[AttemptFact]:
    """Attempts in which an agent was asked."""
    return [attempt for attempt in attempts if attempt.worked]


def total_cost(attempts: Sequence[AttemptFact]) -> tuple[float | None, str]:
    """Cost of all attempts in US dollars, `None` when any is unknown, and the words that say so."""
    known = [attempt.usage.cost_usd for attempt in attempts if attempt.usage.cost_usd is not None]
    if len(known) == len(attempts):
        return (fsum(known) if known else None), ""
    unknown = len(attempts) - len(known)
    return (
        None,
        f"cost of {unknown} of {len(attempts)} attempts unknown; the others sum to {fsum(known):.2f} USD",
    )


def lane_seconds(history: History, batch_id: str | None = None) -> tuple[float, float]:
    """Seconds that lanes were busy, and that they could have been, in one batch or in all."""
    lanes = {batch.id: batch.lanes for batch in history.batches}
    nights: dict[str, list[AttemptFact]] = defaultdict(list)
    for attempt in worked(history.attempts):
        if attempt.batch in lanes and batch_id in {None, attempt.batch}:
            nights[attempt.batch].append(attempt)
    busy = available = 0.0
    for night, attempts in nights.items():
        start, end = min(a.started_at for a in attempts), max(a.finished_at for a in attempts)
        busy += fsum(attempt.seconds for attempt in attempts)
        available += lanes[night] * max(0.0, (end - start).total_seconds())
    return busy, available
