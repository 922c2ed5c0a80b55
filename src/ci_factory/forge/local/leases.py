"""Leases of tickets as the embedded forge keeps them."""

import sqlite3
from collections.abc import Iterable

from pydantic import ValidationError

from ci_factory.model.lease import Held, Lease, Swap


def select(tx: sqlite3.Connection, ticket_ids: Iterable[str]) -> dict[str, Held]:
    """Those of these tickets that there are."""
    found = {ticket_id: _get(tx, ticket_id) for ticket_id in ticket_ids}
    return {ticket_id: held for ticket_id, held in found.items() if held is not None}


def expected(tx: sqlite3.Connection, wanted: Swap) -> Held | None:
    """The lease as it will stand; `None` when neither it nor what it replaces stands there."""
    after = Held(lease=wanted.after, mark=wanted.after.model_dump_json())
    now = _get(tx, wanted.after.ticket_id)
    there = now.mark if now else None
    return after if there in {after.mark, wanted.before.mark if wanted.before else None} else None


def swap(tx: sqlite3.Connection, wanted: Swap) -> Held | None:
    """Swap a lease and return it as it now stands; `None` when another one stood there."""
    held = expected(tx, wanted)
    if held is not None:
        tx.execute(
            "INSERT INTO lease (ticket_id, content) VALUES (?, ?)"
            " ON CONFLICT (ticket_id) DO UPDATE SET content = excluded.content",
            (wanted.after.ticket_id, held.mark),
        )
    return held


def _get(tx: sqlite3.Connection, ticket_id: str) -> Held | None:
    row = tx.execute("SELECT content FROM lease WHERE ticket_id = ?", (ticket_id,)).fetchone()
    if row is None:
        return None
    try:
        return Held(lease=Lease.model_validate_json(row["content"]), mark=row["content"])
    except ValidationError:
        return Held(lease=None, mark=row["content"])
