"""Kaplan-Meier and Aalen-Johansen against lifelines, a textbook, the definition, and invariants."""

import random
import statistics
import warnings
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_factory.metrics.statistics import competing, survival
from ci_factory.metrics.statistics.survival import Duration

EXACT = 1e-9
DURATIONS = st.lists(st.builds(Duration, st.integers(0, 50).map(float), st.booleans()), max_size=30)


def made(seed: int, n: int, values: int) -> list[Duration]:
    """Durations with many ties, and some censored at the moments of events."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    return [Duration(float(chance.randint(1, values)), chance.random() < 0.7) for _ in range(n)]


def lifelines_curve(durations: Sequence[Duration]) -> Any:
    from lifelines import KaplanMeierFitter

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return KaplanMeierFitter().fit([d.seconds for d in durations], [d.happened for d in durations])


@pytest.mark.parametrize(("seed", "n", "values"), [(1, 12, 6), (2, 60, 15), (3, 300, 40), (4, 300, 100_000)])
def test_kaplan_meier_is_that_of_lifelines(seed: int, n: int, values: int) -> None:
    """Curve and log-log interval agree at every event, with ties and with censoring at the moments of events."""
    durations = made(seed, n, values)
    curve, theirs = survival.curve(durations), lifelines_curve(durations)
    for step, moment in enumerate(curve.times):
        assert curve.waiting[step] == pytest.approx(theirs.survival_function_.iloc[:, 0][moment], abs=EXACT)
        interval = curve.interval(step)
        if interval is not None:
            assert interval == pytest.approx(tuple(theirs.confidence_interval_.loc[moment]), abs=EXACT)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.9])
@pytest.mark.parametrize("seed", [5, 6])
def test_quantiles_are_those_of_lifelines(seed: int, share: float) -> None:
    """Value and Brookmeyer-Crowley interval are where lifelines' curve and its bounds cross."""
    from lifelines.utils import qth_survival_time

    durations = made(seed, 150, 30)
    theirs = lifelines_curve(durations)
    bounds = theirs.confidence_interval_[theirs.survival_function_.iloc[:, 0] > 0]
    found = survival.quantile(survival.curve(durations), share)
    assert found is not None
    assert found.value == qth_survival_time(1 - share, theirs.survival_function_)
    low, high = (qth_survival_time(1 - share, bounds.iloc[:, [column]]) for column in (0, 1))
    assert found.low == low
    assert found.high == (None if high == float("inf") else high)


@pytest.mark.parametrize(("seed", "n", "values"), [(1, 40, 20), (2, 120, 25), (3, 250, 100_000)])
def test_aalen_johansen_is_that_of_lifelines(seed: int, n: int, values: int) -> None:
    """Incidence, variance and interval agree; moments at which both ends come are left out, as lifelines would move them."""
    import numpy as np
    from lifelines import AalenJohansenFitter

    chance = random.Random(seed)  # noqa: S311 - no secret
    rows = [
        (moment, chance.choice([0, moment % 2 + 1]))
        for moment in (chance.randint(1, values) for _ in range(n))
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = AalenJohansenFitter().fit([m for m, _ in rows], [e for _, e in rows], event_of_interest=1)
    own, others, censored = ([float(m) for m, end in rows if end == wanted] for wanted in (1, 2, 0))
    found = competing.incidence(own, others, censored)
    assert len(found.times) > 8
    for step, moment in enumerate(found.times):
        assert found.shares[step] == pytest.approx(theirs.cumulative_density_.iloc[:, 0][moment], abs=EXACT)
        variance = theirs.variance_[moment]
        if np.isfinite(variance):
            assert found.variances[step] == pytest.approx(variance, abs=EXACT)
        interval, (high, low) = found.interval(step), theirs.confidence_interval_.loc[moment]
        if interval is not None and np.isfinite(low) and np.isfinite(high):
            assert interval == pytest.approx(tuple(sorted((low, high))), abs=EXACT)


def test_both_ends_at_one_moment_share_it() -> None:
    """Of 10, at 1 d two merge and one closes, at 2 d one of 6 merges: 0.2 + 0.7 x 1/6, as one left unseen at 1 d."""
    found = competing.incidence([1, 1, 2], [1], [1, 3, 3, 3, 3, 3])
    assert found.shares == pytest.approx([0.2, 0.2 + 0.7 / 6])
    assert found.at(1.5)[0] == pytest.approx(0.2)
    assert found.at(0.5) == (0.0, None)


@settings(deadline=None, max_examples=40)
@given(*[st.lists(st.integers(0, 12).map(float), max_size=12)] * 3)
def test_ends_and_waiting_are_all_there_is(
    own: list[float], others: list[float], censored: list[float]
) -> None:
    """At each moment the shares of both ends and of those that wait sum to one, and no share falls."""
    first, second = competing.incidence(own, others, censored), competing.incidence(others, own, censored)
    waiting = survival.fit([*own, *others], censored)
    for moment in waiting.times:
        assert first.at(moment)[0] + second.at(moment)[0] + waiting.at(moment) == pytest.approx(1)
    assert all(before <= after for before, after in pairwise(first.shares))


def test_closing_is_not_censoring() -> None:
    """Half merge and half close on the first day: 50 % merged by then, where censoring the closed would say 2 of 3."""
    merged, closed = [1.0, 1.0], [0.5, 0.5]
    assert competing.incidence(merged, closed, []).at(1)[0] == 0.5
    assert survival.fit(merged, closed).at(1) == 0


def test_survival_agrees_with_the_worked_example() -> None:
    """The 6-MP arm of Freireich (1963), the textbook's example: steps as printed, median 23 with 13 as its lower end."""
    events = [6.0, 6.0, 6.0, 7.0, 10.0, 13.0, 16.0, 22.0, 23.0]
    censored = [6.0, 9.0, 10.0, 11.0, 17.0, 19.0, 20.0, 25.0, 32.0, 32.0, 34.0, 35.0]
    curve = survival.fit(events, censored)
    assert [curve.at(week) for week in (6, 10, 23)] == pytest.approx([0.857, 0.753, 0.448], abs=5e-4)
    assert survival.quantile(curve, 0.5) == (23.0, 13.0, None, 21)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 50).map(float), min_size=1, max_size=31))
