"""Money by day and by ticket, and whether tickets cost more than before. Pure."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from math import fsum
from typing import NamedTuple

from ci_factory.metrics.sample import Work
from ci_factory.metrics.statistics import Z95

Ticket = tuple[str, str]
"""Project and id."""


class Day(NamedTuple):
    """What work that ended on one day (UTC) cost."""

    day: date
    known: float
    """US dollars, of the attempts whose cost is known."""
    attempts: int
    unknown: int
    """Attempts of unknown cost."""


def by_day(work: Iterable[Work]) -> list[Day]:
    """Every day on which work ended, the oldest first."""
    days: dict[date, list[float | None]] = defaultdict(list)
    for each in work:
        if each.worked:
            days[datetime.fromtimestamp(each.finished, UTC).date()].append(each.cost)
    return [
        Day(day, fsum(cost for cost in costs if cost is not None), len(costs), costs.count(None))
        for day, costs in sorted(days.items())
    ]


def by_ticket(work: Iterable[Work]) -> dict[Ticket, float] | None:
    """Ticket -> US dollars of all attempts at it; `None` when a part is unknown."""
    spent: dict[Ticket, float] = defaultdict(float)
    for each in work:
        if each.worked:
            if each.cost is None:
                return None
            spent[each.project, each.ticket] += each.cost
    return dict(spent)


def compared(
    now: Sequence[float], before: Sequence[float]
) -> tuple[float | None, tuple[float, float] | None]:
    """Mean now / mean before, with its 95 % interval; at least two values each.

    By the delta method on the logarithm: var(ln r) = s1^2 / (n1 m1^2) + s2^2 / (n2 m2^2). Nothing where a mean is zero.
    """
    mean, other = (fsum(values) / len(values) for values in (now, before))
    if mean <= 0 or other <= 0:
        return None, None
    spread = math.sqrt(_relative(now, mean) + _relative(before, other))
    ratio = mean / other
    return ratio, (ratio * math.exp(-Z95 * spread), ratio * math.exp(Z95 * spread))


def _relative(values: Sequence[float], mean: float) -> float:
    """Variance of the mean, over its square."""
    n = len(values)
    return fsum((value - mean) ** 2 for value in values) / (n - 1) / n / mean**2
