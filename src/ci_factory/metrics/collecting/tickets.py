"""Facts of tickets: what the forge says, and the sum of the work on them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ci_factory.config import Labels
from ci_factory.metrics.facts import AttemptFact, PlannedFact, TicketFact
from ci_factory.model.collecting import IssueRecord
from ci_factory.model.forge import ForgeEventKind, IssueState
from ci_factory.model.ticket import Ticket
from ci_factory.model.work_record import top_folders, total_usage


@dataclass(frozen=True)
class Sources:
    """What is known besides the issue."""

    plans: Mapping[str, PlannedFact]
    """The last plan of a ticket."""
    batches: Mapping[str, str]
    """The last batch that a ticket was planned in."""
    expected: Mapping[str, Sequence[str]]
    """Files that a ticket was expected to touch, where its plan is here."""
    attempts: Mapping[str, Sequence[AttemptFact]]
    """Oldest first."""
    first_requests: Mapping[str, datetime]
    labels: Labels


def of_forge(ticket_id: str, record: IssueRecord | None, sources: Sources) -> TicketFact:
    """A ticket as the forge tells it now; one that it does not have is known from its plan, if at all."""
    plan = sources.plans.get(ticket_id)
    known = Ticket(id=ticket_id, title=plan.title, priority=plan.priority) if plan else None
    ticket = record.issue.ticket if record else known or Ticket(id=ticket_id, title=ticket_id)
    return TicketFact(
        id=ticket_id,
        title=ticket.title,
        priority=ticket.priority,
        size=ticket.complexity,
        area=top_folders(ticket.files),
        state=sources.labels.state_of(ticket.labels) if record else None,
        opened=record.issue.state is IssueState.OPENED if record else None,
        author=(ticket.author or None) if record else None,
        created_at=ticket.created_at if record else None,
        ready_at=_ready_at(record, sources.labels) if record else None,
        closed_at=_closed_at(record) if record else None,
    )


def worked_on(told: TicketFact, earlier: TicketFact | None, sources: Sources) -> TicketFact:
    """The same with what all of its attempts come to; `earlier` is what was known of it before."""
    attempts = sources.attempts.get(told.id, ())
    last, plan = (attempts[-1] if attempts else None), sources.plans.get(told.id)
    worked = [attempt for attempt in attempts if attempt.worked]
    return told.model_copy(
        update={
            "size": last.size if last else plan.size if plan else told.size,
            "area": _area(told, last, earlier, sources),
            "agent": last.agent if last else plan.agent if plan else None,
            "model": last.model if last else None,
            "first_mr_at": sources.first_requests.get(told.id),
            "batch": sources.batches.get(told.id),
            "ending": last.ending if last else None,
            "reason": last.reason if last else "",
            "attempts": sum(each.attempts for each in worked) if worked else None,
            "iterations": sum(each.iterations for each in worked) if worked else None,
            "agent_seconds": sum(each.agent_seconds for each in worked) if worked else None,
            "usage": total_usage([each.usage for each in worked]),
        }
    )


def _area(
    told: TicketFact, last: AttemptFact | None, earlier: TicketFact | None, sources: Sources
) -> tuple[str, ...]:
    """Where its change was, or was expected."""
    if last is not None and last.folders:
        return last.folders
    if told.id in sources.expected:
        return top_folders(sources.expected[told.id])
    was_planned = earlier is not None and earlier.batch is not None
    return earlier.area if earlier is not None and was_planned else told.area


def _ready_at(record: IssueRecord, labels: Labels) -> datetime | None:
    added = (
        event.at
        for event in record.events
        if event.kind is ForgeEventKind.LABEL_ADDED and event.detail == labels.ready
    )
    return min(added, default=None)


def _closed_at(record: IssueRecord) -> datetime | None:
    if record.issue.state is IssueState.OPENED:
        return None
    return max((event.at for event in record.events if event.kind is ForgeEventKind.CLOSED), default=None)
