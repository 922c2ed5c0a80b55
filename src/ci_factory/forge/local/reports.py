"""Reports, issues of ours that are no tickets, and follow-ups, which are; ids of both are words that we choose."""

import sqlite3

from ci_factory.errors import ForgeError
from ci_factory.forge import kept_reports
from ci_factory.forge.local import issues
from ci_factory.forge.local.history import Stamp
from ci_factory.forge.ticket_files import to_ticket
from ci_factory.model.forge import ReportIssue
from ci_factory.model.ticket import Ticket

_PREFIX = "ci-factory-report-"
_ID_LENGTH = 59
"""Of an id that `-rest` still fits behind."""


def ensure(
    tx: sqlite3.Connection, stamp: Stamp, wanted: ReportIssue, key: str, label: str, *, update: bool
) -> ReportIssue:
    """Make sure that there is one issue by this user with the key's marker, and that it says what is wanted."""
    if not issues.exists(tx, wanted.id):
        ticket = Ticket(id=wanted.id, title=wanted.title, body=wanted.body, labels=(label,))
        issues.take_in(tx, stamp, ticket)
        return wanted
    found = issues.get(tx, wanted.id).ticket
    if found.author != stamp.user or not kept_reports.carries(found.body, key):
        raise ForgeError(f"ticket {found.id} is in the way of the report", fix="give that ticket another id")
    kept = ReportIssue(id=found.id, title=found.title, body=found.body)
    if not update or found.body == wanted.body:
        return kept
    issues.rewrite(tx, stamp, found.model_copy(update={"body": wanted.body}))
    return kept.model_copy(update={"body": wanted.body})


def find(tx: sqlite3.Connection, user: str, key: str) -> ReportIssue | None:
    """The report with this key, when this user made it."""
    if not issues.exists(tx, issue_id(key)):
        return None
    found = issues.get(tx, issue_id(key)).ticket
    ours = found.author == user and kept_reports.carries(found.body, key)
    return ReportIssue(id=found.id, title=found.title, body=found.body) if ours else None


def follow_up(ticket_id: str, title: str, body: str, label: str) -> Ticket:
    """The follow-up of a ticket as it is made, its sections read as those of any ticket.

    Raises:
        TicketError: the text makes no ticket.
    """
    marked = kept_reports.marked(kept_reports.follow_up_key(ticket_id), body, kept_reports.FOLLOW_UP)
    fields = {"id": f"{ticket_id[:_ID_LENGTH]}-rest", "title": kept_reports.titled(title), "labels": [label]}
    return to_ticket(fields, marked)


def ensure_follow_up(tx: sqlite3.Connection, stamp: Stamp, wanted: Ticket, ticket_id: str) -> str:
    """Make sure that there is the follow-up of a ticket by this user; one that is there stays as it is."""
    if not issues.exists(tx, wanted.id):
        issues.take_in(tx, stamp, wanted)
        return wanted.id
    found, key = issues.get(tx, wanted.id).ticket, kept_reports.follow_up_key(ticket_id)
    if found.author != stamp.user or not kept_reports.carries(found.body, key, kept_reports.FOLLOW_UP):
        raise ForgeError(f"ticket {found.id} is in the way of a follow-up", fix="give that ticket another id")
    return found.id


def issue_id(key: str) -> str:
    """The id of a report's issue."""
    return f"{_PREFIX}{key}"


def is_report(ticket: Ticket) -> bool:
    """Whether an issue is a report, and so no ticket."""
    return ticket.id.startswith(_PREFIX) and kept_reports.is_report(ticket.body)
