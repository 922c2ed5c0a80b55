"""When one agent should get more tickets than another: only of figures standardised by size and area. Pure."""

from typing import Final

from ci_factory.metrics import definitions, words
from ci_factory.metrics.comparison import Comparison, Pair
from ci_factory.metrics.figure import Unit
from ci_factory.metrics.recommendation_facts import Found, Known
from ci_factory.model.text import plain

_COST: Final = {definitions.COST_PER_ACCEPTED.key, "human_minutes_per_accepted_mr"}
_LONG, _WHY = 80, 400


def agents(known: Known) -> Found | None:
    """One agent's changes fare better than another's on the same kind of work; said with its price, when it has one."""
    better, cheaper = _clearest(known, cost=False), _clearest(known, cost=True)
    if better is None or not _opposite(better, cheaper) or cheaper is None:
        return better and _preferred(*better)
    first, second = _preferred(*better), _preferred(*cheaper)
    told = f"{first.evidence}; {second.evidence}"
    return first._replace(
        what=f"Decide between {second.about[0]}, who costs less, and {first.about[0]}", evidence=told
    )


def agents_cost(known: Known) -> Found | None:
    """One agent costs less than another for each accepted change, on the same kind of work."""
    cheaper = _clearest(known, cost=True)
    return (
        None if cheaper is None or _opposite(_clearest(known, cost=False), cheaper) else _preferred(*cheaper)
    )


def _clearest(known: Known, *, cost: bool) -> tuple[Comparison, Pair] | None:
    """The clearest difference in what changes cost, or in how they fare."""
    sure = [
        (pair.p_value, found, pair)
        for found in known.comparisons
        if (found.key in _COST) is cost
        for pair in found.pairs
        if pair.distinguishable
    ]
    return min(sure, key=lambda each: each[0])[1:] if sure else None


def _opposite(one: tuple[Comparison, Pair] | None, other: tuple[Comparison, Pair] | None) -> bool:
    return (
        one is not None
        and other is not None
        and (one[1].better, one[1].other) == (other[1].other, other[1].better)
    )


def _preferred(found: Comparison, pair: Pair) -> Found:
    better, other = plain(pair.better, _LONG), plain(pair.other, _LONG)
    return Found(
        f"Give more tickets to {better}, fewer to {other}",
        f"{found.name.lower()}, standardised by size and area: {_arms(found, pair)}{_reversal(pair)}",
        sum(arm.n for arm in found.arms if arm.agent in {pair.better, pair.other}),
        pair.interval,
        (better, other),
    )


def _arms(found: Comparison, pair: Pair) -> str:
    arms = {arm.agent: arm for arm in found.arms}
    values = []
    for agent in (pair.better, pair.other):
        arm = arms[agent]
        figure = arm.standardised or arm.raw
        values.append(f"{plain(agent, _LONG)} {words.amount(figure.value, figure.unit)} (n = {arm.n})")
    low, high = sorted(map(abs, pair.interval))
    unit = "points" if found.unit is Unit.SHARE else ""
    ends = (f"{100 * low:.0f} to {100 * high:.0f} {unit}" if unit else
            f"{words.amount(low, found.unit)} to {words.amount(high, found.unit)}")  # fmt: skip
    return f"{' against '.join(values)}, a difference of {ends}"


def _reversal(pair: Pair) -> str:
    return (
        f". The raw figures say the opposite. {plain(pair.why, _WHY)}" if pair.reversed and pair.why else ""
    )
