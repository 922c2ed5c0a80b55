"""The rows of statistics as they were gathered last, packed by columns: a cache, not a record.

Gathering reads and parses every fact; these rows are read in a third of that time. They count only while the chain ends
where it ended then, and for the version that gathered them, so nobody ever sees old ones.
"""

import hashlib
import json
import zlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sql
from pydantic_core import from_json
from sqlalchemy import Connection

from ci_factory import __version__
from ci_factory.metrics.sample import Change, Check, Question, Sample, Shift, Task, Work
from ci_factory.metrics.storing.schema import packed_rows as table
from ci_factory.metrics.storing.values import Head

_KINDS: dict[str, Any] = {
    "changes": Change,
    "tasks": Task,
    "work": Work,
    "checks": Check,
    "questions": Question,
    "shifts": Shift,
}
"""Field of the sample -> its rows."""
_FIELDS = hashlib.sha256(json.dumps([kind._fields for kind in _KINDS.values()]).encode()).hexdigest()
_PLAIN = (int, float, type(None))
_FASTEST = 1
_MOST_BYTES = 1 << 30
"""Of one kind, unpacked; a hundred thousand merge requests with five gates each have a twentieth."""


def write(connection: Connection, head: Head, sample: Sample) -> None:
    """Keep these rows, and no others, as those of the chain that ends there."""
    connection.execute(table.delete())
    kept = [{"kind": kind, "state": _state(head), "data": _pack(getattr(sample, kind))} for kind in _KINDS]
    connection.execute(table.insert(), kept)


def read(connection: Connection, head: Head) -> Sample | None:
    """The rows of the chain that ends there; `None` when they were not kept, or are none that this program packs."""
    chosen = sql.select(table.c.kind, table.c.data).where(table.c.state == _state(head))
    found = {row.kind: row.data for row in connection.execute(chosen)}
    if found.keys() != _KINDS.keys():
        return None
    try:
        return Sample(**{kind: tuple(_unpack(_KINDS[kind], found[kind])) for kind in _KINDS})
    except (zlib.error, ValueError, TypeError, KeyError, IndexError):
        return None


def forget(connection: Connection) -> None:
    """Let go of what was kept."""
    connection.execute(table.delete())


def _state(head: Head) -> str:
    return f"{head} {__version__} {_FIELDS}"


def _pack(rows: Sequence[NamedTuple]) -> bytes:
    columns = [_column(values) for values in zip(*rows, strict=True)]
    return zlib.compress(json.dumps(columns, separators=(",", ":")).encode(), _FASTEST)


def _column(values: Sequence[Any]) -> dict[str, Any]:
    """Numbers as they are, everything else as places in a list of what occurs."""
    if all(isinstance(value, _PLAIN) for value in values):
        return {"values": values}
    places: dict[Any, int] = {}
    return {"values": [places.setdefault(value, len(places)) for value in values], "words": list(places)}


def _unpack(kind: Any, data: bytes) -> Iterable[Any]:  # noqa: ANN401 - a class of named tuples
    columns = from_json(_bounded(data))
    return map(kind._make, zip(*map(_values, columns), strict=True))


def _bounded(data: bytes) -> bytes:
    opened = zlib.decompressobj()
    text = opened.decompress(data, _MOST_BYTES)
    if not opened.eof:
        msg = "more rows than are ever kept, or fewer bytes than were written"
        raise ValueError(msg)
    return text


def _values(column: dict[str, Any]) -> Iterable[Any]:
    if "words" not in column:
        return column["values"]  # type: ignore[no-any-return]
    words = [tuple(word) if isinstance(word, list) else word for word in column["words"]]
    return map(words.__getitem__, column["values"])
