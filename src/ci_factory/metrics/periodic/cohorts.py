"""The figures of one week or month. Pure.

Each is one of a cohort: what was merged, decided, labelled or worked on in those days, or came of age in them. Times are
followed until the moment of the report, so what is still open counts as waiting so far.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeVar

from ci_factory.metrics.figure import Figure, Metric, Unit, measure, whole
from ci_factory.metrics.measures import costs, quality, throughput, times, working
from ci_factory.metrics.periodic.period import Period
from ci_factory.metrics.sample import Change, Sample
from ci_factory.model.metrics_settings import MetricsConfig

_DAY: Final = 86400.0
_ROW = TypeVar("_ROW", bound=tuple[Any, ...])

TICKETS = Metric(
    key="tickets_merged",
    name="Tickets merged",
    unit=Unit.COUNT,
    definition="Tickets whose merge request merged.",
)
LINES = Metric(
    key="lines_merged",
    name="Net lines merged",
    unit=Unit.COUNT,
    definition="Lines added minus lines removed by the merge requests that merged. Volume, not value.",
)
COUNTS: Final = frozenset({TICKETS.key, LINES.key})
"""Counts of all there is; nothing is inferred from them."""


class Cohort(NamedTuple):
    """A figure, and which rows of the period it is about."""

    of: str
    figure: Figure


def cohorts(sample: Sample, period: Period, now: datetime, settings: MetricsConfig) -> Iterator[Cohort]:
    """Every figure of a period, in the order in which they are shown; `now` as in `figures.figures`."""
    told = _Telling(sample, period.since.timestamp(), period.until.timestamp())
    decided, ready = told.changes(lambda each: each.decided), told.changes(lambda each: each.ready)
    merged, work = told.changes(lambda each: each.merged), told.rows(sample.work, lambda each: each.finished)
    labelled = told.rows(sample.tasks, lambda each: each.triggered)
    old_enough = told.changes(lambda each: each.created, settings.maturity_days)
    watched = told.changes(lambda each: each.merged, settings.defect_days)
    opened = told.changes(lambda each: each.created)
    yield from (
        Cohort("merged in these days", each) for each in _throughput(merged, known=bool(sample.changes))
    )
    yield Cohort(
        f"merge requests that became {settings.maturity_days} days old in these days",
        quality.acceptance(old_enough, now, settings),
    )
    yield from (Cohort("merge requests decided in these days", each) for each in quality.review(decided))
    yield Cohort(
        f"merge requests merged {settings.defect_days} days before these days",
        quality.defects(watched, settings),
    )
    yield Cohort("changes opened or worked on in these days", next(quality.scores(opened, work)))
    yield Cohort("tickets labelled in these days", times.first_mr(labelled, now))
    yield from (
        Cohort("merge requests made ready in these days", each) for each in times.requests(ready, now)
    )
    yield Cohort("tickets labelled in these days", times.cycle(labelled, now))
    yield Cohort("merge requests decided in these days", costs.human_time(decided))
    yield from (
        Cohort("work that ended, and what merged, in these days", each) for each in costs.money(work, merged)
    )
    yield Cohort("work that ended in these days", working.escalated(work))
    asked = told.rows(sample.questions, lambda each: each.raised)
    yield Cohort("questions asked in these days", times.answers(asked, now))
    shifts = told.rows(sample.shifts, lambda each: each.created)
    yield Cohort("batches of these days", working.conflicts(shifts))
    yield Cohort("work that ended in these days", working.utilisation(work, sample.shifts))
    yield Cohort("work that ended in these days", working.iterations(work))
    yield Cohort("work that ended in these days", working.unchanged(work))


def within(rows: Sequence[_ROW], moment: Callable[[_ROW], float | None], period: Period) -> list[_ROW]:
    """The rows whose moment lies in a period."""
    return _Telling(Sample(), period.since.timestamp(), period.until.timestamp()).rows(rows, moment)


class _Telling(NamedTuple):
    sample: Sample
    since: float
    until: float

    def rows(
        self, rows: Sequence[_ROW], moment: Callable[[_ROW], float | None], days: float = 0
    ) -> list[_ROW]:
        """Those whose moment, so many days later, lies in the period."""
        since, until = self.since - days * _DAY, self.until - days * _DAY
        return [each for each in rows if (at := moment(each)) is not None and since <= at < until]

    def changes(self, moment: Callable[[Change], float | None], days: float = 0) -> list[Change]:
        return self.rows(self.sample.changes, moment, days)


def _throughput(merged: Sequence[Change], *, known: bool) -> Iterator[Figure]:
    tickets = len({(each.project, each.ticket) for each in merged})
    yield whole(TICKETS, float(tickets) if known else None, tickets)
    sizes = [lines for each in merged if (lines := throughput.net_lines(each)) is not None]
    lost = len(merged) - len(sizes)
    note = f"size unknown for {lost} of {len(merged)}" if lost else ""
    yield measure(LINES, float(sum(sizes)) if known and not lost else None, len(merged), note=note)
