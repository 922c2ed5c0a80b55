"""Issues: tickets taken in, read, closed."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime

from ci_factory.errors import ForgeError
from ci_factory.forge.local import labels
from ci_factory.forge.local.history import Stamp, issue, record
from ci_factory.model.forge import ForgeEventKind, Issue, IssueState, NoteTarget
from ci_factory.model.ticket import Ticket

_COLUMNS = "ticket_id, content, content_hash, author, state, created_at"


def take_in(tx: sqlite3.Connection, stamp: Stamp, ticket: Ticket) -> bool:
    """Add the ticket, or bring an open issue's content up to date; whether anything changed.

    Labels are set once, when the issue is new: afterwards they belong to people and to the factory.
    """
    content, digest = _kept(ticket)
    row = _row(tx, ticket.id)
    if row is None:
        _insert(tx, stamp, ticket, content, digest)
        return True
    if row["content_hash"] == digest or row["state"] != IssueState.OPENED:
        return False
    rewrite(tx, stamp, ticket)
    return True


def _kept(ticket: Ticket) -> tuple[str, str]:
    """A ticket's content as it is stored, and its hash."""
    content = ticket.model_dump_json(exclude={"labels"})
    return content, hashlib.sha256(content.encode()).hexdigest()


def _insert(tx: sqlite3.Connection, stamp: Stamp, ticket: Ticket, content: str, digest: str) -> None:
    tx.execute(
        "INSERT INTO issue (ticket_id, content, content_hash, author, state, created_at, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (ticket.id, content, digest, stamp.user, IssueState.OPENED.value, stamp.time, stamp.time),
    )
    record(tx, stamp, issue(ticket.id), ForgeEventKind.OPENED)
    labels.change(tx, stamp, issue(ticket.id), add=ticket.labels, remove=())


def rewrite(tx: sqlite3.Connection, stamp: Stamp, ticket: Ticket) -> None:
    """Give an issue other content, open or closed."""
    content, digest = _kept(ticket)
    tx.execute(
        "UPDATE issue SET content = ?, content_hash = ?, updated_at = ? WHERE ticket_id = ?",
        (content, digest, stamp.time, ticket.id),
    )
    record(tx, stamp, issue(ticket.id), ForgeEventKind.UPDATED, "content")


def next_id(tx: sqlite3.Connection) -> str:
    """The number after the largest id that is a number; `1` when none is."""
    ids = [row["ticket_id"] for row in tx.execute("SELECT ticket_id FROM issue")]
    return str(1 + max((int(each) for each in ids if each.isascii() and each.isdigit()), default=0))


def exists(tx: sqlite3.Connection, ticket_id: str) -> bool:
    """Whether there is such an issue."""
    return _row(tx, ticket_id) is not None


def get(tx: sqlite3.Connection, ticket_id: str) -> Issue:
    """One issue.

    Raises:
        ForgeError: there is none.
    """
    return _to_issue(_known(tx, ticket_id), labels.of(tx, issue(ticket_id)))


def select(
    tx: sqlite3.Connection, wanted: Iterable[str], any_of: Iterable[str] = (), *, opened_only: bool
) -> list[Issue]:
    """Issues that carry all the wanted labels and, if there are any, one of `any_of`, in order of creation."""
    names, some = sorted(set(wanted)), frozenset(any_of)
    rows = tx.execute(
        f"SELECT {_COLUMNS} FROM issue WHERE (state = 'opened' OR NOT :opened_only) AND"  # noqa: S608 - constant
        " (SELECT count(*) FROM label, json_each(:names) AS wanted WHERE label.target = 'issue'"
        " AND label.target_id = issue.ticket_id AND label.name = wanted.value) = :count ORDER BY id",
        {"opened_only": opened_only, "names": json.dumps(names), "count": len(names)},
    ).fetchall()
    carried = labels.of_all(tx, NoteTarget.ISSUE)
    found = [_to_issue(row, carried.get(row["ticket_id"], ())) for row in rows]
    return [issue for issue in found if not some or some & set(issue.ticket.labels)]


def close(tx: sqlite3.Connection, stamp: Stamp, ticket_id: str) -> None:
    """Close an issue; one that is closed stays as it is."""
    if _known(tx, ticket_id)["state"] == IssueState.CLOSED:
        return
    tx.execute(
        "UPDATE issue SET state = ?, updated_at = ? WHERE ticket_id = ?",
        (IssueState.CLOSED.value, stamp.time, ticket_id),
    )
    record(tx, stamp, issue(ticket_id), ForgeEventKind.CLOSED)


def _row(tx: sqlite3.Connection, ticket_id: str) -> sqlite3.Row | None:
    found = tx.execute(f"SELECT {_COLUMNS} FROM issue WHERE ticket_id = ?", (ticket_id,))  # noqa: S608 - constant
    row: sqlite3.Row | None = found.fetchone()
    return row


def _known(tx: sqlite3.Connection, ticket_id: str) -> sqlite3.Row:
    row = _row(tx, ticket_id)
    if row is None:
        raise ForgeError(f"there is no ticket {ticket_id!r}", fix="ci-factory ticket list --all")
    return row


def _to_issue(row: sqlite3.Row, carried: tuple[str, ...]) -> Issue:
    ticket = Ticket.model_validate_json(row["content"])
    told = {
        "labels": carried,
        "author": ticket.author or row["author"],
        "created_at": ticket.created_at or datetime.fromisoformat(row["created_at"]),
    }
    return Issue(ticket=ticket.model_copy(update=told), state=IssueState(row["state"]))
