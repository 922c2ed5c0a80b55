"""Whether a score tells good from bad: area under the receiver operating characteristic, with DeLong's variance.

DeLong, DeLong and Clarke-Pearson 1988; O(n log n) by midranks after Sun and Xu 2014.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from ci_factory.metrics.calibration.tally import Tally, tally, totals
from ci_factory.metrics.calibration.values import Auc, Interval
from ci_factory.model.shares import Z95

_TWO = 2
"""Observations of each kind below which there is no variance."""


def auc(counts: Tally) -> Auc | None:
    """The area with its interval; `None` unless there are two good and two bad changes at least."""
    good, bad = totals(counts)
    if min(good, bad) < _TWO:
        return None
    below_bad = below_good = 0
    above = beneath = above_squares = beneath_squares = 0.0
    for count in counts:
        # Share of bad changes that a good one of this score beats, and of good ones that beat a bad one; ties are halves.
        beats = (below_bad + count.bad / 2) / bad
        beaten = 1 - (below_good + count.good / 2) / good
        above, above_squares = above + count.good * beats, above_squares + count.good * beats * beats
        beneath, beneath_squares = beneath + count.bad * beaten, beneath_squares + count.bad * beaten * beaten
        below_bad, below_good = below_bad + count.bad, below_good + count.good
    variance = _spread(above, above_squares, good) / good + _spread(beneath, beneath_squares, bad) / bad
    return Auc(value=above / good, interval=_logit_interval(above / good, variance), good=good, bad=bad)


def _spread(total: float, squares: float, n: int) -> float:
    """Variance of n values by their sum and sum of squares; rounding makes none negative."""
    return max(0.0, (squares - total * total / n) / (n - 1))


def _logit_interval(value: float, variance: float) -> Interval | None:
    """On the logit scale, so that it stays within 0 and 1 (Pepe 2003, 5.2)."""
    tiny = 1e-15
    if variance < tiny or not 0 < value < 1:
        return None
    centre, half = math.log(value / (1 - value)), Z95 * math.sqrt(variance) / (value * (1 - value))
    return _logistic(centre - half), _logistic(centre + half)


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


class Gain(NamedTuple):
    """How much more one score tells than another of the same changes."""

    value: float
    variance: float

    @property
    def interval(self) -> Interval:
        """95 %, normal."""
        half = Z95 * math.sqrt(self.variance)
        return self.value - half, self.value + half


def gain(before: Sequence[float], after: Sequence[float], good: Sequence[bool]) -> Gain | None:
    """Area of `after` minus that of `before`, paired; `None` unless there are two good and two bad changes."""
    kinds = len([each for each in good if each]), len([each for each in good if not each])
    if min(kinds) < _TWO:
        return None
    placed = zip(_placements(before, good, kinds), _placements(after, good, kinds), strict=True)
    differences = [then - now for now, then in placed]
    ours = [each for each, is_good in zip(differences, good, strict=True) if is_good]
    theirs = [each for each, is_good in zip(differences, good, strict=True) if not is_good]
    variance = sum(
        _spread(math.fsum(part), math.fsum(each * each for each in part), len(part)) / len(part)
        for part in (ours, theirs)
    )
    return Gain(math.fsum(ours) / len(ours), variance)


def _placements(scores: Sequence[float], good: Sequence[bool], kinds: tuple[int, int]) -> list[float]:
    """DeLong's structural components: of each change, the share of the other kind on the right side of it."""
    above: dict[float, tuple[float, float]] = {}
    below_good = below_bad = 0
    for count in tally(zip(scores, good, strict=True)):
        beats = (below_bad + count.bad / 2) / kinds[1]
        above[count.score] = beats, 1 - (below_good + count.good / 2) / kinds[0]
        below_good, below_bad = below_good + count.good, below_bad + count.bad
    return [above[score][0 if is_good else 1] for score, is_good in zip(scores, good, strict=True)]
