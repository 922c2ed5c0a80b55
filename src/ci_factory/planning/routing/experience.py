"""What past attempts let us believe of agents, by size and area of the ticket. Pure."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable

from ci_factory.model.ticket import Size
from ci_factory.planning.routing.chances import Belief
from ci_factory.planning.routing.costs import Costs
from ci_factory.planning.routing.evidence import Spent, Trial
from ci_factory.planning.routing.hierarchy import Cell, Fit, Seen, expit, log_odds

AREAS = 20
"""Areas with most decided attempts that are told apart; the others count as one."""
_OTHER = "\0other"
_CONTEXT = 4.0
"""Attempts by which the acceptance of a size is drawn to that of all sizes."""
_NODES = (
    (-2.856970, 0.011257),
    (-1.355626, 0.222076),
    (0.0, 0.533333),
    (1.355626, 0.222076),
    (2.856970, 0.011257),
)
"""Gauss and Hermite's five points and weights for a normal distribution."""


class Experience:
    """Beliefs about every agent, made once from the evidence."""

    def __init__(self, trials: Iterable[Trial], spendings: Iterable[Spent] = ()) -> None:
        """Count; `spendings` is empty when accepted changes are counted against nothing."""
        known = list(trials)
        self.decided: Counter[str] = Counter(trial.agent for trial in known)
        """Attempts that count, by agent."""
        self._areas = {area for area, _ in Counter(trial.area for trial in known).most_common(AREAS)}
        self._all = _Tallies()
        self._own: dict[str, _Tallies] = defaultdict(_Tallies)
        for trial in known:
            cell = (trial.size, self._area(trial.area))
            self._all.add(cell, trial)
            self._own[trial.agent].add(cell, trial)
        self._fits = {agent: self._fit(tallies) for agent, tallies in self._own.items()}
        self._costs = Costs(spendings)

    def weighed(self, agent: str) -> tuple[float, float]:
        """Accepted and decided attempts of an agent, each weighted by its age."""
        own = self._own.get(agent)
        return own.total() if own else (0.0, 0.0)

    def knows_amounts(self, agent: str) -> bool:
        """Whether enough is known of what the agent costs (or how long it takes)."""
        return self._costs.knows(agent)

    def odds(self, agent: str, size: Size, area: str) -> Belief:
        """Of the log-odds that a change by the agent is accepted."""
        cell = (size, self._area(area))
        fit = self._fits.get(agent) or Fit({})
        deviation = fit.at(cell)
        return Belief(log_odds(self._all.mean(size)) + deviation.mean, deviation.deviation)

    def value(self, agent: str, size: Size, area: str, *, per_amount: bool) -> Belief:
        """Of the logarithm of accepted per attempt, or per amount, relative to the mean amount of the size."""
        share = _of_share(self.odds(agent, size, area))
        if not per_amount:
            return share
        amount = self._costs.belief(agent, size)
        return Belief(share.mean - amount.mean, math.hypot(share.deviation, amount.deviation))

    def _area(self, area: str) -> str:
        return area if area in self._areas else _OTHER

    def _fit(self, own: "_Tallies") -> Fit:
        cells = {
            cell: Seen(hits, of, log_odds(self._all.mean(cell[0]))) for cell, (hits, of) in own.cells.items()
        }
        return Fit(cells)


class _Tallies:
    """Weighted attempts by cell: [accepted, all]."""

    def __init__(self) -> None:
        self.cells: dict[Cell, list[float]] = defaultdict(lambda: [0.0, 0.0])
        self._sizes: dict[Size, list[float]] = defaultdict(lambda: [0.0, 0.0])
        self._whole = [0.0, 0.0]

    def add(self, cell: Cell, trial: Trial) -> None:
        """Count one."""
        for tally in (self.cells[cell], self._sizes[cell[0]], self._whole):
            tally[0] += trial.weight * trial.accepted
            tally[1] += trial.weight

    def total(self) -> tuple[float, float]:
        """Of all cells."""
        return self._whole[0], self._whole[1]

    def mean(self, size: Size) -> float:
        """Acceptance with a size, drawn to the whole's: between 0 and 1, neither included."""
        whole = (self._whole[0] + 1) / (self._whole[1] + 2)
        hits, of = self._sizes.get(size, (0.0, 0.0))
        return (hits + _CONTEXT * whole) / (of + _CONTEXT)


def _of_share(odds: Belief) -> Belief:
    """Mean and deviation of the logarithm of a share whose log-odds are normal."""
    points = [(math.log(expit(odds.mean + odds.deviation * node)), weight) for node, weight in _NODES]
    mean = math.fsum(weight * value for value, weight in points)
    variance = math.fsum(weight * (value - mean) ** 2 for value, weight in points)
    return Belief(mean, math.sqrt(variance))
