"""Shares, quantiles, ratios, control charts and sessions against published values, scipy and invariants."""

import random
import statistics
from datetime import UTC, datetime, timedelta
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_factory.metrics.statistics import control, mean, median, sessions, wilson
from ci_factory.metrics.statistics.proportions import newcombe
from ci_factory.metrics.statistics.quantiles import mean_interval, quantile, ranks, student
from ci_factory.metrics.statistics.ratios import clustered, ratio

NUMBERS = st.lists(st.integers(0, 50).map(float), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(13, 20, 0.4329, 0.8188), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (1, 2, 0.0945, 0.9055)],
)
def test_wilson_gives_the_published_intervals(hits: int, of: int, low: float, high: float) -> None:
    """Wilson's interval agrees with published tables, 13 of 20 being 43 to 82 %."""
    assert wilson(hits, of) == pytest.approx((low, high), abs=1e-4)


def test_newcombe_gives_the_published_interval() -> None:
    """56 of 70 against 48 of 80 is Newcombe's own example (1998, table II a): 0.0524 to 0.3339."""
    first, second = wilson(56, 70), wilson(48, 80)
    assert first is not None
    assert second is not None
    assert newcombe(56 / 70, first, 48 / 80, second) == pytest.approx((0.0524, 0.3339), abs=1e-4)


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 500).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_wilson_holds_the_share_and_stays_a_share(counts: tuple[int, int]) -> None:
    """The interval always lies within 0 and 1, and around the observed share."""
    hits, of = counts
    interval = wilson(hits, of)
    assert interval is not None
    assert -1e-12 <= interval[0] <= hits / of + 1e-12
    assert hits / of - 1e-12 <= interval[1] <= 1


def test_nothing_is_unknown() -> None:
    """Of no observations there is no mean, median, ratio or interval, rather than zero or an exception."""
    assert (mean([]), median([]), quantile([], 0.5), mean_interval([]), ratio([]), clustered([])) == (
        None,
    ) * 6
    assert wilson(0, 0) is None


@pytest.mark.parametrize("n", [1, 2, 5, 6, 20, 71, 200, 201, 1000])
def test_ranks_enclose_the_quantile_in_19_of_20_samples(n: int) -> None:
    """The binomial distribution, as scipy has it, puts the median and the 90th percentile between them with 95 %."""
    from scipy import stats

    for share in (0.5, 0.9):
        low, high = ranks(n, share)
        covered = stats.binom.cdf(high - 1, n, share) - stats.binom.cdf(low - 1, n, share)
        assert covered >= 0.9499
        if n <= 200 and low:
            assert stats.binom.cdf(low, n, share) > 0.025


def test_the_median_of_six_lies_between_the_smallest_and_the_largest() -> None:
    """With six values the chance that all are on one side of the median is 2 / 64 = 3.1 %, with five it is 6.3 %."""
    six, five = quantile([3, 1, 2, 6, 5, 4], 0.5), quantile([3, 1, 2, 5, 4], 0.5)
    assert six is not None
    assert five is not None
    assert (six.value, six.interval) == (3.5, (1, 6))
    assert (five.value, five.interval) == (3, None)


def test_nine_of_ten_do_not_exceed_the_90th_percentile() -> None:
    """Of 1 to 20 it is 18; the interval of so few has no upper end."""
    found = quantile([float(number) for number in range(1, 21)], 0.9)
    assert found is not None
    assert (found.value, found.high) == (18, None)


@settings(deadline=None, max_examples=60)
@given(NUMBERS, st.sampled_from([0.5, 0.9]), st.randoms(use_true_random=False))
def test_a_quantile_lies_in_its_interval_and_does_not_know_the_order(
    values: list[float], share: float, chance: random.Random
) -> None:
    """The interval contains the value, and shuffled values give the same."""
    found = quantile(values, share)
    assert found is not None
    assert found.low is None or found.low <= found.value
    assert found.high is None or found.value <= found.high
    if share == 0.5:
        assert found.value == statistics.median(values)
    assert quantile(chance.sample(values, len(values)), share) == found


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 10, 29, 30, 200, 201, 100_000])
def test_students_quantile_is_that_of_scipy(freedom: int) -> None:
    """The 97.5 % point agrees for odd, even, few and many degrees of freedom."""
    from scipy import stats

    assert student(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), abs=1e-9)


def test_a_mean_has_students_interval() -> None:
    """Of 1, 2, 3: mean 2, standard error 1 / sqrt 3, and 4.3027 times that to each side."""
    assert mean_interval([1.0, 2.0, 3.0]) == pytest.approx((2 - 2.48414, 2 + 2.48414), abs=1e-4)


def test_a_ratio_of_sums_by_hand() -> None:
    """(1 + 2 + 6) / (2 + 3 + 5) = 0.9; left over -0.8, -0.7, 1.5: 3/2 x (0.64 + 0.49 + 2.25) / 100 = 0.0507, times 4.3027^2."""
    found = ratio([(1, 2), (2, 3), (6, 5)])
    assert found is not None
    assert found.value == pytest.approx(0.9)
    assert found.interval == pytest.approx((0.9 - 0.96881, 0.9 + 0.96881), abs=1e-4)


