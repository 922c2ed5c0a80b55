"""Forecasts beside batches, and what they came to."""

from collections.abc import Iterator, Sequence

from ci_factory.config import Config
from ci_factory.metrics.facts import History
from ci_factory.model.base import Moment
from ci_factory.model.batch import Batch
from ci_factory.model.forecast import Forecast, Outlook
from ci_factory.model.merge_truth import MergeTruth
from ci_factory.planning.simulation import fitting, forecasting, scoring
from ci_factory.planning.simulation.assumptions import Assumptions
from ci_factory.planning.simulation.hours import Day
from ci_factory.planning.simulation.replay import Equipment
from ci_factory.system import records
from ci_factory.system.layout import Layout
from ci_factory.workflow import history
from ci_factory.workflow.factory import Workshop

_SEED = 1
_LONGEST = 1_000
"""Tickets of a batch beyond which it is not forecast: planning must stay quick."""
_NIGHTS = 400
"""Newest nights that are scored."""


def day_of(config: Config) -> Day:
    """The clock of a project's nights and reviewers."""
    clock, review = config.simulation, config.review
    return Day(
        zone=review.timezone,
        starts=clock.starts,
        closes=clock.closes,
        deadline=clock.deadline,
        hours=review.hours or Day().hours,
        days=review.days,
    )


def equipment_of(config: Config, lanes: int | None = None) -> Equipment:
    """What a project works with, as far as its configuration tells."""
    people = {*config.review.reviewers, *config.review.people}
    count = 1 if config.planning.pattern == "queue" else config.batch.parallel
    return Equipment(
        agents=max(1, len(config.agents)),
        lanes=lanes or count,
        reviewers=len(people) or config.simulation.reviewers,
        budget_usd=config.batch.cost_budget_usd,
    )


def forecast(workshop: Workshop, batch: Batch) -> Forecast | None:
    """Write what the batch is expected to bring beside it; `None` when it is switched off, or there is nothing to say."""
    config = workshop.config
    if not config.simulation.forecast or len(batch.tickets) > _LONGEST:
        return None
    made = forecasting.forecast(
        batch,
        config.review.sla_hours,
        fitting.fit(Assumptions(), history.measured(workshop.layout)),
        day_of(config),
        equipment_of(config),
        runs=config.simulation.runs,
        seed=_SEED,
        window=config.batch.window_minutes,
    )
    if made is not None:
        records.write_model(workshop.layout.batch(batch.id).forecast, made)
    return made


def outlook(layout: Layout, told: History, now: Moment) -> Outlook:
    """Every forecast, and those whose deadline has passed against what happened."""
    found = (records.read_if_valid(folder.forecast, Forecast) for folder in layout.batches()[-_NIGHTS:])
    known = [each for each in found if each is not None]
    scored = (
        scoring.score(each, dict(_happened(layout, told, each))) for each in known if each.deadline <= now
    )
    return Outlook(forecasts={each.batch: each for each in known}, scores=tuple(scored))


def _happened(layout: Layout, told: History, forecast: Forecast) -> Iterator[tuple[str, float | None]]:
    attempts = [each for each in told.attempts if each.batch == forecast.batch]
    yield "ready", _ready(told, forecast) if attempts else None
    costs = [each.usage.cost_usd for each in attempts if each.worked]
    yield "spend", _total(costs) if attempts else None
    truth = records.read_if_valid(layout.batch(forecast.batch).merge_truth, MergeTruth)
    yield "conflicts", None if truth is None else float(truth.conflicting)


def _ready(told: History, forecast: Forecast) -> float:
    requests = {each.iid: each for each in told.merge_requests}
    published = {each.merge_request for each in told.attempts if each.batch == forecast.batch}
    ready = (requests[iid].ready_at for iid in published if iid in requests)
    return float(sum(1 for moment in ready if moment is not None and moment <= forecast.deadline))


def _total(costs: Sequence[float | None]) -> float | None:
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None
