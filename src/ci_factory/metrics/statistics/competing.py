"""How many come to one end by some age when another end may come first, and some have come to none yet.

Aalen and Johansen 1978, "An empirical transition matrix for non-homogeneous Markov chains based on censored
observations". Variance after Greenwood (Collett, Modelling Survival Data in Medical Research, 3rd edition, 12.5), interval
on the log(-log) scale by the delta method.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from ci_factory.model.shares import Z95

_WIDEST = 700.0
"""Beyond it `exp` has no number; from 0 to 1 is all that such an interval says."""


class Incidence(NamedTuple):
    """The cumulative incidence of one cause: an entry of each list for each moment at which something ended."""

    n: int
    events: int
    """Ends of this cause."""
    times: list[float]
    shares: list[float]
    """Share that came to this end until the moment, it included."""
    variances: list[float]

    def at(self, seconds: float) -> tuple[float, tuple[float, float] | None]:
        """The share by an age with its 95 % interval; that is `None` where the share is 0 or 1 so far."""
        step = bisect_right(self.times, seconds)
        return (self.shares[step - 1], self.interval(step - 1)) if step else (0.0, None)

    def interval(self, step: int) -> tuple[float, float] | None:
        """95 % interval of `shares[step]`."""
        share = self.shares[step]
        if share <= 0 or share >= 1:
            return None
        spread = math.sqrt(max(0.0, self.variances[step])) / (share * -math.log(share))
        width = math.exp(min(Z95 * spread, _WIDEST))
        return share**width, share ** (1 / width)


def incidence(own: Iterable[float], others: Iterable[float], censored: Iterable[float]) -> Incidence:
    """The cumulative incidence of one end, in O(n log n).

    Censoring other ends instead (1 - Kaplan-Meier) would say how it were if no other end could come: too much. What is
    censored at the same moment as an end counts as still at risk there.

    The variance at t, with F the incidence, S the share that waited just before, d ends of n at risk and c of them of
    this cause, is the sum over moments until t of (F(t) - F)^2 d / (n (n - d)) + S^2 c (n - c) / n^3
    - 2 (F(t) - F) S c / n^2. Its sums are kept in powers of F(t), so that each step takes the same time.

    Args:
        own: after how long those came to this end.
        others: after how long the others came to another one.
        censored: how long those were watched that have come to none.
    """
    ours, leaving = sorted(own), sorted(censored)
    every = sorted((*ours, *others))
    end, last, held = len(every), len(ours), len(leaving)
    n = end + held
    found = Incidence(n, last, [], [], [])
    waiting, share, gone, mine, left = 1.0, 0.0, 0, 0, 0
    level = slope = square = single = cross = lean = 0.0
    while gone < end:
        moment, before, had = every[gone], gone, mine
        while gone < end and every[gone] == moment:
            gone += 1
        while mine < last and ours[mine] == moment:
            mine += 1
        while left < held and leaving[left] < moment:
            left += 1
        at_risk, ended, came = n - before - left, gone - before, mine - had
        share += waiting * came / at_risk
        if at_risk > ended:
            weight = ended / (at_risk * (at_risk - ended))
            level, slope, square = level + weight, slope + weight * share, square + weight * share * share
        mixed = waiting * came / at_risk**2
        single += waiting * mixed * (at_risk - came) / at_risk
        cross, lean = cross + mixed, lean + mixed * share
        spread = share * (share * level - 2 * slope) + square + single - 2 * (share * cross - lean)
        found.times.append(moment)
        found.shares.append(share)
        found.variances.append(max(0.0, spread))
        waiting *= (at_risk - ended) / at_risk
    return found
