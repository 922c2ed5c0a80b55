"""A threshold that would have cost people less, chosen on the older half of the changes and judged on the newer.

The cost of a policy is what it lets through and holds back wrongly: a bad change let through costs `cost`, a good one
held back 1. So a change is worth letting through from the probability cost / (1 + cost) on (Elkan 2001). On the older
half the score from which the isotonic probability is that high has the least cost of all thresholds.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from ci_factory.metrics import words
from ci_factory.metrics.calibration import isotonic
from ci_factory.metrics.calibration.halves import Halves, more
from ci_factory.metrics.calibration.tally import Tally
from ci_factory.metrics.calibration.values import Auc, Effect, Interval, Step, ThresholdAdvice
from ci_factory.model.shares import wilson

BETWEEN = 10
"""Changes of the newer half that must lie between two thresholds before these are compared."""
_COIN = 0.5


class Saving(NamedTuple):
    """What one threshold saves against another, for one change."""

    value: float
    variance: float
    interval: Interval


def advise(halves: Halves, auc: Auc | None, now: float, cost: float) -> ThresholdAdvice:
    """The suggestion with its effect on the newer half, or the words that say why there is none."""
    missing = halves.missing()
    if missing or auc is None:
        return _none(
            now, cost, f"Too few changes to suggest a threshold: about {missing} more are needed.", missing
        )
    if not tells(auc):
        return _none(
            now, cost, "No threshold is suggested, as the score does not tell good changes from bad ones."
        )
    older, newer = halves.tallies
    then = choose(isotonic.fit(older), older, cost)
    if then is None or then <= newer[0].score:
        worth = "no score that was seen is" if then is None else "every score that was seen is"
        return _none(now, cost, f"No threshold is suggested: at these costs {worth} worth letting through.")
    return _compare(newer, now, then, cost, len(halves.older) + len(halves.newer))


def tells(auc: Auc) -> bool:
    """Whether a score is better than a coin, beyond chance."""
    return auc.value > _COIN and (auc.interval is None or auc.interval[0] > _COIN)


def choose(steps: Sequence[Step], counts: Tally, cost: float) -> float | None:
    """The lowest score worth letting through, as the better of the whole numbers beside it; `None`: none is."""
    worth = cost / (1 + cost)
    first = next((step.score for step in steps if step.probability >= worth), None)
    if first is None:
        return None
    low, high = float(math.floor(first)), float(math.ceil(first))
    return high if saves(counts, low, high, cost).value > 0 else low


def effect(counts: Tally, now: float, then: float, cost: float) -> tuple[Effect, Saving]:
    """What `then` would have done instead of `now`."""
    n = sum(count.n for count in counts)
    saving = saves(counts, now, then, cost)
    through, held = (
        [sum(count.bad for count in counts if count.score >= at) for at in (now, then)],
        [sum(count.good for count in counts if count.score < at) for at in (now, then)],
    )
    low, high = saving.interval
    return Effect(
        changes=n,
        bad_through_now=through[0],
        bad_through_then=through[1],
        good_held_now=held[0],
        good_held_then=held[1],
        saved=100 * saving.value,
        interval=(100 * low, 100 * high),
    ), saving


def saves(counts: Tally, now: float, then: float, cost: float) -> Saving:
    """Cost that `then` saves for one change.

    Only changes between the two thresholds are treated differently. Given how many these are, the share of them for
    which the other treatment is right is binomial: its Wilson interval gives that of the saving.
    """
    low, high = min(now, then), max(now, then)
    between = [count for count in counts if low <= count.score < high]
    good, bad = sum(count.good for count in between), sum(count.bad for count in between)
    n, moved = sum(count.n for count in counts), good + bad
    right, gain, loss = (bad, cost, 1.0) if then > now else (good, 1.0, cost)

    def value(share: float) -> float:
        return (share * gain - (1 - share) * loss) * moved / n

    mean = value(right / moved) if moved else 0.0
    ends = wilson(right, moved) or (0.0, 0.0)
    squares = (right * gain**2 + (moved - right) * loss**2) / n
    return Saving(mean, max(0.0, squares - mean**2), (value(ends[0]), value(ends[1])))


def _compare(newer: Tally, now: float, then: float, cost: float, known: int) -> ThresholdAdvice:
    between = sum(count.n for count in newer if min(now, then) <= count.score < max(now, then))
    shown, saving = effect(newer, now, then, cost)
    if between < BETWEEN:
        near = f"The older half points to {then:g}, but only {between} newer changes scored between that and {now:g}"
        return _none(now, cost, f"No better threshold is seen. {near}: too few to tell.")
    # A threshold must also beat having none, or it only says that most changes are good, or that few are.
    bounds = (newer[0].score, newer[-1].score + 1)
    others = [saves(newer, bound, then, cost) for bound in bounds]
    weakest = min([saving, *others], key=lambda each: each.interval[0])
    if weakest.interval[0] > 0:
        return ThresholdAdvice(
            now=now,
            cost=cost,
            suggested=then,
            effect=shown,
            words=_words(shown, now, then),
            yaml=f"gates:\n  threshold: {then:g}\n",
        )
    needed = more(weakest.value, weakest.variance, known)
    return _none(now, cost, _unsure(then, needed), needed, shown)


def _none(
    now: float, cost: float, words: str, needed: int | None = None, seen: Effect | None = None
) -> ThresholdAdvice:
    return ThresholdAdvice(now=now, cost=cost, words=words, needed=needed or None, effect=seen)


def _unsure(then: float, needed: int | None) -> str:
    tail = f"; about {words.roughly(needed)} more decided changes might settle it" if needed else ""
    return f"No threshold is suggested: what {then:g}, the older half's best, does for the newer half is within chance{tail}."


def _words(shown: Effect, now: float, then: float) -> str:
    low, high = shown.interval
    return (
        f"{then:g} instead of {now:g}: of {shown.changes} newer changes {shown.bad_through_then} bad ones would have been "
        f"let through instead of {shown.bad_through_now}, and {shown.good_held_then} good ones held back instead of "
        f"{shown.good_held_now}. That saves {shown.saved:.1f} good changes held back for 100 changes "
        f"(95 % interval {low:.1f} to {high:.1f})."
    )
