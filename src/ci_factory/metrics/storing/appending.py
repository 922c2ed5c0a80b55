"""Records put at the end of the chain, within a transaction that no other writer runs beside."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any, NamedTuple

import sqlalchemy as sql
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import ARRAY

from ci_factory.metrics.storing.chain import START, Link, digest, link
from ci_factory.metrics.storing.schema import record
from ci_factory.metrics.storing.values import Head

GONE = "null"
"""Data of a fact that is no more."""
_CHUNK = 500
_LONGEST = 500
"""Characters of a project, kind or key; an index takes no more than 2,700 bytes a row on PostgreSQL."""
_PRINTED = 60


class Item(NamedTuple):
    """What is to be recorded."""

    kind: str
    key: str
    data: str


class Known(NamedTuple):
    """The newest revision of something."""

    revision: int
    data_hash: str


class Appender:
    """The end of the chain while it is written."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        """Start behind the newest record."""
        self._connection = connection
        self._at = head(connection)
        self._now = stamp(now)
        self.added = 0
        """Records so far."""

    def differing(self, project: str, items: Iterable[Item]) -> int:
        """Add what differs from its newest revision; returns how many items there were."""
        return sum(self._chunk(project, chunk, revise=True) for chunk in chunks(items))

    def new(self, project: str, items: Iterable[Item]) -> int:
        """Add what has no revision yet; returns how many items there were."""
        return sum(self._chunk(project, chunk, revise=False) for chunk in chunks(items))

    def _chunk(self, project: str, items: list[Item], *, revise: bool) -> int:
        for text in (project, *{item.kind for item in items}, *(item.key for item in items)):
            check(text)
        known = newest(self._connection, project, items)
        rows: list[Link] = []
        for item in items:
            before, data_hash = known.get((item.kind, item.key)), digest(item.data)
            if before is None or (revise and before.data_hash != data_hash):
                after = Known(before.revision + 1 if before else 1, data_hash)
                known[item.kind, item.key] = after
                rows.append(self._next(project, item, after))
        self._write(rows)
        return len(items)

    def _next(self, project: str, item: Item, known: Known) -> Link:
        return Link(
            0, project, item.kind, item.key, known.revision, item.data, known.data_hash, "", self._now
        )

    def _write(self, rows: Iterable[Link]) -> None:
        linked = [self._linked(row) for row in rows]
        if linked:
            self._connection.execute(record.insert(), [row._asdict() for row in linked])
            self.added += len(linked)

    def _linked(self, row: Link) -> Link:
        placed = row._replace(seq=self._at.seq + 1)
        self._at = Head(placed.seq, link(self._at.chain, placed))
        return placed._replace(chain=self._at.chain)


def head(connection: Connection) -> Head:
    """The newest record."""
    found = connection.execute(
        sql.select(record.c.seq, record.c.chain).order_by(record.c.seq.desc()).limit(1)
    ).first()
    return Head(found.seq, found.chain) if found else START


def newest(connection: Connection, project: str, items: Iterable[Item]) -> dict[tuple[str, str], Known]:
    """(kind, key) of the items that are there -> newest revision."""
    wanted: dict[str, list[str]] = {}
    for item in items:
        wanted.setdefault(item.kind, []).append(item.key)
    found: dict[tuple[str, str], Known] = {}
    for kind, keys in wanted.items():
        for key, last in connection.execute(_last_of(project, kind, _listed(connection, keys))):
            if last is not None:
                revision, data_hash = last.split(" ")
                found[kind, key] = Known(int(revision), data_hash)
    return found


def _listed(connection: Connection, keys: list[str]) -> sql.TableValuedAlias:
    """A list as a table, in one parameter: to write half a thousand takes longer than to look them up."""
    if connection.dialect.name == "postgresql":
        return sql.func.unnest(sql.cast(keys, ARRAY(sql.Text))).table_valued("value").render_derived()
    return sql.func.json_each(json.dumps(keys)).table_valued("value")


def _last_of(project: str, kind: str, asked: sql.TableValuedAlias) -> sql.Select[Any]:
    """Each key with the revision and the hash of its newest record, or nothing.

    A subquery for each key, as PostgreSQL's planner knows nothing yet of rows just written, and of a list of keys would
    read them all each time.
    """
    last = (
        sql.select(sql.cast(record.c.revision, sql.Text) + " " + record.c.data_hash)
        .where(record.c.kind == kind, record.c.project == project, record.c.key == asked.c.value)
        .order_by(record.c.revision.desc())
        .limit(1)
        .scalar_subquery()
    )
    return sql.select(asked.c.value, last)


def withdrawn(connection: Connection, project: str, kept: Mapping[str, set[str]]) -> Iterator[Item]:
    """What the store knows of some kinds (kind -> keys that are still there) and that is no more."""
    gone = digest(GONE)
    for kind, keys in kept.items():
        rows = connection.execute(
            sql.select(record.c.key, record.c.data_hash)
            .where(record.c.kind == kind, record.c.project == project)
            .order_by(record.c.revision)
        )
        last = {row.key: row.data_hash for row in rows}
        yield from (
            Item(kind, key, GONE)
            for key, data_hash in sorted(last.items())
            if key not in keys and data_hash != gone
        )


def chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Lists of some hundred."""
    source = iter(items)
    while chunk := list(islice(source, _CHUNK)):
        yield chunk


def check(text: str) -> None:
    """Refuse what can't be a key.

    Raises:
        ValueError: it is too long, or has a character that no database keeps.
    """
    if len(text) > _LONGEST or "\0" in text or not _encodes(text):
        msg = f"can't be a key of the store: {text[:_PRINTED]!r}"
        raise ValueError(msg)


def _encodes(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def stamp(moment: datetime) -> str:
    """A moment as it is recorded: in UTC, with microseconds, so that text sorts as time does."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
