"""The report of a week or a month as data: what happened, what it means, what to do. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from ci_factory.config import Config
from ci_factory.metrics import definitions, period_alerts, recommendations, trends
from ci_factory.metrics.alerts import Alert
from ci_factory.metrics.figure import ENOUGH, Figure, Metric, Target
from ci_factory.metrics.periodic.cohorts import COUNTS, TICKETS, Cohort, cohorts, within
from ci_factory.metrics.periodic.goals import Goal, goal
from ci_factory.metrics.periodic.period import Period, newest
from ci_factory.metrics.recommendation_facts import Known
from ci_factory.metrics.recommendations import Recommendation
from ci_factory.metrics.sample import Change, Sample, Shift, Wanted, Work
from ci_factory.metrics.statistics import newcombe
from ci_factory.metrics.trends import Trend
from ci_factory.model.attempt import Ending
from ci_factory.model.base import Moment, Value
from ci_factory.model.gate import Verdict
from ci_factory.model.review import ReviewQueue

WEEKS: Final = 12
"""Weeks of the trends that are shown; control limits come of `trends.WEEKS`."""
_LOWER_IS_BETTER: Final = frozenset({
    definitions.COST_PER_TICKET.key, definitions.COST_PER_ACCEPTED.key, definitions.COST_PER_LINE.key,
    definitions.PICKUP_TIME.key, definitions.TIME_TO_MERGE.key, definitions.TIME_TO_MERGE_P90.key,
    definitions.ESCALATION_WAIT.key, definitions.REWORKED_LINES.key, definitions.NO_CHANGE_RATE.key,
})  # fmt: skip
_HIGHER_IS_BETTER: Final = frozenset(
    {TICKETS.key, definitions.TICKETS_PER_WEEK.key, definitions.SCORE_MEDIAN.key}
)


class Difference(Value):
    """How a figure moved from one period to the next, in its own unit."""

    by: float | None
    """`None` when either value is unknown."""
    interval: tuple[float, float] | None
    """95 %; of counts there is none."""
    certain: bool
    """Whether the two can be told apart at all."""
    better: bool | None
    """`None` where neither way is better, or none is certain."""


class Row(Value):
    """One figure of both periods."""

    now: Figure
    before: Figure
    cohort: str
    difference: Difference


class Night(Value):
    """One batch of the period, as it stands now."""

    batch: str
    started_at: Moment | None
    planned: int
    ready: int
    """Merge requests that passed their gates, merged ones included."""
    escalated: int
    cost_usd: float | None
    """`None` when any part is unknown."""


class Waiting(Value):
    """What waits for people at the moment of the report."""

    reviews: int
    """Open merge requests that are no drafts."""
    oldest_review: Moment | None
    questions: int
    oldest_question: Moment | None


class Report(Value):
    """One period."""

    period: Period
    over: bool
    """Whether the period has ended; only then it is posted."""
    made_at: Moment
    project: str
    """Empty while none is known."""
    rows: tuple[Row, ...]
    trends: tuple[Trend, ...]
    """Up to the end of the period."""
    recommendations: tuple[Recommendation, ...]
    evidence_days: int
    """What most of them rest on; those about agents and sizes on more."""
    goals: tuple[Goal, ...]
    alerts: tuple[Alert, ...]
    """As they stand at the moment of the report; none in one of an older period."""
    nights: tuple[Night, ...]
    waiting: Waiting
    unreadable: tuple[str, ...]


def tell(
    sample: Sample,
    period: Period,
    now: datetime,
    config: Config,
    *,
    queue: ReviewQueue | None = None,
    unreadable: tuple[str, ...] = (),
) -> Report:
    """The report of a period.

    Args:
        sample: everything that is known.
        period: what it is about; one that runs is told as far as it is.
        now: until when open cases count as waiting.
        config: what figures assume, targets of people, bounds of alerts.
        queue: the review queue as it was last made.
        unreadable: what could not be believed.
    """
    rows = tuple(_rows(sample, period, now, config))
    until = min(now, period.until)
    known = Known(sample, until, now, config)
    current = period.until >= newest(period.kind, now).until
    alerts = period_alerts.tell(sample, queue, now, config) if current else ()
    return Report(
        period=period,
        over=period.over(now),
        made_at=now,
        project=", ".join(
            sorted(
                {*(row.project for row in sample.shifts), *(row.project for row in sample.changes)} - {""}
            )[:5]
        ),
        rows=rows,
        trends=_trends(sample, until, config),
        recommendations=recommendations.recommend(known),
        evidence_days=known.days,
        goals=tuple(found for row in rows if (found := goal(row.now)) is not None),
        alerts=tuple(each for each in alerts if each.on),
        nights=tuple(_nights(sample, period)),
        waiting=_waiting(sample),
        unreadable=unreadable,
    )


def _rows(sample: Sample, period: Period, now: datetime, config: Config) -> Iterator[Row]:
    before = cohorts(sample, period.before, now, config.metrics)
    for this, last in zip(cohorts(sample, period, now, config.metrics), before, strict=True):
        yield _row(this, last.figure)


def _row(this: Cohort, before: Figure) -> Row:
    return Row(now=this.figure, before=before, cohort=this.of, difference=_difference(this.figure, before))


def _difference(now: Figure, before: Figure) -> Difference:
    """With the interval that Newcombe's method gives of the two (Zou and Donner 2008: of any two estimates)."""
    if now.value is None or before.value is None:
        return Difference(by=None, interval=None, certain=False, better=None)
    by = now.value - before.value
    if now.key in COUNTS:
        return Difference(by=by, interval=None, certain=True, better=None)
    if now.interval is None or before.interval is None or min(now.n, before.n) < ENOUGH:
        return Difference(by=by, interval=None, certain=False, better=None)
    low, high = newcombe(now.value, now.interval, before.value, before.interval)
    certain = not low <= 0 <= high
    return Difference(
        by=by, interval=(low, high), certain=certain, better=_better(now, by) if certain else None
    )


