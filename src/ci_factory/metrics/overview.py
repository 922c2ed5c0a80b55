"""Everything that the page shows, as data: no number stands on it that is not here. Pure."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from ci_factory.config import Config
from ci_factory.metrics import (
    comparison,
    figures,
    gate_figures,
    issues,
    morning,
    period_alerts,
    segments,
    trends,
    views,
)
from ci_factory.metrics import night as nights
from ci_factory.metrics.alerts import Alert
from ci_factory.metrics.calibration import Calibration, calibrate
from ci_factory.metrics.comparison import Comparison
from ci_factory.metrics.facts import AttemptFact, BatchFact, EscalationFact, History
from ci_factory.metrics.figure import Figure, Status
from ci_factory.metrics.gate_figures import GateFigures
from ci_factory.metrics.issues import Issue
from ci_factory.metrics.night import Night, NightTicket
from ci_factory.metrics.sample import Change, Sample, Wanted
from ci_factory.metrics.segments import Segment
from ci_factory.metrics.trends import Trend
from ci_factory.metrics.views import Views
from ci_factory.model.base import Moment, Value
from ci_factory.model.review import ReviewQueue

NIGHTS = 30
"""Newest batches that are listed."""
QUESTIONS = 12
"""Open questions that are shown whole."""
_COLUMNS = 10
_FORETOLD = "predicted_"


class Part(Value):
    """What the figures are restricted to; `None` does not restrict."""

    since: Moment | None = None
    until: Moment | None = None
    project: str | None = None
    agent: str | None = None
    area: str | None = None


class Batch(Value):
    """One night in the list of batches."""

    id: str
    project: str
    created_at: Moment
    outcomes: dict[str, int]
    """Outcome in words -> tickets."""
    tones: dict[str, int]
    """What the outcomes ask of people -> tickets."""
    figures: tuple[Figure, ...]


class Ran(Value):
    """An agent's work on a ticket."""

    lane: int
    started_at: Moment
    finished_at: Moment
    seconds: float


class Ticket(Value):
    """One ticket of the last night."""

    id: str
    title: str
    outcome: str
    tone: str
    state: str | None
    """On the forge, now."""
    size: str
    priority: str
    agent: str
    stacked_on: str | None
    merge_request: int | None
    score: float | None
    ran: Ran | None
    """`None`: no agent was asked, or no record of it is left."""
    work: str
    reason: str


class LeftOutTicket(Value):
    """A ticket that the last plan did not take in."""

    id: str
    title: str
    state: str
    reason: str


class LastRun(Value):
    """The story of the newest batch."""

    batch: str
    project: str
    target_branch: str
    started_at: Moment | None
    ended_at: Moment | None
    aborted: str
    """Why it ended early."""
    lanes: int
    verdict: str
    """In one sentence."""
    outcomes: dict[str, int]
    figures: tuple[Figure, ...]
    tickets: tuple[Ticket, ...]
    left_out: tuple[LeftOutTicket, ...]


class Question(Value):
    """An open question to a person."""

    title: str
    waiting_seconds: float
    asked: EscalationFact


class Scores(Value):
    """How the scores of changes are distributed."""

    columns: tuple[int, ...]
    """Changes in ten columns of ten points; the last takes 100 in."""
    n: int
    without: int
    """Judged without a score."""
    threshold: float | None
    """Of the newest judged change."""


class Overview(Value):
    """What the dashboard says."""

    made_at: Moment
    part: Part
    projects: tuple[str, ...]
    verdict: str
    """How the figures stand to their targets, in a sentence."""
    changes: int
    """Merge requests that the figures rest on."""
    alerts: tuple[Alert, ...]
    """Over the last weeks."""
    figures: tuple[Figure, ...]
    views: Views
    """The same figures of the parts that can be chosen."""
    trends: tuple[Trend, ...]
    segments: tuple[Segment, ...]
    comparisons: tuple[Comparison, ...]
    gates: tuple[GateFigures, ...]
    top_issues: tuple[Issue, ...]
    calibration: Calibration
    scores: Scores
    last_run: LastRun | None
    queue: ReviewQueue | None
    queue_items: int
    queue_minutes: int
    """Expected, of all items."""
    questions: tuple[Question, ...]
    """The most important and the oldest first."""
    questions_left_out: int
    batches: tuple[Batch, ...]
    """The newest first."""
    batches_left_out: int
    unreadable: tuple[str, ...]


def tell(
    sample: Sample,
    history: History,
    queue: ReviewQueue | None,
    now: datetime,
    config: Config,
    wanted: Wanted = Wanted(),  # noqa: B008 - frozen
) -> Overview:
    """What the page shows of these facts.

    Args:
        sample: rows of everything that figures rest on, restricted to `wanted` already.
        history: facts of the newest nights.
        queue: the review queue as it was last made.
        now: until when open cases are counted as waiting.
        config: what figures assume.
        wanted: what the sample is restricted to.
    """
    settings = config.metrics
    told = figures.figures(sample, now, settings, history.predictions)
    questions = _questions(history, now)
    newest = history.batches[-NIGHTS:][::-1]
    stories = [nights.tell(history, batch, queue) for batch in newest]
    charts = trends.trends(sample, now, settings=settings)
    return Overview(
        made_at=now,
        part=_part(wanted),
        projects=_projects(sample),
        verdict=verdict(told),
        changes=len(sample.changes),
        alerts=period_alerts.tell(sample, queue, now, config, charts),
        figures=told,
        views=views.tell(
            sample, now, _by_part(told), lambda part: _by_part(figures.figures(part, now, settings))
        ),
        trends=charts,
        segments=segments.segments(sample, now, settings),
        comparisons=comparison.compare(sample, now, settings),
        gates=gate_figures.gates(sample),
        top_issues=issues.top_issues(sample),
        calibration=calibrate(sample, now, config),
        scores=_scores(sample),
        last_run=_last_run(stories[0], history) if stories else None,
        queue=queue,
        queue_items=len(queue.items) if queue else 0,
        queue_minutes=sum(item.expected_minutes for item in queue.items) if queue else 0,
        questions=questions[:QUESTIONS],
        questions_left_out=len(questions[QUESTIONS:]),
        batches=tuple(_batch(story) for story in stories),
        batches_left_out=max(len(sample.shifts), len(history.batches)) - len(newest),
        unreadable=history.unreadable,
    )


