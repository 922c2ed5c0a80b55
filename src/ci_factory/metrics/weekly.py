"""The last seven days against the seven before them. Pure: facts and a moment in, values out.

Each figure is one of a cohort: what was decided, opened, labelled or worked on in those days. Times of both weeks are
followed until the moment of the report, so what is still open counts as waiting so far.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Final

from ci_factory.metrics import definitions, figures
from ci_factory.metrics import night as nights
from ci_factory.metrics.facts import BatchFact, EscalationFact, History, MergeRequestFact
from ci_factory.metrics.figure import ENOUGH, Figure, Unit
from ci_factory.metrics.figures import WEEK
from ci_factory.metrics.statistics import difference
from ci_factory.model.base import Moment, Value
from ci_factory.model.forge import MergeRequestState

_SHOWN: Final = {
    definitions.TICKETS_PER_WEEK.key: "",
    definitions.LINES_PER_WEEK.key: "",
    definitions.ACCEPTANCE.key: "merge requests decided in these days",
    definitions.FIRST_PASS.key: "merge requests decided in these days",
    definitions.REWORK.key: "merge requests decided in these days",
    definitions.SCORE_MEAN.key: "changes opened or worked on in these days",
    definitions.TIME_TO_FIRST_MR.key: "tickets labelled in these days",
    definitions.REVIEW_TIME.key: "merge requests made ready in these days",
    definitions.TIME_TO_MERGE.key: "merge requests made ready in these days",
    definitions.CYCLE_TIME.key: "tickets labelled in these days",
    definitions.COST_PER_TICKET.key: "work that ended in these days",
    definitions.COST_PER_ACCEPTED.key: "work that ended, and merge requests merged, in these days",
    definitions.ESCALATION_RATE.key: "work that ended in these days",
    definitions.NO_CHANGE_RATE.key: "work that ended in these days",
    definitions.UTILISATION.key: "work that ended in these days",
    definitions.ITERATIONS.key: "work that ended in these days",
}
"""Figures of a week in the order in which they are shown -> the cohort that they are about."""
_WHOLE = {definitions.TICKETS_PER_WEEK.key, definitions.LINES_PER_WEEK.key}
"""Counts of all there is; nothing is inferred from them."""


class Change(Value):
    """How a figure moved from one week to the next, in its own unit."""

    by: float | None
    """`None` when either week's value is unknown."""
    certain: bool
    """Whether the two weeks can be told apart at all."""


class Row(Value):
    """One figure of both weeks."""

    now: Figure
    before: Figure
    cohort: str
    change: Change


class NightRow(Value):
    """One night of the week, as it stands now."""

    batch: str
    started_at: Moment | None
    planned: int
    ready: int
    """Merge requests that passed their gates, merged ones included."""
    escalated: int
    cost_usd: float | None


class Waiting(Value):
    """What waits for people now."""

    reviews: int
    """Open merge requests that are no drafts."""
    oldest_review: Moment | None = None
    questions: int
    """Tickets that stand in the escalated state."""
    oldest_question: Moment | None = None
    """Of the questions whose record is there."""


class Weekly(Value):
    """The weekly report as data."""

    week: str
    """ISO week in which it was made: `2026-W48`. A report is posted once in each."""
    since: Moment
    until: Moment
    project: str
    """Empty while no night is known."""
    rows: tuple[Row, ...]
    nights: tuple[NightRow, ...]
    gates: tuple[Figure, ...]
    """Pass rates of the week's gates, the worst first."""
    waiting: Waiting
    unreadable: tuple[str, ...] = ()


def tell(history: History, now: datetime) -> Weekly:
    """The story of the week that ends now."""
    since = now - WEEK
    before = {figure.key: figure for figure in _figures(history, since, now)}
    rows = (_row(figure, before[figure.key]) for figure in _figures(history, now, now))
    by_key = {row.now.key: row for row in rows}
    batches = [batch for batch in history.batches if _within(batch.created_at, now)]
    return Weekly(
        week=iso_week(now),
        since=since,
        until=now,
        project=history.batches[-1].project if history.batches else "",
        rows=tuple(by_key[key] for key in _SHOWN),
        nights=tuple(_night(history, batch) for batch in batches),
        gates=_gates(history, {batch.id for batch in batches}),
        waiting=_waiting(history),
        unreadable=history.unreadable,
    )


