"""Two agents at a time: the difference, whether it is beyond chance, and what the raw figures hide."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from statistics import NormalDist
from typing import NamedTuple

from ci_factory.metrics import words
from ci_factory.metrics.comparing import mixture, power
from ci_factory.metrics.comparing.measures import Measure, Place
from ci_factory.metrics.comparing.strata import Standard
from ci_factory.metrics.comparing.sums import Sums, Weighted, difference, total
from ci_factory.metrics.comparing.values import Pair
from ci_factory.metrics.figure import Unit
from ci_factory.model.shares import Z95

_ALPHA = 0.05
_FARTHEST, _STEPS, _TINY = 9.0, 60, 1e-9


class Duel(NamedTuple):
    """Two agents, the better standardised figure first."""

    better: str
    other: str
    raw: tuple[Weighted, Weighted]
    fair: tuple[Weighted, Weighted]
    p_value: float
    """Before any correction."""


class Corrected(NamedTuple):
    """What several comparisons at once leave of one."""

    duel: Duel
    p_value: float
    z: float
    """At which its interval contains 0 exactly where it is not told apart."""
    distinguishable: bool


def pairs(measure: Measure, cells: Mapping[Place, Sums], found: Standard) -> tuple[Pair, ...]:
    """All pairs, those with the best agent first; corrected after Holm for all of them, as the same data picked the best."""
    ranked = ranking(measure, found)
    duels = [_duel(measure, cells, found, *two) for two in combinations(ranked, 2)]
    corrected = {(each.duel.better, each.duel.other): each for each in holm(duels)}
    return tuple(_pair(measure, cells, corrected[two]) for two in combinations(ranked, 2))


def ranking(measure: Measure, found: Standard) -> list[str]:
    """Agents, the best standardised figure first."""
    sign = -1 if measure.higher_is_better else 1
    return sorted(found.agents, key=lambda agent: (sign * found.of(agent, share=measure.share).value, agent))


def raw(cells: Mapping[Place, Sums], agent: str, *, share: bool) -> Weighted:
    """An agent's figure as it is."""
    return Weighted(((1.0, total(sums for place, sums in cells.items() if place.agent == agent)),), share)


def _duel(measure: Measure, cells: Mapping[Place, Sums], found: Standard, better: str, other: str) -> Duel:
    plain = raw(cells, better, share=measure.share), raw(cells, other, share=measure.share)
    fair = found.of(better, share=measure.share), found.of(other, share=measure.share)
    return Duel(better, other, plain, fair, p_value(*fair))


def p_value(one: Weighted, other: Weighted) -> float:
    """Two-sided: of the narrowest interval of the difference that still contains 0."""

    def beside(z: float) -> float:
        """How far the interval is from 0; negative once it contains it."""
        low, high = difference(one, other, z)
        return max(low, -high)

    return math.erfc(_root(beside) / math.sqrt(2))


def _root(falling: Callable[[float], float]) -> float:
    """Where a falling function crosses 0 between 0 and the farthest, by the Illinois variant of false position."""
    low, high = 0.0, _FARTHEST
    above, below = falling(low), falling(high)
    if above <= 0 or below >= 0:
        return low if above <= 0 else high
    enough, side = _TINY * (above - below), 0
    for _ in range(_STEPS):
        middle = (low * below - high * above) / (below - above)
        found = falling(middle)
        if abs(found) <= enough:
            return middle
        if found > 0:  # an end that stays twice counts for half, so that it moves as well
            low, above, below, side = middle, found, below / 2 if side == 1 else below, 1
        else:
            high, below, above, side = middle, found, above / 2 if side == -1 else above, -1
    return middle


