"""What a planned batch will bring: its own plan, many fates."""

from collections.abc import Mapping

from ci_factory.model.batch import Batch
from ci_factory.model.forecast import Forecast, Spread
from ci_factory.model.simulated import Result
from ci_factory.model.ticket import Priority
from ci_factory.planning.simulation import fitting
from ci_factory.planning.simulation.assumptions import Assumptions
from ci_factory.planning.simulation.given import FixedPlan, given_queue
from ci_factory.planning.simulation.hours import Day
from ci_factory.planning.simulation.replay import Equipment
from ci_factory.planning.simulation.scenario import Scenario, Span, simulate

_CALLS = 2_000
"""Tickets simulated for one forecast, over all runs, so that it costs a fraction of a second."""
_FEWEST_RUNS = 20


def forecast(  # noqa: PLR0913 - what a night is made of
    batch: Batch,
    sla_hours: Mapping[Priority, float],
    assumptions: Assumptions,
    day: Day,
    equipment: Equipment,
    *,
    runs: int,
    seed: int,
    window: float | None = None,
) -> Forecast | None:
    """What the batch brings by the deadline; `None` for a batch without tickets. Large batches get fewer runs."""
    if not batch.tickets:
        return None
    plan = FixedPlan(batch)
    candidates = [planned.candidate for planned in batch.tickets]
    span = Span(day, batch.created_at, window=window)
    fewer = max(_FEWEST_RUNS, min(runs, _CALLS // len(batch.tickets)))
    result = simulate(
        Scenario("forecast", lambda _: plan, equipment.model_copy(update={"agents": plan.agents})),
        lambda each: given_queue(candidates, sla_hours, assumptions, now=batch.created_at, seed=each),
        span,
        assumptions,
        runs=fewer,
        seed=seed,
    )
    return _told(batch, result, span, assumptions, seed)


def _told(batch: Batch, result: Result, span: Span, assumptions: Assumptions, seed: int) -> Forecast:
    calendar = span.calendar
    ready, conflicts = result.figures["ready"], result.figures["conflicts"]
    assert ready is not None and conflicts is not None  # noqa: S101, PT018 - counts are known
    return Forecast(
        batch=batch.id,
        made_at=batch.created_at,
        deadline=calendar.moment(calendar.nights[0][2]),
        seed=seed,
        runs=result.runs,
        ready=ready,
        spend=_rounded(result.figures["spend"]),
        conflicts=conflicts,
        sources=fitting.sources(assumptions),
    )


def _rounded(spread: Spread | None) -> Spread | None:
    if spread is None:
        return None
    return Spread(p10=round(spread.p10, 4), p50=round(spread.p50, 4), p90=round(spread.p90, 4))
