"""Notes, and the one note of ours that is kept up to date."""

import re
import sqlite3

from ci_factory.errors import ForgeError
from ci_factory.forge.local.checks import storable
from ci_factory.forge.local.history import Stamp, Subject
from ci_factory.model.forge import Note

MAX_LENGTH = 1_000_000
"""Characters of a note, as on GitLab."""

_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
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
        (*subject.key, stamp.user, _checked(body), stamp.time, stamp.time),
    )
    return _get(tx, cursor.lastrowid)


def ensure(tx: sqlite3.Connection, stamp: Stamp, subject: Subject, key: str, body: str) -> Note:
    """Make sure that exactly one note by this user ends with the key's marker, and that it says `body`."""
    text = _checked(f"{body.rstrip()}\n\n{marker(key)}")
    ours = [note for note in select(tx, subject) if note.author == stamp.user and _carries(note, key)]
    if not ours:
        return add(tx, stamp, subject, text)
    *extras, newest = ours
    tx.executemany("DELETE FROM note WHERE id = ?", [(note.id,) for note in extras])
    if newest.body != text:
        tx.execute("UPDATE note SET body = ?, updated_at = ? WHERE id = ?", (text, stamp.time, newest.id))
    return _get(tx, newest.id)


def marker(key: str) -> str:
    """The hidden last line of a kept note.

    Raises:
        ForgeError: the key is not lower-case letters, digits and dashes.
    """
    if not _KEY.fullmatch(key):
        raise ForgeError(f"{key!r} can't be a note's key", fix="use lower-case letters, digits and dashes")
    return f"<!-- ci-factory:note:{key} -->"


def _carries(note: Note, key: str) -> bool:
    # Only the last line counts: text quoted further up may carry anything.
    return note.body.rstrip().rpartition("\n")[2] == marker(key)


def _checked(body: str) -> str:
    if not body.strip():
        raise ForgeError("a note must say something")
    if len(body) > MAX_LENGTH:
        raise ForgeError(
            f"a note has at most {MAX_LENGTH} characters, this one {len(body)}", fix="shorten it"
        )
    return storable(body)


def _get(tx: sqlite3.Connection, note_id: int | None) -> Note:
    row = tx.execute(f"SELECT {_COLUMNS} FROM note WHERE id = ?", (note_id,)).fetchone()  # noqa: S608 - constant
    return Note.model_validate(dict(row))
