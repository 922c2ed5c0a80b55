"""Distributions from history, size by size, where enough was measured; else they stay as stated."""

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ci_factory.model.history import Outcome, PastAttempt
from ci_factory.model.ticket import Size
from ci_factory.planning.simulation.assumptions import STATED, Assumptions, Class

FEWEST = 20
"""Attempts of a size, or decisions about it, below which what is stated stands."""


def fit(assumptions: Assumptions, past: Iterable[PastAttempt]) -> Assumptions:
    """The assumptions with what past attempts say in place of what is stated.

    Minutes are those of a whole attempt without the overhead, taken as lognormal; failure, acceptance and cost are means.
    """
    attempts: dict[Size, list[PastAttempt]] = {size: [] for size in Size}
    for each in past:
        attempts[each.size].append(each)
    classes = {size: _fitted(assumptions, of, attempts[size]) for size, of in assumptions.classes.items()}
    return assumptions.model_copy(update={"classes": classes})


def sources(assumptions: Assumptions) -> dict[str, str]:
    """By size where its figures come from."""
    return {size.value: of.source for size, of in assumptions.classes.items()}


def _fitted(assumptions: Assumptions, of: Class, past: Sequence[PastAttempt]) -> Class:
    found: dict[str, Any] = {}
    measured: list[str] = []

    def learn(
        name: str, values: Sequence[float], update: Callable[[Sequence[float]], dict[str, Any]]
    ) -> None:
        if len(values) >= FEWEST:
            found.update(update(values))
            measured.append(f"{name} of {len(values)}")

    overhead = assumptions.overhead_minutes
    minutes = [max(0.1, each.minutes - overhead) for each in past if each.minutes is not None]
    decided = [
        float(each.outcome is Outcome.ACCEPTED) for each in past if each.outcome is not Outcome.PENDING
    ]
    learn("minutes", minutes, _lognormal)
    learn("failures", [float(each.failed) for each in past if each.minutes is not None], _mean_of("failure"))
    learn("decisions", decided, _mean_of("acceptance"))
    learn("cost", [each.cost_usd for each in past if each.cost_usd is not None], _mean_of("usd"))
    learn("tokens", [float(each.tokens) for each in past if each.tokens is not None], _mean_of("tokens"))
    if measured:
        found["source"] = f"measured: {', '.join(measured)}; the rest {STATED}"
    return of.model_copy(update=found)


def _lognormal(values: Sequence[float]) -> dict[str, Any]:
    """Maximum likelihood: mean and deviation of the logarithms."""
    logs = [math.log(value) for value in values]
    return {
        "minutes_median": math.exp(statistics.fmean(logs)),
        "minutes_sigma": min(3.0, statistics.pstdev(logs)),
    }


def _mean_of(name: str) -> Callable[[Sequence[float]], dict[str, Any]]:
    return lambda values: {name: statistics.fmean(values)}
