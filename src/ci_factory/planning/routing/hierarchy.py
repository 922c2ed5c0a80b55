"""How good one agent is with tickets of a size in an area, from few attempts: a hierarchical logistic model. Pure.

The log-odds of an agent's acceptance in a cell (size x area) are those of all agents with the size, plus four deviations of the
agent's: its own, its own with the size, in the area, and in the cell. Each is normal around 0 with the deviation below, so
few data leave an agent near all agents, and what it did elsewhere counts as far as levels are shared (partial pooling;
Gelman and Hill 2007, chapters 12 and 14). The strengths are fixed: a deviation of 1 in log-odds between agents, which is
50 against 73 percent, and half of that variance at each level below; estimating them takes more data than there are.

Deviations that add up make cells of an agent covary by what they share, which is a Gaussian process over cells; it is
fitted by Laplace's approximation (Rasmussen and Williams 2006, algorithms 3.1 and 3.2).
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

from ci_factory.model.ticket import Size
from ci_factory.planning.routing.chances import Belief
from ci_factory.planning.routing.linear import backward, cholesky, dot, forward

AGENT, WITH_SIZE, IN_AREA, IN_CELL = 1.0, 0.5, 0.5, 0.5
"""Variances of the deviations, in log-odds."""
_STEPS = 20
_CLOSE = 1e-6

Cell = tuple[Size, str]


class Seen(NamedTuple):
    """What an agent did in a cell, and the log-odds of all agents with its size."""

    hits: float
    of: float
    offset: float


def shared(one: Cell, other: Cell) -> float:
    """Covariance of an agent's deviations in two cells."""
    same_size, same_area = one[0] == other[0], one[1] == other[1]
    return AGENT + WITH_SIZE * same_size + IN_AREA * same_area + IN_CELL * (same_size and same_area)


class Fit:
    """One agent's deviations, given what it did."""

    def __init__(self, seen: Mapping[Cell, Seen]) -> None:
        """Find the most probable deviations by Newton's method, in the form that needs no inverse."""
        self._cells = list(seen)
        data = list(seen.values())
        covariance = [[shared(one, other) for other in self._cells] for one in self._cells]
        found = [0.0] * len(data)
        self._pull: list[float] = []
        for _ in range(_STEPS):
            chances = [expit(at + each.offset) for at, each in zip(found, data, strict=True)]
            weights = [each.of * chance * (1 - chance) for each, chance in zip(data, chances, strict=True)]
            self._roots = [math.sqrt(weight) for weight in weights]
            self._lower = cholesky(_scaled(covariance, self._roots))
            aim = [
                weight * at + each.hits - each.of * chance
                for weight, at, each, chance in zip(weights, found, data, chances, strict=True)
            ]
            self._pull = self._solved(aim, covariance)
            before, found = found, [dot(row, self._pull) for row in covariance]
            if max((abs(new - old) for new, old in zip(found, before, strict=True)), default=0) < _CLOSE:
                break

    def _solved(self, aim: list[float], covariance: list[list[float]]) -> list[float]:
        """(K + W^-1)^-1 W^-1 aim."""
        right = [root * dot(row, aim) for root, row in zip(self._roots, covariance, strict=True)]
        inner = backward(self._lower, forward(self._lower, right))
        return [value - root * part for value, root, part in zip(aim, self._roots, inner, strict=True)]

    def at(self, cell: Cell) -> Belief:
        """The agent's deviation from all agents with the size, in a cell that was seen or not."""
        shares = [shared(cell, each) for each in self._cells]
        scaled = [root * share for root, share in zip(self._roots, shares, strict=True)] if shares else []
        known = forward(self._lower, scaled) if shares else []
        return Belief(dot(shares, self._pull), math.sqrt(shared(cell, cell) - dot(known, known)))


def _scaled(covariance: list[list[float]], roots: list[float]) -> list[list[float]]:
    """I + W^1/2 K W^1/2."""
    return [
        [
            root * value * other + (at == place)
            for place, (value, other) in enumerate(zip(row, roots, strict=True))
        ]
        for at, (root, row) in enumerate(zip(roots, covariance, strict=True))
    ]


def expit(x: float) -> float:
    """The share whose log-odds are x."""
    return 1 / (1 + math.exp(-x)) if x > 0 else math.exp(x) / (1 + math.exp(x))


def log_odds(share: float) -> float:
    """Of a share between 0 and 1."""
    return math.log(share / (1 - share))
