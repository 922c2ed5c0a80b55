"""Whether the score, read as a probability, keeps its word on changes that it was not fitted to."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime

from ci_factory.metrics.calibration import isotonic
from ci_factory.metrics.calibration.halves import Halves
from ci_factory.metrics.calibration.tally import Tally, totals
from ci_factory.metrics.calibration.values import Bin, Interval, Reliability
from ci_factory.model.shares import Z95, wilson

_BINS = 10
_Foretold = tuple[float, int, int]
"""Probability, good changes, all changes."""


def reliability(halves: Halves) -> Reliability | None:
    """Isotonic regression on the older half, judged on the newer; `None` when there are too few for it."""
    if halves.missing():
        return None
    older, newer = halves.tallies
    steps = isotonic.fit(older)
    foretold = _foretold(newer, isotonic.probabilities(steps, [count.score for count in newer]))
    share = totals(older)[0] / len(halves.older)
    brier, reference = brier_score(foretold), brier_score([(share, *totals_of(foretold))])
    interval = skill_interval(foretold, share)
    skill = 1 - brier / reference if reference else None
    return Reliability(
        fitted_on=len(halves.older),
        judged_on=len(halves.newer),
        split_at=datetime.fromtimestamp(halves.newer[0].created, UTC),
        steps=steps,
        bins=_bins(foretold),
        brier=brier,
        reference=reference,
        skill=skill,
        skill_interval=interval,
        words=_words(brier, reference, skill, interval),
    )


def _foretold(counts: Tally, chances: Sequence[float]) -> list[_Foretold]:
    """By probability, the lowest first; scores of one step come together."""
    found: dict[float, tuple[int, int]] = {}
    for count, chance in zip(counts, chances, strict=True):
        good, n = found.get(chance, (0, 0))
        found[chance] = good + count.good, n + count.n
    return [(chance, good, n) for chance, (good, n) in sorted(found.items())]


def totals_of(foretold: Sequence[_Foretold]) -> tuple[int, int]:
    """(good, all)."""
    return sum(good for _, good, _ in foretold), sum(n for _, _, n in foretold)


def brier_score(foretold: Sequence[_Foretold]) -> float:
    """Mean of (probability - what came) squared (Brier 1950)."""
    squares = math.fsum(good * (1 - chance) ** 2 + (n - good) * chance**2 for chance, good, n in foretold)
    return squares / totals_of(foretold)[1]


def skill_interval(foretold: Sequence[_Foretold], share: float) -> Interval | None:
    """95 % interval of the Brier skill score, a ratio of two means over the same changes, by the delta method."""
    good, n = totals_of(foretold)
    reference = brier_score([(share, good, n)])
    if not reference:
        return None
    ratio = brier_score(foretold) / reference
    squares = math.fsum(
        count * (loss - ratio * base) ** 2
        for chance, hits, each in foretold
        for count, loss, base in (
            (hits, (1 - chance) ** 2, (1 - share) ** 2),
            (each - hits, chance**2, share**2),
        )
    )
    half = Z95 * math.sqrt(squares / n / (n - 1)) / reference
    return 1 - ratio - half, 1 - ratio + half


def _bins(foretold: Sequence[_Foretold]) -> tuple[Bin, ...]:
    """Neighbours together until each has about a tenth of the changes."""
    wanted = totals_of(foretold)[1] / _BINS
    groups: list[list[_Foretold]] = [[]]
    for each in foretold:
        if groups[-1] and totals_of(groups[-1])[1] >= wanted:
            groups.append([])
        groups[-1].append(each)
    if len(groups) > 1 and totals_of(groups[-1])[1] < wanted / 2:
        groups[-2:] = [groups[-2] + groups[-1]]
    return tuple(map(_bin, groups))


def _bin(group: Sequence[_Foretold]) -> Bin:
    good, n = totals_of(group)
    interval = wilson(good, n)
    assert interval is not None  # noqa: S101 - no group is empty
    expected = math.fsum(chance * each for chance, _, each in group) / n
    return Bin(expected=expected, observed=good / n, interval=interval, n=n)


def _words(brier: float, reference: float, skill: float | None, interval: Interval | None) -> str:
    if skill is None or interval is None:
        return "All newer changes ended alike: nothing can be said of their probabilities."
    said = f"Brier score {brier:.3f}, against {reference:.3f} for the share of good changes alone"
    low, high = interval
    span = f"skill {100 * skill:.0f} %, 95 % interval {100 * low:.0f} to {100 * high:.0f} %"
    if low > 0:
        return f"{said}: on newer changes the score foretells better than the share does ({span})."
    if high < 0:
        return f"{said}: on newer changes the score foretells worse than the share does ({span})."
    return f"{said}: on newer changes it can't be told that the score foretells better ({span})."