def _projects(sample: Sample) -> tuple[str, ...]:
    return tuple(sorted({row.project for row in sample.shifts} | {row.project for row in sample.changes}))


def _by_part(told: Iterable[Figure]) -> list[Figure]:
    """All that can be chosen: gates have a section of their own, and the rows do not tell of foretold files."""
    return [each for each in told if "gate" not in each.labels and not each.key.startswith(_FORETOLD)]


def verdict(told: Iterable[Figure]) -> str:
    """`5 of 9 targets are met; missed: rework ratio, review time; 2 can't be told yet`, as a sentence."""
    aimed = [figure for figure in told if figure.target is not None and not figure.labels]
    missed = [figure.name.lower() for figure in aimed if figure.status is Status.BAD]
    unknown = sum(figure.status is Status.UNKNOWN for figure in aimed)
    met = len(aimed) - len(missed) - unknown
    if unknown == len(aimed):
        return f"There is not enough data yet to judge any of the {len(aimed)} targets."
    parts = [f"{met} of {len(aimed)} targets {'is' if met == 1 else 'are'} met"]
    if missed:
        parts.append(f"missed: {', '.join(missed)}")
    if unknown:
        parts.append(f"{unknown} can't be told yet")
    return "; ".join(parts) + "."


def _part(wanted: Wanted) -> Part:
    since, until = (
        None if at is None else datetime.fromtimestamp(at, UTC) for at in (wanted.since, wanted.until)
    )
    return Part(since=since, until=until, project=wanted.project, agent=wanted.agent, area=wanted.area)


def _questions(history: History, now: datetime) -> tuple[Question, ...]:
    waiting = [asked for asked in history.escalations if asked.waiting]
    titles = {ticket.id: ticket.title for ticket in history.tickets}
    return tuple(
        Question(
            title=titles.get(asked.ticket, asked.ticket),
            waiting_seconds=max(0.0, (now - asked.raised_at).total_seconds()),
            asked=asked,
        )
        for asked in sorted(waiting, key=lambda each: (-each.priority.rank, each.raised_at, each.ticket))
    )


def _batch(story: Night) -> Batch:
    batch = story.batch
    tones: dict[str, int] = {tone.value: 0 for tone in nights.Tone}
    for ticket in story.tickets:
        tones[ticket.outcome.tone.value] += 1
    return Batch(
        id=batch.id,
        project=batch.project,
        created_at=batch.created_at,
        outcomes=_outcomes(story),
        tones=tones,
        figures=story.figures,
    )


def _outcomes(story: Night) -> dict[str, int]:
    return {outcome.value: number for outcome, number in story.counts().items()}


def _last_run(story: Night, history: History) -> LastRun:
    batch, states = story.batch, {fact.id: fact.state for fact in history.tickets}
    return LastRun(
        batch=batch.id,
        project=batch.project,
        target_branch=batch.target_branch,
        started_at=batch.started_at,
        ended_at=batch.ended_at,
        aborted=batch.aborted,
        lanes=batch.lanes,
        verdict=morning.verdict(story),
        outcomes=_outcomes(story),
        figures=story.figures,
        tickets=tuple(_ticket(each, states.get(each.plan.ticket)) for each in story.tickets),
        left_out=tuple(_left_out(batch, story.titles, states)),
    )


def _ticket(each: NightTicket, state: str | None) -> Ticket:
    plan, attempt = each.plan, each.attempt
    return Ticket(
        id=plan.ticket,
        title=plan.title,
        outcome=each.outcome.value,
        tone=each.outcome.tone.value,
        state=state,
        size=plan.size.value,
        priority=plan.priority.value,
        agent=plan.agent,
        stacked_on=plan.stacked_on,
        merge_request=each.merge_request.iid if each.merge_request else None,
        score=each.score,
        ran=_ran(attempt) if attempt and attempt.worked else None,
        work=each.work,
        reason=each.reason,
    )


def _ran(attempt: AttemptFact) -> Ran:
    return Ran(
        lane=attempt.lane,
        started_at=attempt.started_at,
        finished_at=attempt.finished_at,
        seconds=attempt.seconds,
    )


def _left_out(
    batch: BatchFact, titles: dict[str, str], states: dict[str, str | None]
) -> Iterable[LeftOutTicket]:
    for left in batch.left_out:
        state = states.get(left.ticket_id) or left.state
        yield LeftOutTicket(
            id=left.ticket_id, title=titles.get(left.ticket_id, ""), state=state, reason=left.reason
        )


def _scores(sample: Sample) -> Scores:
    judged = [row for row in sample.changes if row.verdict is not None]
    known = [row.score for row in judged if row.score is not None]
    columns = [0] * _COLUMNS
    for score in known:
        columns[min(_COLUMNS - 1, int(score // _COLUMNS))] += 1
    return Scores(
        columns=tuple(columns), n=len(known), without=len(judged) - len(known), threshold=_threshold(judged)
    )


def _threshold(judged: Sequence[Change]) -> float | None:
    dated = [row for row in judged if row.threshold is not None]
    return max(dated, key=lambda row: row.created).threshold if dated else None
