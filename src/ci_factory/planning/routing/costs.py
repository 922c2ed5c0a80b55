"""What agents' attempts cost (or how long they take), relative to the mean of all agents for the size. Pure.

Amounts are taken as gamma distributed, which makes the mean of an agent inverse-gamma distributed: its own attempts with
the size count in full, those with other sizes as at most 20, and two attempts at the mean of all are added. The shape of
the gamma distribution is 1 over the squared coefficient of variation within agent and size.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ci_factory.model.ticket import Size
from ci_factory.planning.routing.chances import Belief, log_inverse_gamma
from ci_factory.planning.routing.evidence import Spent

_WHOLE, _ELSEWHERE = 2.0, 20.0
_LEAST_SHAPE, _MOST_SHAPE = 0.25, 4.0
_SPREAD_WEIGHT = 10.0
"""Attempts with a coefficient of variation of 1 that are added before the spread is estimated."""
MIN_AMOUNTS = 5
"""Known amounts of an agent below which it is not compared by them."""


@dataclass
class _Sum:
    """Weighted."""

    amount: float = 0.0
    of: float = 0.0

    def add(self, amount: float, weight: float) -> None:
        self.amount += weight * amount
        self.of += weight


class Costs:
    """Beliefs about what agents cost, made once."""

    def __init__(self, spendings: Iterable[Spent]) -> None:
        """Count."""
        spent = list(spendings)
        sizes: dict[Size, _Sum] = defaultdict(_Sum)
        for each in spent:
            sizes[each.size].add(each.amount, each.weight)
        self._known: dict[str, int] = defaultdict(int)
        self._agents: dict[str, _Sum] = defaultdict(_Sum)
        self._sizes: dict[tuple[str, Size], _Sum] = defaultdict(_Sum)
        relative = [each._replace(amount=_relative(each, sizes[each.size])) for each in spent]
        for each in relative:
            self._known[each.agent] += 1
            self._agents[each.agent].add(each.amount, each.weight)
            self._sizes[each.agent, each.size].add(each.amount, each.weight)
        self._shape = self._steadiness(relative)

    def knows(self, agent: str) -> bool:
        """Whether an agent can be compared by what it costs."""
        return self._known.get(agent, 0) >= MIN_AMOUNTS

    def belief(self, agent: str, size: Size) -> Belief:
        """Of the logarithm of the agent's mean amount for the size, over that of all agents."""
        own = self._sizes.get((agent, size), _Sum())
        whole = self._agents.get(agent, _Sum())
        other, amount = max(0.0, whole.of - own.of), max(0.0, whole.amount - own.amount)
        counts = min(other, _ELSEWHERE)
        of = _WHOLE + counts + own.of
        total = _WHOLE + (counts * amount / other if other else 0.0) + own.amount
        return log_inverse_gamma(self._shape * of + 1, self._shape * total)

    def _steadiness(self, relative: Sequence[Spent]) -> float:
        """Shape of the amounts' gamma distribution."""
        squares = count = _SPREAD_WEIGHT
        for each in relative:
            group = self._sizes[each.agent, each.size]
            if group.amount:
                squares += each.weight * (each.amount * group.of / group.amount - 1) ** 2
                count += each.weight
        return min(max(count / squares, _LEAST_SHAPE), _MOST_SHAPE)


def _relative(spent: Spent, size: _Sum) -> float:
    return spent.amount * size.of / size.amount if size.amount else 1.0  # all are free
