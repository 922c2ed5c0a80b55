"""The database behind a URL: SQLite or PostgreSQL, with transactions that are the same in both."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ci_factory.errors import ToolMissing, UsageError
from ci_factory.model.redaction import redact
from ci_factory.model.text import plain

_PATIENCE = 60
"""Seconds that a writer waits for the one before it."""
_CONNECT_SECONDS = 10
_LOCK = 0x63692D666163
"""Number of the advisory lock that writers of one PostgreSQL database take in turn."""
_WRITES, _STREAMS = "ci_factory_writes", "ci_factory_streams"
_AT_ONCE = 2000
"""Rows that are fetched together."""
_FIX = "write it as sqlite:///metrics.sqlite3 or postgresql://USER@HOST/DATABASE"
_SHOWN = 300
_LONGEST = 64 * 1024 * 1024
"""Bytes of one value in an SQLite file."""


def opened(url: str, *, create: bool) -> Engine:
    """An engine for a URL of ours; a file is made only when `create` is set.

    Raises:
        UsageError: it is no URL, of another database than SQLite and PostgreSQL, or its file is missing.
        ToolMissing: PostgreSQL's driver is not installed.
    """
    known = _known(url)
    if known.get_backend_name() == "sqlite":
        if not create and not Path(str(known.database)).is_file():
            raise nothing()
        return _sqlite(known)
    try:
        return sql.create_engine(known, connect_args={"connect_timeout": _CONNECT_SECONDS})
    except ImportError as error:
        raise ToolMissing(
            "PostgreSQL needs its driver psycopg",
            where="--store",
            fix="pip install 'ci-factory[metrics,postgres]'",
        ) from error


def nothing() -> UsageError:
    """There is no store."""
    return UsageError(
        "nothing was collected there yet", where="--store", fix="ci-factory collect --store URL"
    )


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one state of the database, and changes nothing."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            try:
                yield connection
            finally:
                for result in connection.info.pop(_STREAMS, ()):
                    result.close()


def streamed(connection: Connection, statement: sql.Select[Any]) -> Iterator[Any]:
    """Rows, some thousand in memory at a time; they end with the transaction, however far they were read."""
    result = connection.execution_options(yield_per=_AT_ONCE).execute(statement)
    connection.info.setdefault(_STREAMS, []).append(result)
    return iter(result)


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that no other writer runs beside: the next one waits, then sees all that this one wrote."""
    with engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_PATIENCE}s'")
            connection.execute(sql.select(sql.func.pg_advisory_xact_lock(_LOCK)))
        yield connection


def said(error: Exception) -> str:
    """The first line of what a database says, without anybody's password."""
    lines = str(error).splitlines()
    return plain(redact(lines[0]) if lines else type(error).__name__, _SHOWN)


def _known(url: str) -> URL:
    text = f"postgresql://{url.removeprefix('postgres://')}" if url.startswith("postgres://") else url
    try:
        found = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise UsageError("is not a database URL", where="--store", fix=_FIX) from error
    if found.drivername in {"postgresql", "postgresql+psycopg"}:
        return found.set(drivername="postgresql+psycopg")
    if found.drivername not in {"sqlite", "sqlite+pysqlite"}:
        name = plain(found.drivername, _SHOWN)
        raise UsageError(f"{name} is neither SQLite nor PostgreSQL", where="--store", fix=_FIX)
    if found.database in {None, "", ":memory:"} or str(found.database).startswith("file:"):
        raise UsageError("names no file", where="--store", fix=_FIX)
    return found


def _sqlite(url: URL) -> Engine:
    engine = sql.create_engine(url, connect_args={"timeout": _PATIENCE})
    sql.event.listen(engine, "connect", _prepare)
    sql.event.listen(engine, "begin", _begin)
    return engine


def guard(connection: sqlite3.Connection) -> None:
    """Settings for any SQLite file: what is removed is overwritten, and what the file says of itself runs no functions."""
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
    for pragma in ("secure_delete = ON", "trusted_schema = OFF", "cell_size_check = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _prepare(connection: sqlite3.Connection, _: object) -> None:
    """Transactions are ours: Python's own would leave changes of the schema outside.

    The journal stays the usual one, not a write-ahead log, as the store is one file that is copied as an artifact.
    """
    connection.isolation_level = None
    guard(connection)


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
