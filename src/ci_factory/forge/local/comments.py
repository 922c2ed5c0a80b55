"""Comments on lines of a merge request, keyed by fingerprint."""

import sqlite3
from collections.abc import Iterable

from ci_factory.forge.kept_notes import checked
from ci_factory.forge.local.history import Stamp
from ci_factory.model.forge import InlineComment, PlacedComment

_COLUMNS = "fingerprint, path, line, body, resolved"


def select(tx: sqlite3.Connection, iid: int, author: str) -> tuple[PlacedComment, ...]:
    """All comments of one author on a merge request, in order of creation."""
    rows = tx.execute(
        f"SELECT {_COLUMNS} FROM comment WHERE iid = ? AND author = ? ORDER BY id",  # noqa: S608 - constant
        (iid, author),
    )
    return tuple(PlacedComment.model_validate(dict(row)) for row in rows)


def ensure(tx: sqlite3.Connection, stamp: Stamp, iid: int, comments: Iterable[InlineComment]) -> None:
    """Make these the open comments of this author; a comment stays on the line where it was first made."""
    wanted = {comment.fingerprint: comment for comment in comments}
    present = {placed.fingerprint: placed for placed in select(tx, iid, stamp.user)}
    for fingerprint, comment in wanted.items():
        found = present.get(fingerprint)
        if found is None:
            _insert(tx, stamp, iid, comment)
        elif found.resolved or found.body != checked(comment.body):
            _update(tx, stamp, iid, fingerprint, body=checked(comment.body), resolved=False)
    for fingerprint, placed in present.items():
        if fingerprint not in wanted and not placed.resolved:
            _update(tx, stamp, iid, fingerprint, body=placed.body, resolved=True)


def _insert(tx: sqlite3.Connection, stamp: Stamp, iid: int, comment: InlineComment) -> None:
    place = (comment.fingerprint, comment.path, comment.line, checked(comment.body))
    tx.execute(
        "INSERT INTO comment (iid, author, fingerprint, path, line, body, created_at, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (iid, stamp.user, *place, stamp.time, stamp.time),
    )


def _update(
    tx: sqlite3.Connection, stamp: Stamp, iid: int, fingerprint: str, *, body: str, resolved: bool
) -> None:
    tx.execute(
        "UPDATE comment SET body = ?, resolved = ?, updated_at = ?"
        " WHERE iid = ? AND author = ? AND fingerprint = ?",
        (body, resolved, stamp.time, iid, stamp.user, fingerprint),
    )