def _better(figure: Figure, by: float) -> bool | None:
    direction = higher_is_better(figure)
    return None if direction is None else (by > 0) is direction


def higher_is_better(figure: Figure | Trend) -> bool | None:
    """`None` where neither way is."""
    target = figure.target if isinstance(figure, Figure) else _target(figure.key)
    if target is not None and (target.above is None) is not (target.below is None):
        return target.above is not None
    if figure.key in _LOWER_IS_BETTER:
        return False
    return True if figure.key in _HIGHER_IS_BETTER else None


def _target(key: str) -> Target | None:
    metrics = (value for value in vars(definitions).values() if isinstance(value, Metric))
    return next((metric.target for metric in metrics if metric.key == key), None)


def _trends(sample: Sample, until: datetime, config: Config) -> tuple[Trend, ...]:
    """Of full weeks: the running one is dropped, after limits were computed without what is later."""
    seen = sample.where(Wanted(until=until.timestamp()))
    found = trends.trends(seen, until, settings=config.metrics)
    full = (
        each.model_copy(
            update={"points": tuple(p for p in each.points if p.since + timedelta(days=7) <= until)}
        )
        for each in found
    )
    return tuple(each for each in full if any(point.value is not None for point in each.points))


def _nights(sample: Sample, period: Period) -> Iterator[Night]:
    shifts = within(sample.shifts, lambda each: each.created, period)
    names = {(each.project, each.batch) for each in shifts}
    work: dict[tuple[str, str], list[Work]] = defaultdict(list)
    for row in sample.work:
        if (key := (row.project, row.batch)) in names:
            work[key].append(row)
    changes: dict[tuple[str, str | None], list[Change]] = defaultdict(list)
    for change in sample.changes:
        changes[change.project, change.batch].append(change)
    for shift in sorted(shifts, key=lambda each: each.created):
        key = (shift.project, shift.batch)
        yield _night(shift, work[key], changes[key])


def _night(shift: Shift, work: Sequence[Work], changes: Iterable[Change]) -> Night:
    costs = [each.cost for each in work if each.worked]
    known = [cost for cost in costs if cost is not None]
    return Night(
        batch=shift.batch,
        started_at=_moment(shift.started),
        planned=shift.planned,
        ready=sum(each.verdict == Verdict.PASS.value and not each.draft for each in changes),
        escalated=sum(each.ending == Ending.ESCALATED.value for each in work),
        cost_usd=sum(known) if costs and len(known) == len(costs) else None,
    )


def _waiting(sample: Sample) -> Waiting:
    shown = [each for each in sample.changes if each.state == "opened" and not each.draft]
    asked = [each for each in sample.questions if each.waiting]
    return Waiting(
        reviews=len(shown),
        oldest_review=_moment(min((each.ready or each.created for each in shown), default=None)),
        questions=len(asked),
        oldest_question=_moment(min((each.raised for each in asked), default=None)),
    )


def _moment(at: float | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)
