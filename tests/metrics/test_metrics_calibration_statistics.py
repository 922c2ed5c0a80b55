"""The statistics of calibration against definitions written out, and against other libraries."""

import math
from itertools import product
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_factory.metrics.calibration import discrimination, isotonic, logistic, reliability, threshold
from ci_factory.metrics.calibration.logistic import Row
from ci_factory.metrics.calibration.tally import tally
from tests.metrics.made_changes import dice

Pairs = list[tuple[float, bool]]
SCORED = st.lists(st.tuples(st.integers(0, 12).map(float), st.booleans()), min_size=1, max_size=40)


def beats(one: float, other: float) -> float:
    return 1.0 if one > other else 0.5 if one == other else 0.0


def brute_delong(pairs: Pairs) -> tuple[float, float]:
    """AUC and variance by all pairs, as DeLong et al. 1988 write it."""
    good, bad = [s for s, g in pairs if g], [s for s, g in pairs if not g]
    area = fmean(beats(x, y) for x, y in product(good, bad))
    v10 = [fmean(beats(x, y) for y in bad) for x in good]
    v01 = [fmean(beats(x, y) for x in good) for y in bad]
    s10 = sum((v - area) ** 2 for v in v10) / (len(good) - 1)
    s01 = sum((v - area) ** 2 for v in v01) / (len(bad) - 1)
    return area, s10 / len(good) + s01 / len(bad)


def both_kinds(pairs: Pairs) -> bool:
    return min(sum(g for _, g in pairs), sum(not g for _, g in pairs)) >= 2


@given(SCORED.filter(both_kinds))
@settings(max_examples=60, deadline=None)
def test_area_and_delongs_variance_equal_the_definition(pairs: Pairs) -> None:
    """Midranks over tallies give what all pairs give, ties included."""
    area, variance = brute_delong(pairs)
    found = discrimination.auc(tally(pairs))
    assert found is not None
    assert found.value == pytest.approx(area, abs=1e-12)
    if found.interval is None:
        assert variance < 1e-12 or area in {0.0, 1.0}
    else:
        logits = [math.log(end / (1 - end)) for end in found.interval]
        assert (logits[1] - logits[0]) / (2 * 1.959963984540054) * area * (1 - area) == pytest.approx(
            math.sqrt(variance), rel=1e-6
        )


def test_the_paired_gain_equals_the_definition() -> None:
    """Variance of the difference of two areas over the same changes, with their covariance."""
    random = dice(1)
    good = [random.random() < 0.6 for _ in range(80)]
    one = [round(random.gauss(1.0 if g else 0.0, 1), 1) for g in good]
    two = [round(x + random.gauss(0.5 if g else 0.0, 1), 1) for x, g in zip(one, good, strict=True)]
    found = discrimination.gain(one, two, good)
    ours, theirs = [i for i, g in enumerate(good) if g], [i for i, g in enumerate(good) if not g]

    def components(scores: list[float]) -> tuple[list[float], list[float]]:
        return (
            [fmean(beats(scores[i], scores[j]) for j in theirs) for i in ours],
            [fmean(beats(scores[i], scores[j]) for i in ours) for j in theirs],
        )

    (a10, a01), (b10, b01) = components(one), components(two)
    variance = 0.0
    for a, b in ((a10, b10), (a01, b01)):
        differences = [y - x for x, y in zip(a, b, strict=True)]
        middle = fmean(differences)
        variance += sum((d - middle) ** 2 for d in differences) / (len(differences) - 1) / len(differences)
    assert found is not None
    assert found.value == pytest.approx(fmean(b10) - fmean(a10))
    assert found.variance == pytest.approx(variance)


def test_a_score_gains_nothing_on_itself() -> None:
    """Difference 0 with interval of 0 length."""
    found = discrimination.gain([1.0, 2, 3, 4], [1.0, 2, 3, 4], [False, True, False, True])
    assert found is not None
    assert (found.value, found.interval) == (0.0, (0.0, 0.0))


def brute_isotonic(shares: list[float], weights: list[int]) -> list[float]:
    """Max-min formula (Robertson, Wright and Dykstra 1988, 1.4)."""

    def mean(first: int, last: int) -> float:
        part = range(first, last + 1)
        return sum(shares[i] * weights[i] for i in part) / sum(weights[i] for i in part)

    n = len(shares)
    return [max(min(mean(s, t) for t in range(i, n)) for s in range(i + 1)) for i in range(n)]


@given(SCORED)
@settings(max_examples=60, deadline=None)
def test_isotonic_regression_equals_the_max_min_formula(pairs: Pairs) -> None:
    """Pool adjacent violators finds the best non-decreasing probabilities."""
    counts = tally(pairs)
    expected = brute_isotonic([c.good / c.n for c in counts], [c.n for c in counts])
    found = isotonic.probabilities(isotonic.fit(counts), [c.score for c in counts])
    assert found == pytest.approx(expected, abs=1e-12)


@given(SCORED, st.sampled_from([0.5, 1.0, 2.0, 5.0]))
@settings(max_examples=60, deadline=None)
def test_no_whole_threshold_costs_less_than_the_chosen_one(pairs: Pairs, cost: float) -> None:
    """On the half that chooses, every other threshold lets through and holds back at the same cost or more."""
    counts = tally(pairs)
    chosen = threshold.choose(isotonic.fit(counts), counts, cost)

    def costs(at: float) -> float:
        return sum(cost * (not good) if score >= at else float(good) for score, good in pairs)

    assert costs(99.0 if chosen is None else chosen) == pytest.approx(min(costs(at) for at in range(14)))