def test_clusters_that_are_alike_tell_less() -> None:
    """20 of 100 in clusters of all or nothing has a far wider interval than Wilson's; evenly spread, one hardly wider."""
    alike = clustered([(10, 10)] * 2 + [(0, 10)] * 8)
    spread = clustered([(2, 10)] * 10)
    plain = wilson(20, 100)
    assert alike is not None
    assert spread is not None
    assert plain is not None
    assert alike[0] < 0.5 * plain[0]
    assert alike[1] > 1.5 * plain[1]
    assert spread == pytest.approx(plain, abs=0.02)


def test_xmr_limits_by_hand() -> None:
    """4, 6, 5, 7, 4, 6, 5, 7: mean 5.5, moving ranges 2 1 2 3 2 1 2 have the mean 13/7, times 2.66 is 4.94."""
    chart = control.xmr([4, 6, 5, 7, 4, 6, 5, 7])
    assert chart.centre == 5.5
    assert (chart.points[0].low, chart.points[0].high) == pytest.approx((5.5 - 4.94, 5.5 + 4.94))
    assert not any(point.signal for point in chart.points)


def test_a_spike_is_a_signal_and_noise_is_none() -> None:
    """One week far outside stands out, the others do not; below eight known weeks nothing does."""
    chart = control.xmr([10.0, 11.0, 10.0, 9.0, 10.0, 60.0, 11.0, 9.0, 10.0, 11.0, 10.0])
    assert [point.signal for point in chart.points] == [False] * 5 + [True] + [False] * 5
    few = control.xmr([1, 1, 1, None, 90])
    assert [(point.high, point.signal) for point in few.points] == [(None, False)] * 5


def test_the_eighth_in_a_row_on_one_side_is_a_signal() -> None:
    """Nine weeks below the centre and nine above it: the eighth and ninth of each; a week on the centre ends a run."""
    low, high = [1.0, 0.0] * 4 + [0.5], [3.0, 4.0] * 4 + [3.5]
    assert [point.signal for point in control.xmr([*low, *high], floor=0).points] == (
        [False] * 7 + [True] * 2
    ) * 2
    broken = [*low[:7], 2.0, *low[7:], *high[:7], 2.0, *high[7:]]
    assert not any(point.signal for point in control.xmr(broken).points)


def test_p_chart_limits_by_hand() -> None:
    """Ten weeks of 10 of 100 and two of 1 of 10: 3 x sqrt(0.09 / 100) = 0.09, and the small weeks have wider limits."""
    chart = control.p_chart([10] * 10 + [1] * 2, [100] * 10 + [10] * 2)
    assert chart.centre == pytest.approx(0.1)
    assert (chart.points[0].low, chart.points[0].high) == pytest.approx((0.01, 0.19))
    assert chart.points[-1].low == 0
    assert chart.points[-1].high == pytest.approx(0.1 + 3 * (0.09 / 10) ** 0.5)
    assert control.p_chart([10] * 10 + [25], [100] * 11).points[-1].signal


def test_a_week_of_nothing_is_unknown() -> None:
    """A week without observations has no value, no limits and no signal, and ends no run."""
    point = control.p_chart([5] * 9 + [0], [10] * 9 + [0]).points[-1]
    assert point == control.Charted(None, None, None, signal=False)


AT = datetime(2026, 11, 2, 9, tzinfo=UTC)


def moments(*minutes: float) -> list[datetime]:
    return [AT + timedelta(minutes=each) for each in minutes]


def test_sessions_by_hand() -> None:
    """Ada: 5 before, 20 to the second trace, a new session of 5, 10 more; Bo: one trace: 5 + 20 + 5 + 10 + 5 = 45."""
    seen = {"ada": moments(110, 0, 20, 100), "bo": moments(3)}
    assert sessions.minutes(seen, gap=30, lead=5) == 45


def test_nobody_took_no_time() -> None:
    """Without a trace there is no session."""
    assert sessions.minutes({"ada": []}, gap=30, lead=5) == 0


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 600), max_size=15), st.randoms(use_true_random=False))
def test_sessions_do_not_know_the_order_and_take_at_most_all_the_time(
    minutes: list[int], chance: random.Random
) -> None:
    """Shuffled traces give the same, one more never less, and never more than the whole span and a lead for each trace."""
    taken = sessions.minutes({"ada": moments(*minutes)}, gap=30, lead=5)
    assert sessions.minutes({"ada": moments(*chance.sample(minutes, len(minutes)))}, gap=30, lead=5) == taken
    grown = [
        sessions.minutes({"ada": moments(*minutes[:n])}, gap=30, lead=5) for n in range(len(minutes) + 1)
    ]
    assert list(accumulate(grown, max)) == grown
    assert taken <= 5 * len(minutes) + max(minutes, default=0) - min(minutes, default=0)