def test_without_censoring_the_median_is_the_median(values: list[float]) -> None:
    """When everything has happened, Kaplan-Meier's median is the lower median of the durations."""
    found = survival.quantile(survival.fit(values, []), 0.5)
    assert found is not None
    assert found.value == statistics.median_low(values)


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.integers(0, 30).map(float), max_size=60),
    st.lists(st.integers(0, 30).map(float), max_size=30),
    st.sampled_from([0.25, 0.5, 0.9]),
)
def test_a_curve_cut_for_a_quantile_has_the_same_quantiles(
    happened: list[float], censored: list[float], share: float
) -> None:
    """A curve that ends where a quantile is known answers for it, and for smaller ones, as the whole curve does."""
    whole, cut = survival.fit(happened, censored), survival.fit(happened, censored, share)
    for asked in (share, share / 2):
        assert survival.quantile(cut, asked) == survival.quantile(whole, asked)
        assert survival.lower(cut, asked) == survival.lower(whole, asked)
    assert (cut.n, cut.events) == (whole.n, whole.events)


@settings(deadline=None, max_examples=50)
@given(DURATIONS, st.randoms(use_true_random=False))
def test_survival_only_falls_and_does_not_know_the_order(
    durations: list[Duration], chance: random.Random
) -> None:
    """The curve starts at most at 1, never rises, never falls below 0, and is the same for shuffled rows."""
    curve = survival.curve(durations)
    assert all(0 <= later <= earlier for earlier, later in pairwise([1.0, *curve.waiting]))
    assert survival.curve(chance.sample(durations, len(durations))) == curve


@settings(deadline=None, max_examples=50)
@given(DURATIONS, st.data())
def test_censoring_never_lowers_a_median(durations: list[Duration], data: st.DataObject) -> None:
    """Had one of them not happened by the last moment that anything was seen, the median would be later, or unknown."""
    before = survival.quantile(survival.curve(durations), 0.5)
    if not durations:
        assert before is None
        return
    one = data.draw(st.integers(0, len(durations) - 1))
    last = max(each.seconds for each in durations)
    waits = [*durations[:one], Duration(last, happened=False), *durations[one + 1 :]]
    after = survival.quantile(survival.curve(waits), 0.5)
    assert after is None or (before is not None and after.value >= before.value)


@settings(deadline=None, max_examples=50)
@given(DURATIONS, st.sampled_from([0.5, 0.9]))
def test_a_quantile_lies_in_its_interval(durations: list[Duration], share: float) -> None:
    """The lower end is not above the value, the upper one not below it."""
    found = survival.quantile(survival.curve(durations), share)
    if found is not None:
        assert found.low is not None
        assert found.low <= found.value
        assert found.high is None or found.value <= found.high


def test_the_interval_holds_the_truth_in_19_of_20_samples() -> None:
    """Of 400 samples of 80 exponential times, a third censored, 93 to 98 % have the true median, log 2, in the interval."""
    chance, hits = random.Random(7), 0  # noqa: S311 - no secret
    for _ in range(400):
        rows = [(chance.expovariate(1), chance.expovariate(0.5)) for _ in range(80)]
        found = survival.quantile(survival.curve(Duration(min(t, c), t <= c) for t, c in rows), 0.5)
        assert found is not None
        hits += (found.low or 0) <= 0.6931 <= (found.high or float("inf"))
    assert 0.93 <= hits / 400 <= 0.98


def test_nothing_happened_is_unknown() -> None:
    """Only open cases give no quantile, rather than zero."""
    assert survival.quantile(survival.fit([], [5.0] * 3), 0.5) is None
    assert survival.quantile(survival.fit([], []), 0.9) is None