def iso_week(moment: datetime) -> str:
    """`2026-W48`: the ISO 8601 week, in UTC as all moments are."""
    year, week, _ = moment.isocalendar()
    return f"{year}-W{week:02d}"


def _within(at: datetime | None, until: datetime) -> bool:
    return at is not None and until - WEEK < at <= until


def _figures(history: History, until: datetime, now: datetime) -> Iterator[Figure]:
    requests = history.merge_requests
    opened = _requests(history, lambda mr: mr.created_at, until)
    merged = _requests(history, lambda mr: mr.merged_at, until)
    work = tuple(attempt for attempt in history.attempts if _within(attempt.finished_at, until))
    worked = history.model_copy(update={"attempts": work, "merge_requests": merged})
    labelled = [ticket for ticket in history.tickets if _within(ticket.ready_at, until)]
    yield from figures.throughput(history, until)
    yield from figures.acceptance(_requests(history, lambda mr: mr.decided_at, until))
    yield from figures.scores(worked.model_copy(update={"merge_requests": opened}))
    yield from figures.ticket_times(labelled, requests, now)
    yield from figures.request_times(_requests(history, lambda mr: mr.ready_at, until), now)
    yield from figures.costs(worked)
    yield from figures.agents(worked)


def _requests(
    history: History, moment: Callable[[MergeRequestFact], datetime | None], until: datetime
) -> tuple[MergeRequestFact, ...]:
    return tuple(mr for mr in history.merge_requests if _within(moment(mr), until))


def _row(now: Figure, before: Figure) -> Row:
    return Row(now=now, before=before, cohort=_SHOWN.get(now.key, ""), change=_change(now, before))


def _change(now: Figure, before: Figure) -> Change:
    """The difference; two samples count as different when they are large enough, and shares when their interval says so."""
    if now.value is None or before.value is None:
        return Change(by=None, certain=False)
    by = now.value - before.value
    if now.key in _WHOLE:
        return Change(by=by, certain=True)
    enough = min(now.n, before.n) >= ENOUGH
    if now.unit is not Unit.SHARE or now.interval is None or before.interval is None:
        return Change(by=by, certain=enough)
    low, high = difference(now.value, now.interval, before.value, before.interval)
    return Change(by=by, certain=enough and not low <= 0 <= high)


def _night(history: History, batch: BatchFact) -> NightRow:
    night = nights.tell(history, batch, None)
    cost = next(each.value for each in night.figures if each.key == definitions.NIGHT_COST.key)
    return NightRow(
        batch=batch.id,
        started_at=batch.started_at,
        planned=len(night.tickets),
        ready=len(night.with_outcome(*nights.READY)),
        escalated=len(night.with_outcome(nights.Outcome.ESCALATED)),
        cost_usd=cost,
    )


def _gates(history: History, batches: set[str]) -> tuple[Figure, ...]:
    found = figures.gates(fact for fact in history.gates if fact.batch in batches)
    return tuple(sorted(found, key=lambda figure: figure.value if figure.value is not None else 1.0))


def _waiting(history: History) -> Waiting:
    shown = [mr for mr in history.merge_requests if mr.state is MergeRequestState.OPENED and not mr.draft]
    asked = {ticket.id for ticket in history.tickets if ticket.state == "escalated" and ticket.opened}
    return Waiting(
        reviews=len(shown),
        oldest_review=min((mr.ready_at for mr in shown if mr.ready_at), default=None),
        questions=len(asked),
        oldest_question=min(_raised(history.escalations, asked), default=None),
    )


def _raised(escalations: Iterable[EscalationFact], asked: set[str]) -> Iterator[datetime]:
    """Of tickets that wait, when their newest question was asked."""
    newest = {each.ticket: each.raised_at for each in escalations if each.ticket in asked and each.waiting}
    return iter(newest.values())
