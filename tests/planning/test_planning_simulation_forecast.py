"""Forecasts of a batch: quick, the same for the same batch, scored by what happened; distributions learned from history."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_factory.config import Config
from ci_factory.errors import UsageError
from ci_factory.model.forecast import Forecast, Spread
from ci_factory.model.history import Outcome, PastAttempt
from ci_factory.model.ticket import Size
from ci_factory.planning.simulation import assumptions as assumed
from ci_factory.planning.simulation import fitting, scoring
from ci_factory.planning.simulation.assumptions import STATED, Assumptions
from ci_factory.planning.simulation.forecasting import forecast
from ci_factory.planning.simulation.given import FixedPlan, given_queue
from ci_factory.planning.simulation.hours import Calendar, Day
from ci_factory.planning.simulation.replay import Equipment, replay

SLA = Config().review.sla_hours
NIGHT = datetime(2026, 3, 2, 18, tzinfo=UTC)
Make = Callable[..., Any]


def attempts(size: Size, count: int, **fields: Any) -> list[PastAttempt]:
    """Past attempts of one size, 14 minutes each, two of three accepted."""
    return [
        PastAttempt(
            batch=f"b{number // 10}",
            ticket=f"t{number}",
            agent="ada",
            size=size,
            started_at=NIGHT - timedelta(days=number + 1),
            **{"minutes": 14.0, "outcome": Outcome.ACCEPTED if number % 3 else Outcome.REJECTED, **fields},
        )
        for number in range(count)
    ]


def told(batch: Any, assumptions: Assumptions | None = None) -> Forecast:
    """The forecast of a batch."""
    made = forecast(batch, SLA, assumptions or Assumptions(), Day(), Equipment(), runs=60, seed=1, window=600)
    assert made is not None
    return made


def test_a_batch_is_forecast_within_half_a_second(candidate: Make, plan: Make) -> None:
    """Twenty tickets that overlap are forecast in less than 0.5 s of a processor, twice the same, within their number."""
    batch = plan(*(candidate(f"t{n}", files=[f"src/m{n % 6}.py"]) for n in range(20)))
    told(batch)  # the first one also makes the made-up project
    start = time.process_time()
    once = told(batch)
    assert time.process_time() - start < 0.5
    assert once == told(batch)
    assert 0 < once.ready.p10 <= once.ready.p90 <= 20
    assert once.deadline == datetime(2026, 3, 3, 9, tzinfo=UTC)
    assert once.spend is not None
    assert set(once.sources) == {size.value for size in Size}


def test_an_empty_batch_has_no_forecast(plan: Make) -> None:
    """Where nothing is planned, nothing is foretold."""
    assert forecast(plan(), SLA, Assumptions(), Day(), Equipment(), runs=20, seed=1) is None


def test_unknown_prices_are_not_forecast(candidate: Make, plan: Make) -> None:
    """Without prices the spend is unknown, never zero."""
    batch = plan(candidate("a"))
    assert told(batch, Assumptions(usd_per_million_tokens=None)).spend is None


def test_pinball_loss_by_hand() -> None:
    """Two above the P90 cost nine tenths of two, two below cost a tenth of it; the median weighs both sides alike."""
    assert scoring.pinball(10, 12, 0.9) == pytest.approx(1.8)
    assert scoring.pinball(10, 8, 0.9) == pytest.approx(0.2)
    assert scoring.pinball(10, 8, 0.5) == scoring.pinball(10, 12, 0.5) == 1
    assert scoring.loss(Spread(p10=8, p50=10, p90=12), 10) == pytest.approx((0.2 + 0 + 0.2) / 3)


@given(st.lists(st.floats(-50, 50), min_size=3, max_size=3).map(sorted), st.floats(-60, 60))
def test_the_loss_is_never_negative(spread: list[float], actual: float) -> None:
    """Whatever happens, a forecast gains nothing, and only a certain one that comes true loses nothing."""
    low, middle, high = spread
    loss = scoring.loss(Spread(p10=low, p50=middle, p90=high), actual)
    assert loss >= 0
    assert (loss == 0) == (low == middle == high == actual)


def test_what_is_unknown_is_not_scored() -> None:
    """A night is scored by what is known of it; the rest is named, and does not count as outside."""
    made = Forecast(
        batch="b",
        made_at=NIGHT,
        deadline=NIGHT,
        seed=1,
        runs=20,
        ready=Spread(p10=3, p50=5, p90=7),
        spend=Spread(p10=1, p50=2, p90=3),
        conflicts=Spread(p10=0, p50=1, p90=2),
    )
    scored = scoring.score(made, {"ready": 8.0, "spend": None, "conflicts": 1.0})
    assert [(each.figure, each.inside) for each in scored.figures] == [("ready", False), ("conflicts", True)]
    assert scored.unknown == ("spend",)
    (ready, conflicts) = scoring.coverage([scored, scored])
    assert (ready.nights, ready.inside) == (2, 0)
    assert (conflicts.nights, conflicts.inside) == (2, 2)


def test_enough_history_takes_the_place_of_what_is_stated() -> None:
    """Of a size with enough attempts minutes, failures, decisions and cost are measured; others stay stated, and both say so."""
    past = [*attempts(Size.SMALL, 30, cost_usd=1.5, tokens=1_000), *attempts(Size.LARGE, fitting.FEWEST - 1)]
    found = fitting.fit(Assumptions(), past)
    small, large = found.classes[Size.SMALL], found.classes[Size.LARGE]
    assert small.minutes_median == pytest.approx(10)  # 14 without the overhead of 4
    assert small.minutes_sigma == pytest.approx(0)
    assert small.failure == 0
    assert small.acceptance == pytest.approx(2 / 3)
    assert small.usd == 1.5
    assert "measured: minutes of 30" in small.source
    assert large == Assumptions().classes[Size.LARGE]
    assert fitting.sources(found)["large"] == STATED


def test_pending_and_unknown_teach_nothing() -> None:
    """Undecided changes are no rejections, and unknown minutes and cost are not zero."""
    past = attempts(Size.SMALL, 40, outcome=Outcome.PENDING, minutes=None)
    assert fitting.fit(Assumptions(), past) == Assumptions()


def test_assumptions_of_a_file() -> None:
    """A file changes single figures and leaves the others as stated."""
    found = assumed.parse("pair_conflict: 0.1\nclasses: {large: {failure: 0.5}}\n", "a.yml")
    assert found.pair_conflict == 0.1
    assert found.classes[Size.LARGE].failure == 0.5
    assert found.classes[Size.LARGE].acceptance == Assumptions().classes[Size.LARGE].acceptance


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1, 2]", "mapping"),
        ("a: [", "YAML"),
        ("pair_conflict: 2", "pair_conflict"),
        ("pear_conflict: 0.1", "pear_conflict"),
        ("classes: {small: {share: 0.9}}", "make 1"),
        ("classes: 3", "classes"),
        ("x" * (assumed.MAX_BYTES + 1), "longer"),
    ],
)
def test_wrong_assumptions_are_refused(text: str, words: str) -> None:
    """A file that can't be is refused with its name and what is wrong."""
    with pytest.raises(UsageError, match=words) as refused:
        assumed.parse(text, "a.yml")
    assert refused.value.where == "a.yml"


def test_a_forecast_is_right_about_nights_it_was_not_made_from(candidate: Make, plan: Make) -> None:
    """Of other nights of the same kind about eight in ten, and with counts rather more, lie from P10 to P90."""
    batch = plan(*(candidate(f"t{n}", files=[f"src/m{n}.py"]) for n in range(20)))
    made, fixed = told(batch), FixedPlan(batch)
    candidates = [planned.candidate for planned in batch.tickets]
    inside, calendar = 0, Calendar(Day(), NIGHT, 1, 600)
    for seed in range(100, 160):
        world = replay(
            given_queue(candidates, SLA, Assumptions(), now=NIGHT, seed=seed),
            fixed,
            calendar=calendar,
            equipment=Equipment(),
            assumptions=Assumptions(),
            seed=seed,
        )
        inside += made.ready.covers(world.nights[0].ready)
    assert 42 <= inside <= 59
