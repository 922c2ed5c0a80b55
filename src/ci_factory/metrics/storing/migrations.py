"""From any earlier schema to the present one, a step at a time, each in one transaction: a kill leaves the old one whole.

Version 1 (the first release) had one table of facts, `ci_factory_fact`, without project, time or chain. Its rows become
records in the order of their revisions, recorded when they were moved, of the project that its newest batch names.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sql
from sqlalchemy import Connection, Engine

from ci_factory.errors import ArtifactError, UsageError
from ci_factory.metrics.storing import rows
from ci_factory.metrics.storing.appending import Appender, Item
from ci_factory.metrics.storing.chain import digest, written
from ci_factory.metrics.storing.engine import nothing, reading, writing
from ci_factory.metrics.storing.schema import VERSION, mark, metadata, packed_rows, record, schema
from ci_factory.model.base import Json

FACT = sql.table("ci_factory_fact", *map(sql.column, ("kind", "key", "revision", "hash", "data")))
"""As version 1 had it."""
_REFUSED = "use another database, or the ci-factory that made it"


def prepare(engine: Engine, now: datetime, *, create: bool) -> None:
    """Make the tables where there are none, or bring them to the present version.

    Raises:
        UsageError: the schema is newer than this program, or there is none and `create` is not set.
        ArtifactError: an older store is damaged.
    """
    while (version := _version_now(engine)) != VERSION:
        if version > VERSION:
            raise UsageError(
                f"is of schema {version}, this program knows {VERSION}", where="--store", fix=_REFUSED
            )
        if version == 0 and not create:
            raise nothing()
        with writing(engine) as connection:
            # Somebody else may have done it while this one waited.
            if version_of(connection) == version:
                _STEPS[version](connection, now)


def version_of(connection: Connection) -> int:
    """The version of the schema; 0 where there is none."""
    inspected = sql.inspect(connection)
    if not inspected.has_table(schema.name):
        return 0
    found = connection.execute(sql.select(schema.c.version)).scalars().all()
    if not found:  # killed between its making and its version, as the first release could be
        return 1 if inspected.has_table(FACT.name) else 0
    if len(found) != 1 or type(found[0]) is not int or found[0] < 1:
        raise UsageError("has no single version of its schema", where="--store", fix=_REFUSED)
    return found[0]


def _version_now(engine: Engine) -> int:
    with reading(engine) as connection:
        return version_of(connection)


def _create(connection: Connection, _: datetime) -> None:
    metadata.create_all(connection)
    _stamp(connection, VERSION)


def _chained(connection: Connection, now: datetime) -> None:
    """Version 1 to 2: one chain of records for several projects, and the collector's memory."""
    metadata.create_all(connection, tables=[record, mark, packed_rows])
    Appender(connection, now).differing(_project(connection), _moved(connection))
    connection.exec_driver_sql(f"DROP TABLE {FACT.name}")
    _stamp(connection, 2)


_STEPS: Mapping[int, Callable[[Connection, datetime], None]] = {0: _create, 1: _chained}
"""Version -> what leads from it to a later one."""


def _stamp(connection: Connection, version: int) -> None:
    connection.execute(schema.delete())
    connection.execute(schema.insert().values(version=version))


def _project(connection: Connection) -> str:
    """The project of the newest batch."""
    batches = sql.select(FACT.c.data).where(FACT.c.kind == "batches")
    last = connection.execute(batches.order_by(FACT.c.key.desc(), FACT.c.revision.desc()).limit(1)).scalar()
    return str(_data(last).get("project", "")) if last is not None else ""


def _moved(connection: Connection) -> Iterator[Item]:
    order = (FACT.c.revision, FACT.c.kind, FACT.c.key)
    for row in connection.execute(sql.select(FACT).order_by(*order)).all():
        if digest(str(row.data)) != row.hash:
            raise _damaged(f"{row.kind} {row.key}")
        data = _data(row.data)
        yield Item(row.kind, row.key, written(rows.short(row.kind, data) if row.kind in rows.KEYS else data))


def _data(text: Any) -> dict[str, Json]:  # noqa: ANN401 - SQLite keeps whatever was put in
    try:
        data = rows.parsed(text)
    except ValueError as error:
        raise _damaged("a fact") from error
    return data


def _damaged(what: str) -> ArtifactError:
    return ArtifactError(
        f"{what} is not what was written, so the store is not brought to schema {VERSION}",
        where="--store",
        fix="restore a copy of the database, or collect into a new one",
    )
