"""Reports: issues of ours that are no tickets. Their ids are words, so that no imported ticket has the same."""

import sqlite3

from ci_factory.errors import ForgeError
from ci_factory.forge import kept_reports
from ci_factory.forge.local import issues
from ci_factory.forge.local.history import Stamp
from ci_factory.model.forge import ReportIssue
from ci_factory.model.ticket import Ticket

_PREFIX = "ci-factory-report-"


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


def issue_id(key: str) -> str:
    """The id of a report's issue."""
    return f"{_PREFIX}{key}"


def is_report(ticket: Ticket) -> bool:
    """Whether an issue is a report, and so no ticket."""
    return ticket.id.startswith(_PREFIX) and kept_reports.is_report(ticket.body)