@given(SCORED, st.integers(0, 13), st.integers(0, 13), st.sampled_from([0.5, 2.0]))
@settings(max_examples=60, deadline=None)
def test_a_saving_is_the_difference_of_the_costs(pairs: Pairs, now: int, then: int, cost: float) -> None:
    """Whichever way the threshold moves, its interval includes it."""

    def costs(at: float) -> float:
        return sum(cost * (not good) if score >= at else float(good) for score, good in pairs)

    found = threshold.saves(tally(pairs), now, then, cost)
    assert found.value == pytest.approx((costs(now) - costs(then)) / len(pairs), abs=1e-12)
    assert found.interval[0] - 1e-12 <= found.value <= found.interval[1] + 1e-12


def test_brier_scores_by_hand() -> None:
    """Two of three at 0.8, one of two at 0.4; against their common share of 0.6 the skill is small."""
    foretold = [(0.4, 1, 2), (0.8, 2, 3)]
    by_hand = (0.6**2 + 0.4**2 + 2 * 0.2**2 + 0.8**2) / 5
    assert reliability.brier_score(foretold) == pytest.approx(by_hand)
    interval = reliability.skill_interval(foretold, 0.6)
    assert interval is not None
    assert interval[0] < 1 - by_hand / 0.24 < interval[1]


@pytest.mark.long
def test_the_interval_of_the_skill_covers_the_truth() -> None:
    """A forecast of known worth: nine of ten intervals, where 95 % are meant."""
    chances, truths = [0.3, 0.5, 0.7, 0.9], [0.35, 0.45, 0.75, 0.85]
    loss = fmean(t * (1 - c) ** 2 + (1 - t) * c**2 for c, t in zip(chances, truths, strict=True))
    base = fmean(t * 0.4**2 + (1 - t) * 0.6**2 for t in truths)
    random, hits = dice(2), 0
    for _ in range(400):
        foretold = [
            (c, sum(random.random() < t for _ in range(60)), 60) for c, t in zip(chances, truths, strict=True)
        ]
        interval = reliability.skill_interval(foretold, 0.6)
        assert interval is not None
        hits += interval[0] <= 1 - loss / base <= interval[1]
    assert 0.92 <= hits / 400 <= 0.98


def made_rows(seed: int, slopes: tuple[float, ...], n: int) -> list[Row]:
    random, rows = dice(seed), []
    for _ in range(n):
        values = tuple(random.uniform(-1, 1) for _ in slopes)
        odds = 0.3 + sum(s * v for s, v in zip(slopes, values, strict=True))
        rows.append(Row(values, int(random.random() < 1 / (1 + math.exp(-odds))), 1))
    return rows


def loss_of(rows: list[Row], at: list[float], towards: list[float], ridge: float) -> float:
    total = sum(
        math.log1p(math.exp(-(1 if row.good else -1) * (at[0] + sum(map(float.__mul__, at[1:], row.values)))))
        for row in rows
    )
    return total + ridge / 2 * sum((a - t) ** 2 for a, t in zip(at[1:], towards, strict=True))


@pytest.mark.parametrize("slopes", [(2.0, 0.5), (1.0, -1.5), (-0.5, -0.5)])
def test_no_step_from_the_fit_is_better(slopes: tuple[float, ...]) -> None:
    """Bounds hold, and every small allowed step from the coefficients costs more."""
    rows, towards, ridge = made_rows(4, slopes, 200), [0.5, 0.5], 2.0
    found = logistic.fit(rows, towards, ridge)
    at = [found.intercept, *found.coefficients]
    assert min(found.coefficients) >= 0
    best = loss_of(rows, at, towards, ridge)
    for step in (1e-3, -1e-3, 0.1, -0.1):
        for index in range(3):
            moved = [value + step * (place == index) for place, value in enumerate(at)]
            if min(moved[1:]) >= 0:
                assert loss_of(rows, moved, towards, ridge) >= best - 1e-9


def test_the_fit_is_the_same_for_rows_taken_together() -> None:
    """Equal values with their counts weigh as much as one after the other."""
    apart = [Row((float(i % 3),), int(i % 3 > i % 2), 1) for i in range(60)]
    together = [
        Row(
            (value,),
            sum(r.good for r in apart if r.values == (value,)),
            sum(r.values == (value,) for r in apart),
        )
        for value in (0.0, 1.0, 2.0)
    ]
    one, other = logistic.fit(apart, [0.0], 0.1), logistic.fit(together, [0.0], 0.1)
    assert one.coefficients == pytest.approx(other.coefficients, abs=1e-6)


def test_perfectly_separated_rows_have_an_end() -> None:
    """Without a most likely coefficient the ridge holds it."""
    rows = [Row((-1.0,), 0, 50), Row((1.0,), 50, 50)]
    (slope,) = logistic.fit(rows, [0.0], 0.01).coefficients
    assert 1 < slope < 100


def test_all_pairs_of_separated_scores_have_no_interval() -> None:
    """At an area of 1 the variance is 0, which is no certainty."""
    found = discrimination.auc(tally([(1, False), (2, False), (3, True), (4, True)]))
    assert found is not None
    assert (found.value, found.interval) == (1.0, None)
