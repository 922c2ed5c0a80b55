"""Chance that does not depend on the order of questions: the same ticket meets the same fate under every policy.

The n-th number of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014), where n says
which ticket, which round and which question. Policies are so compared with common random numbers.
"""

import math
from statistics import NormalDist

from ci_factory.planning.simulation.assumptions import Class

_MASK = (1 << 64) - 1
_GAMMA = 0x9E3779B97F4A7C15
_QUESTIONS = 16
_ROUNDS = 256
_TO_UNIT = 2.0**-53
_NORMAL = NormalDist().inv_cdf

CALLS = 4
"""Agent calls of one round at most."""
MINUTES, FAILS, ACCEPTS = 0, CALLS, 2 * CALLS
"""Questions: of the call k `MINUTES + k` and `FAILS + k`."""


def mixed(value: int) -> int:
    """SplitMix64's finaliser: 64 bits of which each depends on every bit of `value`."""
    value &= _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


class Chance:
    """All draws of one seed."""

    __slots__ = ("_start",)

    def __init__(self, seed: int) -> None:
        """Seeds that differ by little give sequences that have nothing in common."""
        self._start = mixed(seed * 2 + 1)

    def uniform(self, ticket: int, round_: int, question: int) -> float:
        """A number from 0 (rarely) to below 1."""
        number = (ticket * _ROUNDS + round_) * _QUESTIONS + question + 1
        value = (self._start + number * _GAMMA) & _MASK  # `mixed` written out: it is asked for everything
        value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
        return ((value ^ (value >> 31)) >> 11) * _TO_UNIT

    def pair(self, one: int, other: int) -> float:
        """The same of two tickets, whichever is named first."""
        low, high = (one, other) if one < other else (other, one)
        return (mixed(self._start ^ mixed((low << 32) + high)) >> 11) * _TO_UNIT

    def minutes(self, of: Class, cap: float, ticket: int, round_: int, call: int) -> float:
        """Length of one agent call."""
        uniform = self.uniform(ticket, round_, MINUTES + call)
        if of.minutes_sigma == 0:
            return min(cap, of.minutes_median)
        normal = _NORMAL(uniform) if uniform > 0 else -8.0
        return min(cap, of.minutes_median * math.exp(of.minutes_sigma * normal))


def mean_minutes(of: Class, cap: float) -> float:
    """Expected length of an agent call: the mean of min(X, cap) for a lognormal X."""
    sigma, mu = of.minutes_sigma, math.log(of.minutes_median)
    if sigma == 0:
        return min(cap, of.minutes_median)
    below = NormalDist().cdf
    edge = (math.log(cap) - mu) / sigma
    return math.exp(mu + sigma * sigma / 2) * below(edge - sigma) + cap * (1 - below(edge))
