"""The forge's own history: every change is one event, written in the transaction that makes the change."""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime

from ci_factory.model.forge import ForgeEvent, ForgeEventKind, NoteTarget


@dataclass(frozen=True)
class Stamp:
    """Who does something, and when."""

    user: str
    at: datetime

    @property
    def time(self) -> str:
        """The moment as it is stored: ISO 8601 in UTC."""
        return self.at.astimezone(UTC).isoformat()


@dataclass(frozen=True)
class Subject:
    """What a label, a note or an event belongs to."""

    target: NoteTarget
    id: str

    @property
    def key(self) -> tuple[str, str]:
        """The two columns that name it."""
        return self.target.value, self.id


def issue(ticket_id: str) -> Subject:
    """The issue of a ticket."""
    return Subject(NoteTarget.ISSUE, ticket_id)


def merge_request(iid: int) -> Subject:
    """A merge request."""
    return Subject(NoteTarget.MERGE_REQUEST, str(iid))


def record(
    tx: sqlite3.Connection, stamp: Stamp, subject: Subject, kind: ForgeEventKind, detail: str = ""
) -> None:
    """Add one event."""
    tx.execute(
        "INSERT INTO event (at, user, target, target_id, kind, detail) VALUES (?, ?, ?, ?, ?, ?)",
        (stamp.time, stamp.user, *subject.key, kind.value, detail),
    )


def select(tx: sqlite3.Connection, target: NoteTarget | None, target_id: str | None) -> list[ForgeEvent]:
    """Events of one kind of thing, of one thing or of everything, oldest first."""
    rows = tx.execute(
        "SELECT id, at, user, target, target_id, kind, detail FROM event"
        " WHERE (:target IS NULL OR target = :target) AND (:id IS NULL OR target_id = :id) ORDER BY id",
        {"target": None if target is None else target.value, "id": target_id},
    )
    return [ForgeEvent.model_validate(dict(row)) for row in rows]
