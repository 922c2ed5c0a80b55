"""Labels of issues and merge requests."""

import sqlite3
from collections.abc import Iterable

from ci_factory.config import Labels
from ci_factory.errors import ForgeError
from ci_factory.forge.local.history import Stamp, Subject, record
from ci_factory.model.forge import ForgeEventKind, NoteTarget

MAX_LABELS = 100
_MAX_LENGTH = 255


def of(tx: sqlite3.Connection, subject: Subject) -> tuple[str, ...]:
    """Labels of one thing, in the order in which they were added."""
    rows = tx.execute("SELECT name FROM label WHERE target = ? AND target_id = ? ORDER BY id", subject.key)
    return tuple(row["name"] for row in rows)


def of_all(tx: sqlite3.Connection, target: NoteTarget) -> dict[str, tuple[str, ...]]:
    """Labels of all issues, or of all merge requests, by id."""
    found: dict[str, list[str]] = {}
    rows = tx.execute("SELECT target_id, name FROM label WHERE target = ? ORDER BY id", (target.value,))
    for row in rows:
        found.setdefault(row["target_id"], []).append(row["name"])
    return {key: tuple(names) for key, names in found.items()}


def change(
    tx: sqlite3.Connection, stamp: Stamp, subject: Subject, *, add: Iterable[str], remove: Iterable[str]
) -> tuple[str, ...]:
    """Remove, then add; one event for each label that really changed.

    Raises:
        ForgeError: a name can't be a label, or there would be more than 100.
    """
    before = of(tx, subject)
    wanted, unwanted = tuple(dict.fromkeys(add)), frozenset(remove)
    kept = tuple(name for name in before if name not in unwanted or name in wanted)
    after = kept + tuple(_checked(name) for name in wanted if name not in kept)
    if len(after) > MAX_LABELS:
        raise ForgeError(f"would have more than {MAX_LABELS} labels", where=subject.id, fix="remove some")
    for name in (name for name in before if name not in after):
        tx.execute("DELETE FROM label WHERE target = ? AND target_id = ? AND name = ?", (*subject.key, name))
        record(tx, stamp, subject, ForgeEventKind.LABEL_REMOVED, name)
    for name in after[len(kept) :]:
        tx.execute("INSERT INTO label (target, target_id, name) VALUES (?, ?, ?)", (*subject.key, name))
        record(tx, stamp, subject, ForgeEventKind.LABEL_ADDED, name)
    return after


def move_state(tx: sqlite3.Connection, stamp: Stamp, subject: Subject, names: Labels, state: str) -> None:
    """Replace the state label, whichever it is; other labels stay."""
    change(tx, stamp, subject, add=[names.state(state)], remove=names.states)


def _checked(name: str) -> str:
    if not name.strip() or len(name) > _MAX_LENGTH or "," in name or not name.isprintable():
        raise ForgeError(
            f"{name!r} can't be a label", fix=f"1 to {_MAX_LENGTH} printable characters without a comma"
        )
    return name
