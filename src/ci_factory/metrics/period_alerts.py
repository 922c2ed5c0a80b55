"""Alerts over the last weeks: which figure, measured how, what to do. The bounds are configured (`alerts.period`). Pure.

A share, mean, median or ratio is an alert only when its whole 95 % interval lies beyond the bound, or when it lies beyond
the bound and its last full week is a signal of its control chart: one bad week among few changes pages nobody.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ci_factory.config import Config
from ci_factory.metrics import definitions, idling, spending, trends, words
from ci_factory.metrics import period_rules as rules
from ci_factory.metrics.alerts import Alert, Judge, Rule
from ci_factory.metrics.figure import Figure, Metric, Unit
from ci_factory.metrics.measures import quality
from ci_factory.metrics.sample import Change, Sample, Task
from ci_factory.metrics.statistics import survival
from ci_factory.metrics.statistics.quantiles import mean, mean_interval, quantile
from ci_factory.metrics.statistics.survival import Duration
from ci_factory.metrics.trends import Trend
from ci_factory.model.alert_settings import PeriodAlerts
from ci_factory.model.review import ReviewQueue
from ci_factory.model.text import plain

DAY: Final = 86400.0
_HOUR: Final = 3600.0
_MOST = 5
"""Changes, tickets or days that are named as evidence."""
_LONG = 80
_BEFORE = 4
"""How many times as long the time before is that costs are compared with."""


def tell(
    sample: Sample,
    queue: ReviewQueue | None,
    now: datetime,
    config: Config,
    charts: Sequence[Trend] | None = None,
) -> tuple[Alert, ...]:
    """Every alert with its level.

    Args:
        sample: everything that is known.
        queue: the review queue as it was last made, where it is known.
        now: until when open cases count as waiting.
        config: bounds, and what figures assume.
        charts: what `trends.trends` says of the same, where that is known already.
    """
    known = trends.trends(sample, now, settings=config.metrics) if charts is None else charts
    told = _Telling(sample, queue, now, config, {trend.key: trend for trend in known})
    return (
        told.score(),
        told.defects(),
        told.rework(),
        told.first_pass(),
        told.cycle(),
        told.queue_length(),
        told.idle(),
        told.daily_cost(),
        told.cost_ratio(),
    )


@dataclass(frozen=True)
class _Telling:
    sample: Sample
    queue: ReviewQueue | None
    now: datetime
    config: Config
    charts: Mapping[str, Trend]

    @property
    def settings(self) -> PeriodAlerts:
        return self.config.alerts.period

    @property
    def judge(self) -> Judge:
        return Judge(self.settings)

    @property
    def at(self) -> float:
        return self.now.timestamp()

    @property
    def since(self) -> float:
        return self.at - self.settings.days * DAY

    def changes(self, moment: Callable[[Change], float | None], days: float = 0) -> list[Change]:
        """Those whose moment lies in the last weeks, begun so many days earlier."""
        since = self.since - days * DAY
        return [
            each
            for each in self.sample.changes
            if (at := moment(each)) is not None and since <= at <= self.at
        ]

    def score(self) -> Alert:
        scored = [
            (each.score, each) for each in self.changes(lambda each: each.created) if each.score is not None
        ]
        values = [score for score, _ in scored]
        found = self.judge.estimate(
            rules.SCORE,
            mean(values),
            len(values),
            mean_interval(values),
            signal=self.signal(definitions.SCORE_MEDIAN.key, rules.SCORE),
        )
        worst = sorted(scored, key=lambda pair: (pair[0], pair[1].created))
        return _with(found, (f"{_change(each)}: {words.points(score)} points" for score, each in worst))

    def defects(self) -> Alert:
        """Of changes merged so long ago that they were observed long enough within the last weeks."""
        days = self.config.metrics.defect_days
        merged = self.changes(lambda each: each.merged, days)
        broken = sorted(
            (each for each in merged if each.defect is not None), key=lambda each: -(each.defect or 0)
        )
        found = self._share(rules.DEFECTS, quality.defects(merged, self.config.metrics))
        return _with(
            found,
            (
                f"{_change(each)}: {'reverted' if each.reverted is not None else 'a bug names it'}"
                for each in broken
            ),
        )

    def rework(self) -> Alert:
        decided = self.changes(lambda each: each.decided)
        reworked = sorted(
            (each for each in decided if each.reworked), key=lambda each: -(each.reworked_lines or 0)
        )
        return _with(
            self._share(rules.REWORK, _of(decided, definitions.REWORK)),
            (_reworked(each) for each in reworked),
        )

    def first_pass(self) -> Alert:
        decided = self.changes(lambda each: each.decided)
        failed = [each for each in decided if each.approved is None or each.reworked]
        newest = sorted(failed, key=lambda each: -(each.decided or 0))
        told = (f"{_change(each)}: {'reworked' if each.reworked else 'closed'}" for each in newest)
        return _with(self._share(rules.FIRST_PASS, _of(decided, definitions.FIRST_PASS)), told)

    def cycle(self) -> Alert:
        """The median may not be known while its lower bound is: what waits for long has not merged yet.

        No time is shorter than what was seen of it, so where few have merged the median of what was seen bounds it.
        """
        rows = [
            each
            for each in self.sample.tasks
            if each.triggered is not None and self.since <= each.triggered <= self.at
        ]
        spans = [self._cycle(each) for each in rows]
        curve = survival.curve(spans)
        median, seen = survival.quantile(curve, 0.5), quantile([span.seconds for span in spans], 0.5)
        low = survival.lower(curve, 0.5)
        low = low if low is not None else seen.low if seen else None
        high = median.high if median and median.high is not None else math.inf
        found = self.judge.estimate(
            rules.CYCLE,
            median.value if median else low,
            len(rows),
            None if low is None else (low, high),
            signal=self.signal(definitions.CYCLE_TIME.key, rules.CYCLE),
            note="" if median or low is None else "at least: half of them have not merged yet",
            scale=_HOUR,
        )
        open_ = sorted((each for each in rows if each.merged is None and each.closed is None), key=_triggered)
        told = (f"ticket {plain(e.id, _LONG)}: open for {words.span(self._cycle(e).seconds)}" for e in open_)
        return _with(found, told)

    def _cycle(self, task: Task) -> Duration:
        until = (
            task.merged if task.merged is not None else task.closed if task.closed is not None else self.at
        )
        return Duration(max(0.0, until - (task.triggered or 0.0)), task.merged is not None)

    def queue_length(self) -> Alert:
        waiting = [each for each in self.sample.changes if each.state == "opened" and not each.draft]
        asked = [each for each in self.sample.questions if each.waiting]
        known = self.sample.changes or self.sample.questions
        length = (
            len(self.queue.items) if self.queue is not None else len(waiting) + len(asked) if known else None
        )
        note = (
            f"as of {words.moment(self.queue.made_at)}"
            if self.queue is not None
            else "as the forge says"
            if known
            else "nothing is known yet"
        )
        oldest = sorted(waiting, key=lambda each: each.ready or each.created)
        told = (
            f"{_change(each)}: waits for {words.span(self.at - (each.ready or each.created))}"
            for each in oldest
        )
        return _with(self.judge.fact(rules.QUEUE, length, note=note), told)

    def idle(self) -> Alert:
        pauses = idling.pauses(each for each in self.sample.work if self.since <= each.finished <= self.at)
        seconds = pauses[0].seconds if pauses else None
        told = (
            f"{plain(each.agent, _LONG)} in {plain(each.batch, _LONG)}: {words.span(each.seconds)}"
            for each in pauses
        )
        return _with(self.judge.fact(rules.IDLE, seconds, scale=_HOUR), told)

    def daily_cost(self) -> Alert:
        days = spending.by_day(each for each in self.sample.work if self.since <= each.finished <= self.at)
        dearest = sorted(days, key=lambda each: -each.known)
        unknown = dearest[0].unknown if dearest else 0
        note = f"at least: the cost of {words.count(unknown, 'attempt')} is unknown" if unknown else ""
        told = (
            f"{each.day}: {words.amount(each.known, Unit.USD)}, {words.count(each.attempts, 'attempt')}"
            for each in dearest
        )
        value = dearest[0].known if dearest and dearest[0].attempts > unknown else None
        return _with(self.judge.fact(rules.DAILY_COST, value, note=note), told)

    def cost_ratio(self) -> Alert:
        span = self.at - self.since
        now, before = (
            spending.by_ticket(each for each in self.sample.work if since < each.finished <= until)
            for since, until in ((self.since, self.at), (self.since - _BEFORE * span, self.since))
        )
        told = sorted(((cost, ticket) for ticket, cost in (now or {}).items()), reverse=True)
        least = min(len(now or ()), len(before or ()))
        if now is None or before is None or least < self.settings.at_least:
            why = "a part of the cost is unknown" if now is None or before is None else ""
            return self.judge.estimate(rules.COST_RATIO, None, least, None, note=why)
        value, interval = spending.compared(list(now.values()), list(before.values()))
        means = f"{words.amount(mean(list(now.values())), Unit.USD)} after {words.amount(mean(list(before.values())), Unit.USD)}"
        found = self.judge.estimate(rules.COST_RATIO, value, least, interval, note=means)
        return _with(
            found,
            (f"ticket {plain(ticket, _LONG)}: {words.amount(cost, Unit.USD)}" for cost, (_, ticket) in told),
        )

    def _share(self, rule: Rule, figure: Figure) -> Alert:
        signal = self.signal(figure.key, rule)
        return self.judge.estimate(rule, figure.value, figure.n, figure.interval, signal=signal)

    def signal(self, key: str, rule: Rule) -> str:
        """What the control chart of a figure says of its last full week, when that is news and bad."""
        chart = self.charts.get(key)
        weeks = (
            [each for each in chart.points if each.since.timestamp() + 7 * DAY <= self.at] if chart else []
        )
        if (
            chart is None
            or chart.centre is None
            or not weeks
            or weeks[-1].value is None
            or not weeks[-1].signal
        ):
            return ""
        last, value = weeks[-1], weeks[-1].value
        if (value < chart.centre) is not rule.falling:
            return ""
        return f"week {last.week} is a signal of the control chart: {words.amount(value, chart.unit)}, usual {words.amount(chart.centre, chart.unit)}"


def _triggered(task: Task) -> float:
    return task.triggered or 0.0


def _of(changes: Sequence[Change], metric: Metric) -> Figure:
    return next(each for each in quality.review(changes) if each.key == metric.key)


def _with(alert: Alert, evidence: Iterable[str]) -> Alert:
    """With what it is made of, as long as it is not well."""
    told = tuple(each for _, each in zip(range(_MOST), evidence, strict=False))
    return alert.model_copy(update={"evidence": told}) if alert.on else alert


def _change(change: Change) -> str:
    return f"!{change.iid} (ticket {plain(change.ticket, _LONG)})"


def _reworked(change: Change) -> str:
    lines = (
        ""
        if change.reworked_lines is None
        else f": {words.count(change.reworked_lines, 'line')} changed after review"
    )
    return f"{_change(change)}{lines}"
