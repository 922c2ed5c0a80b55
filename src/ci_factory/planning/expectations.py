"""How long a ticket will take and what it will cost, by what was measured. Unknown cost is `None`, never zero.

The mean counts, and not the median: of what a night takes and costs, means add up. The longest tenth is taken as long as the
one before it (a winsorised mean), so that one hanging attempt does not make every plan too careful.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ci_factory.model.effort import WORK_MINUTES
from ci_factory.model.history import PastAttempt
from ci_factory.model.ticket import Size

FEWEST = 5
"""Attempts of a size below which nothing is told from them."""
_NEWEST = 200
"""Attempts of one kind that count: agents and code change."""
_CUT = 0.9


class Expected(NamedTuple):
    """A figure and where it comes from."""

    value: float | None
    basis: str
    """Such as `mean of 12 attempts of ada`."""


_Key = tuple[Size, str | None]
"""Size and agent; `None`: all agents together."""


class Expectations:
    """What attempts of a size by an agent need; without any, first guesses (`model.effort`)."""

    def __init__(
        self, minutes: Mapping[_Key, Expected] | None = None, cost_usd: Mapping[_Key, Expected] | None = None
    ) -> None:
        """Take what was measured."""
        self._minutes, self._cost = dict(minutes or {}), dict(cost_usd or {})

    def minutes(self, size: Size, agent: str | None = None) -> float:
        """Expected minutes on the lane, gates included; above zero."""
        value = self.expected_minutes(size, agent).value
        return WORK_MINUTES[size] if value is None else value

    def cost_usd(self, size: Size, agent: str | None = None) -> float | None:
        """Expected cost; `None` when it was not measured often enough."""
        return self.expected_cost(size, agent).value

    def expected_minutes(self, size: Size, agent: str | None = None) -> Expected:
        """The minutes with their basis."""
        return _find(self._minutes, size, agent) or Expected(WORK_MINUTES[size], "a first guess")

    def expected_cost(self, size: Size, agent: str | None = None) -> Expected:
        """The cost with its basis."""
        return _find(self._cost, size, agent) or Expected(
            None, f"fewer than {FEWEST} attempts of this size with a known cost"
        )


def expect(past: Iterable[PastAttempt]) -> Expectations:
    """Learn from past attempts, oldest first; failed ones count, as they take time and money too."""
    minutes: defaultdict[_Key, list[float]] = defaultdict(list)
    cost: defaultdict[_Key, list[float]] = defaultdict(list)
    for each in past:
        for key in ((each.size, each.agent), (each.size, None)):
            if each.minutes is not None:
                minutes[key].append(each.minutes)
            if each.cost_usd is not None:
                cost[key].append(each.cost_usd)
    return Expectations(_means(minutes, 1, 0.1), _means(cost, 4, 0.0))


def _find(known: Mapping[_Key, Expected], size: Size, agent: str | None) -> Expected | None:
    return known.get((size, agent)) or known.get((size, None))


def _means(measured: Mapping[_Key, Sequence[float]], digits: int, least: float) -> dict[_Key, Expected]:
    """Rounded, so that sums of them are exact enough to be compared."""
    found = {}
    for key, values in measured.items():
        newest = values[-_NEWEST:]
        if len(newest) >= FEWEST:
            whose = f"of {key[1]}" if key[1] is not None else "of all agents"
            basis = f"mean of {len(newest)} attempts {whose}"
            found[key] = Expected(max(least, round(_winsorised(newest), digits)), basis)
    return found


def _winsorised(values: Sequence[float]) -> float:
    ordered = sorted(values)
    highest = ordered[max(0, int(len(ordered) * _CUT) - 1)] if len(ordered) >= 2 * FEWEST else ordered[-1]
    return sum(min(value, highest) for value in ordered) / len(ordered)
