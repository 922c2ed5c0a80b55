"""Labels of issues and merge requests."""

import sqlite3
from collections.abc import Iterable

from ci_factory.config import Labels
from ci_factory.forge.local.history import Stamp, Subject, record
from ci_factory.forge.managed_labels import changed
from ci_factory.model.forge import ForgeEventKind, NoteTarget


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
    after = changed(before, add, remove)
    for name in (name for name in before if name not in after):
        tx.execute("DELETE FROM label WHERE target = ? AND target_id = ? AND name = ?", (*subject.key, name))
        record(tx, stamp, subject, ForgeEventKind.LABEL_REMOVED, name)
    for name in (name for name in after if name not in before):
        tx.execute("INSERT INTO label (target, target_id, name) VALUES (?, ?, ?)", (*subject.key, name))
        record(tx, stamp, subject, ForgeEventKind.LABEL_ADDED, name)
    return after


def move_state(tx: sqlite3.Connection, stamp: Stamp, subject: Subject, names: Labels, state: str) -> None:
    """Replace the state label, whichever it is; other labels stay."""
    change(tx, stamp, subject, add=[names.state(state)], remove=names.states)
