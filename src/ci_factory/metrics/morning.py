"""The morning report: what happened in the night, and what people should do now. Markdown."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from ci_factory.errors import UsageError
from ci_factory.metrics import alert_report, forecast_report, merge_report, prediction_report, words
from ci_factory.metrics import night as nights
from ci_factory.metrics.alerts import Alert
from ci_factory.metrics.facts import EscalationFact, History
from ci_factory.metrics.figure import Figure, Status
from ci_factory.metrics.markdown import say, table
from ci_factory.metrics.night import Night, NightTicket, Outcome
from ci_factory.model.forecast import Outlook
from ci_factory.model.review import ReviewerDesk, ReviewItem, ReviewQueue

_SHORT, _LONG = 80, 600
_FIRST = 10
"""Items of the review queue that are shown; the rest is counted."""
_JUDGED = {Status.GOOD: "met", Status.BAD: "missed", Status.UNKNOWN: "–"}


def morning_report(
    history: History,
    batch_id: str | None,
    queue: ReviewQueue | None,
    now: datetime,
    outlook: Outlook | None = None,
    alerts: Sequence[Alert] = (),
) -> str:
    """The report of one batch (`None`: the last) as Markdown; the same facts give the same text.

    Raises:
        UsageError: there is no such batch.
    """
    batch = history.batch(batch_id)
    if batch is None:
        raise UsageError(
            f"there is no batch {batch_id!r}" if batch_id else "there is no batch yet",
            where="report",
            fix="ci-factory run makes one; `ls OUT/batches` names those that exist",
        )
    night = nights.tell(history, batch, queue)
    lines = [
        *_headline(night),
        *alert_report.lines(alerts),
        *_first(queue),
        *_together(night),
        *_questions(night),
        *_every_ticket(night),
        *_stuck(night),
        *_not_started(night),
        *_figures(night),
        *forecast_report.lines(outlook, batch.id),
        *prediction_report.lines([each for each in history.predictions if each.batch == batch.id]),
        *_unreadable(history.unreadable),
        f"_Written {words.moment(now)} from the facts known then. Unknown is not zero._",
    ]
    return "\n".join(lines) + "\n"


def _headline(night: Night) -> Iterator[str]:
    batch = night.batch
    yield f"# Morning report: {say(batch.id, _SHORT)}"
    yield ""
    yield f"**{verdict(night)}**"
    yield ""
    if batch.aborted:
        yield f"The batch ended early: {say(batch.aborted, _LONG)}."
        yield ""
    parts = [f"{number} {outcome.value}" for outcome, number in night.counts().items()]
    yield f"{words.count(len(night.tickets), 'ticket')} planned: {', '.join(parts) or 'none'}. {len(batch.left_out)} left out."
    yield (
        f"Project {say(batch.project, _SHORT)}, branch {say(batch.target_branch, _SHORT)}, "
        f"{words.moment(batch.started_at)} to {words.moment(batch.ended_at)}."
    )
    yield ""


def verdict(night: Night) -> str:
    """The night in one sentence: what is ready, and what waits for an answer."""
    ready = len(night.with_outcome(*nights.READY))
    waiting = sum(escalation.waiting for escalation in night.escalations)
    tickets = words.count(len(night.tickets), "ticket")
    if not night.tickets:
        return "Nothing was planned: no ticket was ready, see why below."
    said = f"{ready} of {tickets} have a merge request that passed its gates"
    if len(night.tickets) == 1:
        said = (
            "The only ticket has a merge request that passed its gates"
            if ready
            else "The only ticket is not ready"
        )
    asked = f"; {words.count(waiting, 'question')} {'waits' if waiting == 1 else 'wait'} for an answer"
    return f"{said}{asked if waiting else ''}."


def _first(queue: ReviewQueue | None) -> Iterator[str]:
    yield "## Look at first"
    yield ""
    items = queue.items if queue else ()
    if queue is None:
        yield "The review queue is unknown: `ci-factory review` makes it."
    elif not items:
        yield "Nothing waits for review."
    for item in items[:_FIRST]:
        yield f"{item.place}. {_review_line(item)}"
    if len(items) > _FIRST:
        yield ""
        yield f"… and {len(items) - _FIRST} more: `ci-factory review` shows the whole queue."
    yield ""
    yield from _desks(queue.reviewers if queue else ())


def _desks(desks: Sequence[ReviewerDesk]) -> Iterator[str]:
    """Who has how much to do, and who is away."""
    busy = [f"{say(desk.name, _SHORT)} {desk.items} ({desk.minutes} min)" for desk in desks if desk.items]
    away = [f"{say(desk.name, _SHORT)} {desk.absence}" for desk in desks if desk.absent]
    if busy or away:
        yield f"Reviewers: {', '.join([*busy, *away])}."
        yield ""


def _review_line(item: ReviewItem) -> str:
    what = f"!{item.merge_request}" if item.merge_request is not None else "question"
    who = say(item.reviewer, _SHORT) if item.reviewer else "nobody yet"
    reason = say("; ".join(filter(None, (item.reviewer_reason, item.further))), _LONG)
    held_up = f"; {say(item.held_up, _LONG)}" if item.held_up else ""
    return (
        f"**{what}** {say(item.ticket_id, _SHORT)} {say(item.title, _SHORT)}: {say(item.reason, _LONG)}{held_up} "
        f"(score {words.points(item.score)}, about {item.expected_minutes} min) → {who}{f' ({reason})' if reason else ''}"
    )


def _together(night: Night) -> Iterator[str]:
    if (truth := night.batch.merge_truth) is not None:
        yield from merge_report.lines(truth)


def _questions(night: Night) -> Iterator[str]:
    if not night.escalations:
        return
    yield "## Questions to answer"
    yield ""
    for escalation in night.escalations:
        yield from _question(escalation, night.titles.get(escalation.ticket, ""))


def _question(escalation: EscalationFact, title: str) -> Iterator[str]:
    state = "" if escalation.waiting else " (no longer waiting)"
    yield f"### {say(escalation.ticket, _SHORT)}: {say(title, _SHORT)}{state}"
    yield ""
    yield f"**{say(escalation.summary, _LONG)}**"
    yield ""
    yield f"Trigger {escalation.trigger.value}, priority {escalation.priority.value}, asked by {say(escalation.agent, _SHORT)} at {words.moment(escalation.raised_at)}."
    if escalation.why:
        yield f"Why: {say(escalation.why, _LONG)}"
    yield ""
    for question in escalation.questions:
        yield f"- {say(question, _LONG)}"
    for number, option in enumerate(escalation.options, 1):
        pros = f"; for: {say(option.pros, _LONG)}" if option.pros else ""
        cons = f"; against: {say(option.cons, _LONG)}" if option.cons else ""
        yield f"{number}. {say(option.title, _LONG)} (risk {option.risk.value}{pros}{cons})"
    yield ""
    if escalation.recommendation:
        yield f"The agent recommends: {say(escalation.recommendation, _LONG)}"
        yield ""


def _every_ticket(night: Night) -> Iterator[str]:
    yield "## Every ticket"
    yield ""
    rows = [_ticket_row(ticket) for ticket in night.tickets]
    rows += [
        (
            say(left.ticket_id, _SHORT),
            say(night.titles.get(left.ticket_id, ""), _SHORT),
            f"left out: {say(left.state, _SHORT)}",
            "–",
            "–",
            "–",
            say(left.reason, _LONG),
        )
        for left in night.batch.left_out
    ]
    yield from table(("Ticket", "Title", "Ended", "MR", "Score", "Work", "Reason"), rows)


def _ticket_row(ticket: NightTicket) -> tuple[str, ...]:
    request = f"!{ticket.merge_request.iid}" if ticket.merge_request else "–"
    return (
        say(ticket.plan.ticket, _SHORT),
        say(ticket.plan.title, _SHORT),
        f"**{ticket.outcome.value}**"
        if ticket.outcome.tone is not nights.Tone.QUIET
        else ticket.outcome.value,
        request,
        words.points(ticket.score),
        say(ticket.work, _SHORT)
        + (f", on top of {say(ticket.plan.stacked_on, _SHORT)}" if ticket.plan.stacked_on else ""),
        say(ticket.reason, _LONG),
    )


def _stuck(night: Night) -> Iterator[str]:
    """What a person must decide on, and what failed."""
    blocked = night.with_outcome(Outcome.BLOCKED, Outcome.INCONCLUSIVE, Outcome.PARTIAL, Outcome.DRAFT)
    failed = night.with_outcome(
        Outcome.GATES_FAILED, Outcome.TIMEOUT, Outcome.AGENT_FAILED, Outcome.UNPUBLISHED
    )
    yield from _listed("Blocked: a person decides", blocked)
    yield from _listed("Failed", failed)


def _listed(title: str, tickets: Sequence[NightTicket]) -> Iterator[str]:
    if not tickets:
        return
    yield f"## {title}"
    yield ""
    for ticket in tickets:
        yield f"- {say(ticket.plan.ticket, _SHORT)} ({ticket.outcome.value}): {say(ticket.reason, _LONG)}"
    yield ""


def _not_started(night: Night) -> Iterator[str]:
    yield from _listed("Put off to the next batch", night.with_outcome(Outcome.PUT_OFF))
    skipped = night.with_outcome(Outcome.SKIPPED, Outcome.DEFERRED, Outcome.UNKNOWN)
    if not skipped and not night.batch.left_out:
        return
    yield "## Not started, and why"
    yield ""
    for ticket in skipped:
        yield f"- {say(ticket.plan.ticket, _SHORT)} ({ticket.outcome.value}): {say(ticket.reason, _LONG)}"
    for left in night.batch.left_out:
        yield f"- {say(left.ticket_id, _SHORT)} ({say(left.state, _SHORT)}): {say(left.reason, _LONG)}"
    yield ""


def _figures(night: Night) -> Iterator[str]:
    yield "## The night in figures"
    yield ""
    yield from table(("Figure", "Value", "Target", "", "Definition"), [_figure_row(f) for f in night.figures])


def _figure_row(figure: Figure) -> tuple[str, ...]:
    note = f" ({figure.note})" if figure.note else ""
    return (
        figure.name,
        words.amount(figure.value, figure.unit) + note,
        words.target(figure.target, figure.unit) or "–",
        _JUDGED[figure.status],
        figure.definition,
    )


def _unreadable(damaged: Sequence[str]) -> Iterator[str]:
    if not damaged:
        return
    yield "## What could not be read"
    yield ""
    for line in damaged:
        yield f"- {say(line, _LONG)}"
    yield ""
