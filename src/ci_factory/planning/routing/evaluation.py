"""What another policy would have been worth, from decisions whose probabilities were logged. Pure.

Each decided ticket counts with the weight w = p_other / p_real of the agent that had it, and weights are normalised by their
sum (self-normalised inverse propensity; Swaminathan and Joachims 2015). Accepted per amount is a ratio of two such means; the
interval of its difference to what really was is by linearisation (the delta method), so that what both have in common
does not widen it.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

LEAST_EFFECTIVE = 10.0
"""Decided tickets that the estimate must be worth; with fewer, a normal interval would promise too much."""


class Logged(NamedTuple):
    """A decided ticket: how probable its agent was under both policies, and what came of it."""

    real: float
    other: float
    accepted: bool
    amount: float
    """1 where accepted changes are counted per attempt."""


class Worth(NamedTuple):
    """Two policies on the same tickets."""

    effective: float
    """Kish's effective sample size of the weights, (sum w)^2 / sum w^2."""
    real: float
    other: float
    low: float
    """Interval of `other - real`."""
    high: float


def effective_size(logged: Sequence[Logged]) -> float:
    """How many tickets the weighted ones are worth."""
    weights = [each.other / each.real for each in logged]
    squares = math.fsum(weight * weight for weight in weights)
    return math.fsum(weights) ** 2 / squares if squares else 0.0


def evaluate(logged: Sequence[Logged], z: float) -> Worth | None:
    """Compare; `None` when the tickets are worth too few, or cost nothing. `z` is the normal point of the interval.

    Every `real` must be above 0: what was never possible can't be judged.
    """
    effective = effective_size(logged)
    if effective < LEAST_EFFECTIVE:
        return None
    ones = [1.0] * len(logged)
    weights = [each.other / each.real for each in logged]
    real, around_real = _ratio(logged, ones)
    other, around_other = _ratio(logged, weights)
    if real is None or other is None:
        return None
    spread = math.sqrt(
        math.fsum((one - two) ** 2 for one, two in zip(around_other, around_real, strict=True))
    )
    half = z * spread * math.sqrt(effective / (effective - 1))
    gain = other - real
    return Worth(effective, real, other, gain - half, gain + half)


def _ratio(logged: Sequence[Logged], weights: Sequence[float]) -> tuple[float | None, list[float]]:
    """Weighted accepted over weighted amount, and what each ticket adds to its error."""
    below = math.fsum(weight * each.amount for weight, each in zip(weights, logged, strict=True))
    if not below:
        return None, []
    ratio = math.fsum(weight * each.accepted for weight, each in zip(weights, logged, strict=True)) / below
    return ratio, [
        weight * (each.accepted - ratio * each.amount) / below
        for weight, each in zip(weights, logged, strict=True)
    ]
