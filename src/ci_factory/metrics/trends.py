"""Figures week by week with control limits, so that noise is not taken for news. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from math import fsum
from operator import attrgetter

from ci_factory.metrics import definitions
from ci_factory.metrics.measures import quality, throughput, times
from ci_factory.metrics.measures.quality import DAY
from ci_factory.metrics.measures.times import Spans
from ci_factory.metrics.sample import Change, Check, Sample, Work
from ci_factory.metrics.statistics import survival
from ci_factory.metrics.statistics.quantiles import mean, median
from ci_factory.metrics.weeks import Point, Row, Trend, Values, Weeks, by_week, series, shares, week_of
from ci_factory.model.attempt import Ending
from ci_factory.model.gate import GateStatus
from ci_factory.model.metrics_settings import MetricsConfig

__all__ = ["WEEKS", "Point", "Trend", "of_gate", "trends"]

WEEKS = 26
"""Weeks that are told unless others are asked for."""


def trends(
    sample: Sample,
    now: datetime,
    weeks: int = WEEKS,
    settings: MetricsConfig = MetricsConfig(),  # noqa: B008 - frozen
) -> tuple[Trend, ...]:
    """The main figures over the last weeks, from the first in which anything is known; the current week is the last."""
    span = _span(sample, now, weeks)
    return () if span is None else tuple(_trends(sample, now, span, settings))


def of_gate(gate: str, checks: Sequence[Check], weeks: int = WEEKS) -> tuple[Trend, Trend]:
    """Share of changes that a gate did not pass, and its new findings, up to the week of its newest verdict."""
    passed, skipped = GateStatus.PASS.value, GateStatus.SKIPPED.value
    dated = by_week([each for each in checks if each.status != skipped], attrgetter("at"))
    span = Weeks(max(min(dated), max(dated) - weeks + 1), max(dated)) if dated else None
    failed, found = (
        metric.model_copy(update={"name": f"{metric.name}: {gate}"})
        for metric in (definitions.GATE_FAILURES, definitions.GATE_FINDINGS)
    )
    findings = {week: _findings(rows) for week, rows in dated.items()}
    return (
        shares(failed, dated, lambda each: each.status != passed, span, over=True),
        series(found, findings, span or Weeks(0, -1), floor=0.0, over=True),
    )


def _findings(checks: Sequence[Check]) -> tuple[float | None, int]:
    known = [each.findings for each in checks if each.findings is not None]
    return mean(known), len(known)


def _trends(sample: Sample, now: datetime, span: Weeks, settings: MetricsConfig) -> Iterator[Trend]:
    at, changes = now.timestamp(), sample.changes
    merged = by_week(changes, attrgetter("merged"))
    yield series(definitions.TICKETS_PER_WEEK, _filled(merged, span, _tickets), span, floor=0.0)
    yield series(definitions.LINES_PER_WEEK, _filled(merged, span, _lines), span)
    yield _accepted(changes, at, span, settings)
    decided = by_week(changes, attrgetter("decided"))
    yield shares(definitions.FIRST_PASS, decided, lambda c: c.approved is not None and not c.reworked, span)
    yield shares(definitions.REWORK, decided, lambda c: c.reworked, span)
    yield _broken(merged, span, settings)
    judged = by_week([c for c in changes if c.score is not None], attrgetter("created"))
    yield series(definitions.SCORE_MEDIAN, _medians(judged, lambda c: c.score or 0.0), span, floor=0.0)
    yield from _times(sample, at, span)
    looked = by_week([c for c in changes if c.human_seconds is not None], attrgetter("decided"))
    human = _medians(looked, lambda c: (c.human_seconds or 0.0) / 60)
    yield series(definitions.HUMAN_TIME, human, span, floor=0.0)
    worked = by_week([w for w in sample.work if w.worked], attrgetter("finished"))
    costs = {week: _cost(rows) for week, rows in worked.items()}
    yield series(definitions.COST_PER_TICKET, costs, span, floor=0.0)
    settled = {week: [w for w in rows if w.settled] for week, rows in worked.items()}
    escalated = Ending.ESCALATED.value
    yield shares(definitions.ESCALATION_RATE, settled, lambda w: w.ending == escalated, span)


def _times(sample: Sample, at: float, span: Weeks) -> Iterator[Trend]:
    shown = by_week(sample.changes, attrgetter("ready"))
    reviews = {week: _waited(times.to_review(rows, at)) for week, rows in shown.items()}
    yield series(definitions.REVIEW_TIME, reviews, span, floor=0.0)
    merging = {week: _waited(times.to_merge(rows, at)) for week, rows in shown.items()}
    yield series(definitions.TIME_TO_MERGE, merging, span, floor=0.0)
    labelled = by_week(sample.tasks, attrgetter("triggered"))
    cycles = {week: _waited(times.to_cycle(rows, at)) for week, rows in labelled.items()}
    yield series(definitions.CYCLE_TIME, cycles, span, floor=0.0)


def _accepted(changes: Iterable[Change], at: float, span: Weeks, settings: MetricsConfig) -> Trend:
    """By the week of creation, and only those that are old enough to be told."""
    age = settings.maturity_days * DAY
    old = [
        c for c in changes if c.created <= at - age and c.decided is not None and c.decided - c.created <= age
    ]
    return shares(
        definitions.ACCEPTANCE, by_week(old, attrgetter("created")), lambda c: c.merged is not None, span
    )


def _broken(merged: Mapping[int, Sequence[Change]], span: Weeks, settings: MetricsConfig) -> Trend:
    after = settings.defect_days * DAY
    watched = {week: [c for c in rows if quality.watched(c, after)] for week, rows in merged.items()}
    return shares(definitions.DEFECTS, watched, lambda c: quality.broken(c, after), span)


def _span(sample: Sample, now: datetime, weeks: int) -> Weeks | None:
    starts = [
        *(each.created for each in sample.changes),
        *(each.finished for each in sample.work),
        *(each.triggered for each in sample.tasks if each.triggered is not None),
    ]
    if not starts:
        return None
    last = week_of(now.timestamp())
    return Weeks(max(min(week_of(min(starts)), last), last - weeks + 1), last)


def _filled(
    rows: Mapping[int, Sequence[Change]], span: Weeks, value: Callable[[Sequence[Change]], float | None]
) -> Values:
    """Counts: a week in which nothing merged is a zero, not unknown."""
    return {
        week: (value(rows.get(week, ())), len(rows.get(week, ())))
        for week in range(span.first, span.last + 1)
    }


def _tickets(merged: Sequence[Change]) -> float:
    return float(len({(each.project, each.ticket) for each in merged}))


def _lines(merged: Sequence[Change]) -> float | None:
    sizes = [lines for each in merged if (lines := throughput.net_lines(each)) is not None]
    return float(sum(sizes)) if len(sizes) == len(merged) else None


def _medians(rows: Mapping[int, Sequence[Row]], value: Callable[[Row], float]) -> Values:
    return {week: (median([value(row) for row in found]), len(found)) for week, found in rows.items()}


def _waited(spans: Spans) -> tuple[float | None, int]:
    found = survival.fit(*spans, 0.5)
    middle = survival.quantile(found, 0.5)
    return (middle.value if middle else None), found.n


def _cost(work: Sequence[Work]) -> tuple[float | None, int]:
    tickets = len({(each.project, each.ticket) for each in work})
    known = [each.cost for each in work if each.cost is not None]
    return (fsum(known) / tickets if len(known) == len(work) else None), tickets