def holm(duels: Sequence[Duel]) -> list[Corrected]:
    """Step-down correction (Holm 1979): the k-th smallest p-value of m is held against 5 % / (m - k + 1).

    Each interval has the level of its own step, or that of the step at which the first pair could not be told apart.
    """
    found: list[Corrected] = []
    level, failed, highest = _ALPHA, False, 0.0
    for place, duel in enumerate(sorted(duels, key=lambda each: each.p_value)):
        rest = len(duels) - place
        level = level if failed else _ALPHA / rest
        failed = failed or duel.p_value >= level
        highest = max(highest, min(1.0, rest * duel.p_value))
        z = NormalDist().inv_cdf(1 - level / 2)
        found.append(Corrected(duel, highest, z, not failed))
    return found


def _pair(measure: Measure, cells: Mapping[Place, Sums], found: Corrected) -> Pair:
    duel, (one, other) = found.duel, found.duel.fair
    plain = duel.raw[0].value - duel.raw[1].value
    between = one.value - other.value
    turned = plain * between < 0 and not (_alike(measure, duel.raw) or _alike(measure, duel.fair))
    needed = None if found.distinguishable else _needed(measure, one, other)
    return Pair(
        better=duel.better,
        other=duel.other,
        raw_difference=plain,
        raw_interval=difference(*duel.raw, Z95),
        difference=between,
        interval=difference(one, other, found.z),
        p_value=found.p_value,
        reversed=turned,
        distinguishable=found.distinguishable,
        needed=needed,
        verdict=_verdict(measure, found, needed),
        why=_why(measure, cells, found, turned=turned),
    )


def _alike(measure: Measure, two: tuple[Weighted, Weighted]) -> bool:
    """Whether no order is to be seen."""
    return power.alike(two[0].value, two[1].value, share=measure.share)


def _needed(measure: Measure, one: Weighted, other: Weighted) -> int | None:
    if measure.share:
        return power.shares(one.value, other.value)
    varies = sum(
        each.reach(1.0)[0] ** 2 * sum(sums.bottom for _, sums in each.parts) for each in (one, other)
    )
    return power.means(one.value, other.value, varies)


def _verdict(measure: Measure, found: Corrected, needed: int | None) -> str:
    duel, unit = found.duel, measure.metric.unit
    one, other = (words.amount(each.value, unit) for each in duel.fair)
    ends = _gap(difference(*duel.fair, found.z), unit)
    if found.distinguishable:
        return f"{duel.better} is better than {duel.other}: {one} against {other} (difference {ends})."
    tail = (
        f"; about {words.roughly(needed)} {measure.things} an arm would be needed to tell {one} from {other}"
        if needed
        else ""
    )
    return f"No distinguishable difference between {duel.better} and {duel.other} (difference {ends}){tail}."


def _gap(ends: tuple[float, float], unit: Unit) -> str:
    low, high = ends
    if unit is Unit.SHARE:
        return f"{100 * low:.0f} to {100 * high:.0f} points"
    return f"{words.amount(low, unit)} to {words.amount(high, unit)}"


def _why(measure: Measure, cells: Mapping[Place, Sums], found: Corrected, *, turned: bool) -> str:
    """Told where the mixture of work changes what one would conclude."""
    duel, unit = found.duel, measure.metric.unit
    low, high = difference(*duel.raw, Z95)
    seemed = not low <= 0 <= high
    if not turned and not (seemed and not found.distinguishable):
        return ""
    favoured, behind = (duel.other, duel.better) if turned else (duel.better, duel.other)
    reason = mixture.why(measure, cells, behind, favoured)
    order = (1, 0) if turned else (0, 1)
    first, second = (words.amount(duel.raw[place].value, unit) for place in order)
    said = f"Raw, {favoured} looks better than {behind} ({first} against {second})"
    made = f": {reason}" if reason else ""
    return f"{said}, but they did different work{made}. {_fair(found, unit, turned=turned)}"


def _fair(found: Corrected, unit: Unit, *, turned: bool) -> str:
    duel = found.duel
    one, other = (words.amount(each.value, unit) for each in duel.fair)
    if not turned:
        return f"Given the same work, what is left ({one} against {other}) is within chance."
    tail = "" if found.distinguishable else ", though that is within chance"
    return f"Given the same work the order turns: {one} for {duel.better}, {other} for {duel.other}{tail}."
