"""The probability of being the best of several, in closed form: what Thompson sampling draws with. Pure."""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

_POINTS = 64
_NORMAL = NormalDist()
_GRID = tuple(_NORMAL.inv_cdf((point + 0.5) / _POINTS) for point in range(_POINTS))
"""Midpoints of 64 equally likely slices of the standard normal distribution."""
_SERIES_FROM = 8.0


class Belief(NamedTuple):
    """What is believed of the logarithm of an agent's value: a normal distribution."""

    mean: float
    deviation: float


def chances_of_best(beliefs: Sequence[Belief]) -> list[float]:
    """For each, how likely it is that its value is the largest; they sum to 1.

    Thompson sampling (Thompson 1933) draws a value for each and takes the largest; it takes an agent with just this
    probability. It is the integral of the one's density times the others' distribution functions, here by midpoints, so
    it needs no chance, and equal beliefs get equal shares.
    """
    raw = [_best(place, beliefs) for place in range(len(beliefs))]
    total = math.fsum(raw)
    return [share / total for share in raw]


def _best(place: int, beliefs: Sequence[Belief]) -> float:
    own, others = beliefs[place], [each for at, each in enumerate(beliefs) if at != place]
    values = (own.mean + own.deviation * point for point in _GRID)
    return math.fsum(math.prod(_below(each, value) for each in others) for value in values) / _POINTS


def _below(belief: Belief, value: float) -> float:
    return 0.5 * math.erfc((belief.mean - value) / (belief.deviation * math.sqrt(2)))


def log_inverse_gamma(shape: float, scale: float) -> Belief:
    """Mean and deviation of the logarithm of an amount that is inverse-gamma distributed; exact."""
    return Belief(math.log(scale) - digamma(shape), math.sqrt(trigamma(shape)))


def digamma(x: float) -> float:
    """The derivative of the logarithm of the gamma function, for x > 0; off by less than 1e-9.

    Recurrence up to 8, then the asymptotic series (Abramowitz and Stegun 1964, 6.3.5 and 6.3.18).
    """
    result = 0.0
    while x < _SERIES_FROM:
        result -= 1 / x
        x += 1
    square = 1 / (x * x)
    return result + math.log(x) - 0.5 / x - square * (1 / 12 - square * (1 / 120 - square / 252))


def trigamma(x: float) -> float:
    """The derivative of `digamma`, for x > 0 (the same, 6.4.6 and 6.4.12). Off by less than 1e-9."""
    result = 0.0
    while x < _SERIES_FROM:
        result += 1 / (x * x)
        x += 1
    square = 1 / (x * x)
    tail = square / x * (1 / 6 - square * (1 / 30 - square * (1 / 42 - square / 30)))
    return result + 1 / x + square / 2 + tail
