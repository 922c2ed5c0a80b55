"""Notes, and the one note of ours that is kept up to date."""

import sqlite3

from ci_factory.forge.kept_notes import carries, checked, marked
from ci_factory.forge.local.history import Stamp, Subject
from ci_factory.model.forge import Note

_COLUMNS = "id, target, target_id, author, body, created_at, updated_at"


def select(tx: sqlite3.Connection, subject: Subject) -> list[Note]:
    """All notes of one thing, oldest first."""
    rows = tx.execute(
        f"SELECT {_COLUMNS} FROM note WHERE target = ? AND target_id = ? ORDER BY id",  # noqa: S608 - constant
        subject.key,
    )
    return [Note.model_validate(dict(row)) for row in rows]


def add(tx: sqlite3.Connection, stamp: Stamp, subject: Subject, body: str) -> Note:
    """Add a note.

    Raises:
        ForgeError: it says nothing, or too much.
    """
    cursor = tx.execute(
        "INSERT INTO note (target, target_id, author, body, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)",
        (*subject.key, stamp.user, checked(body), stamp.time, stamp.time),
    )
    return _get(tx, cursor.lastrowid)


def ensure(tx: sqlite3.Connection, stamp: Stamp, subject: Subject, key: str, body: str) -> Note:
    """Make sure that exactly one note by this user ends with the key's marker, and that it says `body`."""
    text = marked(key, body)
    ours = [note for note in select(tx, subject) if note.author == stamp.user and carries(note.body, key)]
    if not ours:
        return add(tx, stamp, subject, text)
    *extras, newest = ours
    tx.executemany("DELETE FROM note WHERE id = ?", [(note.id,) for note in extras])
    if newest.body != text:
        tx.execute("UPDATE note SET body = ?, updated_at = ? WHERE id = ?", (text, stamp.time, newest.id))
    return _get(tx, newest.id)


def _get(tx: sqlite3.Connection, note_id: int | None) -> Note:
    row = tx.execute(f"SELECT {_COLUMNS} FROM note WHERE id = ?", (note_id,)).fetchone()  # noqa: S608 - constant
    return Note.model_validate(dict(row))
