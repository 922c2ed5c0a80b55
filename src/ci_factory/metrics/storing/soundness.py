"""Whether a store that came from elsewhere is one: a file that anybody could have written."""

import sqlite3
from contextlib import closing
from pathlib import Path

from ci_factory.errors import ArtifactError, FactoryError
from ci_factory.metrics.storing import engine, rows
from ci_factory.metrics.storing.migrations import FACT
from ci_factory.metrics.storing.schema import metadata
from ci_factory.metrics.storing.store import Store
from ci_factory.metrics.storing.values import Head
from ci_factory.system.clock import Clock

_SQLITE = b"SQLite format 3\0"
"""How the file of a database begins."""
_TABLES = {table.name: [column.name for column in table.columns] for table in (*metadata.sorted_tables, FACT)}
"""Of any version -> their columns."""
_SHOWN = 200


def sound(path: Path, clock: Clock) -> Head:
    """Make sure of a file, bring it to the present schema, and say where its chain ends.

    Raises:
        ArtifactError: it is no SQLite file, is damaged, is not of our schema, its chain does not hold, or a fact in it is
            none of this version.
    """
    _is_ours(path)
    try:
        with Store(f"sqlite:///{path}", clock, create=False) as store:
            store.forget_rows()
            for fault in store.verify():
                raise ArtifactError(f"was tampered with: {fault}", where=path.name)
            for kind in rows.KEYS:
                for _, data in store.read(kind):
                    rows.check(kind, data)
            return store.head()
    except UnicodeDecodeError as error:
        raise ArtifactError("is damaged: it holds what is no text", where=path.name) from error
    except FactoryError as error:
        raise ArtifactError(error.what, where=path.name) from error


def _is_ours(path: Path) -> None:
    """Look before anything in it can act: at its pages, and that it holds our tables and nothing that runs."""
    with path.open("rb") as stream:
        if stream.read(len(_SQLITE)) != _SQLITE:
            raise ArtifactError("is no SQLite file", where=path.name)
    try:
        with closing(sqlite3.connect(path)) as connection:
            engine.guard(connection)
            wrong = _wrong(connection)
    except UnicodeDecodeError:  # names on a damaged page, before the check itself can say so
        wrong = "it holds what is no text"
    except sqlite3.Error as error:
        wrong = engine.said(error)
    if wrong:
        raise ArtifactError(f"is damaged: {wrong[:_SHOWN]}", where=path.name)


def _wrong(connection: sqlite3.Connection) -> str:
    """What is wrong with the file; empty when nothing is."""
    (checked,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if checked != "ok":
        return str(checked)
    for kind, name, text in connection.execute("SELECT type, name, sql FROM sqlite_master"):
        if kind == "index" and text is None:
            continue
        if kind != "table" or name not in _TABLES or not str(text).startswith("CREATE TABLE"):
            return f"it holds a {kind} that is not of this program"
        columns = connection.execute(f"PRAGMA table_xinfo({name})").fetchall()
        if [column[1] for column in columns] != _TABLES[name] or any(column[6] for column in columns):
            return f"{name} has other columns"
    return ""
