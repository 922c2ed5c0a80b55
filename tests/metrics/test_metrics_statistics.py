"""Intervals and survival curves against known values and invariants."""

import statistics
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_factory.metrics.statistics import Duration, mean, median, survival, survival_quantile, wilson

DURATIONS = st.lists(st.builds(Duration, st.integers(0, 50).map(float), st.booleans()), max_size=30)


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(13, 20, 0.4329, 0.8188), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (1, 2, 0.0945, 0.9055)],
)
def test_wilson_gives_the_published_intervals(hits: int, of: int, low: float, high: float) -> None:
    """Wilson's interval agrees with published tables, 13 of 20 being 43 to 82 %."""
    assert wilson(hits, of) == pytest.approx((low, high), abs=1e-4)


def test_a_share_of_nothing_has_no_interval() -> None:
    """No observation gives no interval, rather than 0 to 1 or an exception."""
    assert wilson(0, 0) is None


@settings(deadline=None)
@given(st.integers(1, 500).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_wilson_holds_the_share_and_stays_a_share(counts: tuple[int, int]) -> None:
    """The interval always lies within 0 and 1, and around the observed share."""
    hits, of = counts
    interval = wilson(hits, of)
    assert interval is not None
    assert -1e-12 <= interval[0] <= hits / of + 1e-12
    assert hits / of - 1e-12 <= interval[1] <= 1


def test_survival_agrees_with_the_worked_example() -> None:
    """The first steps of the 6-MP arm of Freireich (1963), the textbook's example, come out as printed."""
    events = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    durations = [Duration(t, True) for t in events] + [Duration(t, False) for t in censored]
    curve = dict(survival(durations))
    assert curve[6] == pytest.approx(0.857, abs=5e-4)
    assert curve[10] == pytest.approx(0.753, abs=5e-4)
    assert curve[23] == pytest.approx(0.448, abs=5e-4)
    assert survival_quantile(durations, 0.5) == 23


@settings(deadline=None)
@given(st.lists(st.integers(0, 50).map(float), min_size=1, max_size=31))
def test_without_censoring_the_median_is_the_median(values: list[float]) -> None:
    """When everything has happened, Kaplan-Meier's median is the lower median of the durations."""
    assert survival_quantile([Duration(v, True) for v in values], 0.5) == statistics.median_low(values)


@settings(deadline=None)
@given(DURATIONS)
def test_survival_only_falls(durations: list[Duration]) -> None:
    """The curve starts at most at 1, never rises and never falls below 0."""
    waiting = [1.0, *(share for _, share in survival(durations))]
    assert all(0 <= later <= earlier for earlier, later in pairwise(waiting))


@settings(deadline=None)
@given(DURATIONS)
def test_seeing_longer_waits_never_shortens_the_median(durations: list[Duration]) -> None:
    """One more ticket that still waits can only make the estimated median later, or unknown."""
    before = survival_quantile(durations, 0.5)
    after = survival_quantile([*durations, Duration(1000, False)], 0.5)
    assert after is None or (before is not None and after >= before)


def test_nothing_happened_is_unknown() -> None:
    """Only open cases give no quantile, rather than zero."""
    assert survival_quantile([Duration(5, False)] * 3, 0.5) is None
    assert survival_quantile([], 0.9) is None
    assert (mean([]), median([])) == (None, None)
