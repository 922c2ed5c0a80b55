"""Rows in, figures out. Pure: the same sample and moment give the same figures."""

from collections.abc import Sequence
from datetime import datetime

from ci_factory.metrics import gate_figures, prediction
from ci_factory.metrics.facts import PredictionFact
from ci_factory.metrics.figure import Figure
from ci_factory.metrics.issues import top_issues
from ci_factory.metrics.measures import costs, quality, throughput, times, working
from ci_factory.metrics.sample import Sample
from ci_factory.model.metrics_settings import MetricsConfig

__all__ = ["figures", "top_issues"]


def figures(
    sample: Sample,
    now: datetime,
    settings: MetricsConfig = MetricsConfig(),  # noqa: B008 - frozen
    predictions: Sequence[PredictionFact] = (),
) -> tuple[Figure, ...]:
    """Every figure that the facts allow, in the order in which they are shown.

    Args:
        sample: what is measured; `Sample.where` restricts it.
        now: until when open cases count as waiting.
        settings: what counts as a defect, when a cohort is old enough, what a change would have taken by hand.
        predictions: which files the tickets of batches were to touch, and touched.
    """
    changes, work = sample.changes, sample.work
    return (
        *throughput.weekly(changes, now),
        quality.acceptance(changes, now, settings),
        *quality.merged_by_day(changes, now),
        *quality.review(changes),
        quality.churn(changes),
        quality.defects(changes, settings),
        *quality.scores(changes, work),
        times.first_mr(sample.tasks, now),
        *times.requests(changes, now),
        times.cycle(sample.tasks, now),
        costs.human_time(changes),
        *costs.money(work, changes),
        costs.hours_saved(changes, settings),
        working.escalated(work),
        times.answers(sample.questions, now),
        working.conflicts(sample.shifts),
        working.utilisation(work, sample.shifts),
        working.iterations(work),
        working.unchanged(work),
        *gate_figures.figures(sample),
        *prediction.figures(predictions),
    )
