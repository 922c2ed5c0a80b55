"""What earlier predictions of touched files came to: learned from at intake, told with the report."""

from collections.abc import Sequence

from ci_factory.metrics import artifacts, collect, prediction
from ci_factory.metrics.facts import History, PredictionFact
from ci_factory.model.planning_settings import PlanningConfig
from ci_factory.model.prediction import Calibration
from ci_factory.system import records
from ci_factory.system.layout import Layout
from ci_factory.workflow.factory import Workshop

BATCHES = 60
"""Newest nights whose artifacts are read."""
_FACTS = "facts.json"
"""What `ci-factory collect` leaves in the output folder; it may know nights whose artifacts are gone."""


def calibration(layout: Layout, settings: PlanningConfig) -> Calibration:
    """Factors on the weights of evidence, by the nights that the output folder knows; none where too little was measured."""
    return prediction.calibration(measured(layout, settings))


def measured(layout: Layout, settings: PlanningConfig) -> tuple[PredictionFact, ...]:
    """Every known prediction once; the artifact before the collected fact."""
    collected = records.read_if_valid(layout.root / _FACTS, History)
    found = {(each.batch, each.ticket): each for each in (collected.predictions if collected else ())}
    for each in collect.predictions_of(artifacts.read_archive(layout, BATCHES).batches, settings):
        found[each.batch, each.ticket] = each
    return tuple(found[key] for key in sorted(found))


def tell(shop: Workshop, batch_id: str, predictions: Sequence[PredictionFact]) -> None:
    """Write down how well a batch's files were told, where there is a change to compare with."""
    own = [each for each in predictions if each.batch == batch_id]
    files, pairs = prediction.files(own), prediction.pairs(own)
    if files.tickets:
        shop.event("report", "prediction-measured", batch_id, files=files._asdict(), pairs=pairs._asdict())
