"""A database of raw facts, for whoever keeps many nights. Rows are added, never changed; figures are derived anew.

One table: a fact of a kind under its key, with a revision that counts how often it was seen to differ. The extra
`metrics` brings SQLAlchemy; SQLite needs nothing more, other databases their driver.
"""

import hashlib
import json
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from ci_factory.errors import ArtifactError, FactoryError, ToolMissing, UsageError
from ci_factory.metrics.facts import History

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, MetaData, Table

SCHEMA_VERSION = 1
_SQLITE = b"SQLite format 3\0"
"""How the file of a database begins."""
_KEYS: dict[str, tuple[str, ...]] = {
    "tickets": ("id",),
    "merge_requests": ("iid",),
    "batches": ("id",),
    "attempts": ("batch", "ticket"),
    "gates": ("batch", "ticket", "gate"),
    "escalations": ("batch", "ticket"),
    "predictions": ("batch", "ticket"),
    "aftermath": ("iid",),
}
"""Kind of fact (a field of `History`) -> the fields that identify one."""


class Fact(NamedTuple):
    """One row: what kind, which one, and what is known of it as JSON."""

    kind: str
    key: str
    data: str


class Saved(NamedTuple):
    """What a save did."""

    seen: int
    added: int
    """Rows added: facts that are new, or differ from what was known."""


def facts_of(history: History) -> Iterator[Fact]:
    """Every fact of a history as a row; equal facts give equal rows."""
    for kind, fields in _KEYS.items():
        for fact in getattr(history, kind):
            data = fact.model_dump(mode="json")
            key = "/".join(str(data[field]) for field in fields)
            yield Fact(kind, key, json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True))


def save(history: History, url: str) -> Saved:
    """Add what the database does not know yet, in one transaction; saving the same again adds nothing.

    Raises:
        ToolMissing: SQLAlchemy, or the database's driver, is not installed.
        UsageError: the URL is none, the database can't be opened, or it is not of our schema.
        FactoryError: the write failed; nothing was stored.
    """
    facts = list(facts_of(history))
    with _Database(url) as database:
        return Saved(len(facts), database.add(facts))


def load(url: str) -> History:
    """The newest revision of every fact that was ever saved.

    Raises:
        ToolMissing, UsageError: as `save`.
        ArtifactError: a row is not a fact of this version.
    """
    with _Database(url) as database:
        newest = database.newest()
    found: dict[str, list[Any]] = {kind: [] for kind in _KEYS}
    try:
        for fact in newest:
            found.setdefault(fact.kind, []).append(json.loads(fact.data))
        history = History.model_validate(found)
    except ValueError as error:
        raise ArtifactError(
            f"holds a fact that can't be read: {_first_line(error)}",
            where="--store",
            fix="use the ci-factory that wrote it, or collect into a new database",
        ) from error
    ordered = {
        kind: tuple(sorted(getattr(history, kind), key=attrgetter(*fields))) for kind, fields in _KEYS.items()
    }
    return history.model_copy(update=ordered)


def sound(path: Path) -> History:
    """Everything in an SQLite file of ours that came from elsewhere, once it is sure that it is one, and whole.

    Raises:
        ArtifactError: it is no SQLite file, is damaged, or is not of our schema.
        ToolMissing: SQLAlchemy is not installed.
    """
    with path.open("rb") as stream:
        if stream.read(len(_SQLITE)) != _SQLITE:
            raise ArtifactError("is no SQLite file", where=path.name)
    url = f"sqlite:///{path}"
    try:
        with _Database(url) as database:
            said = database.check()
    except UsageError as error:
        raise ArtifactError(error.what, where=path.name) from error
    if said != "ok":
        raise ArtifactError(f"is damaged: {said[:200]}", where=path.name)
    return load(url)


class _Database:
    """The table and a connection in one transaction."""

    def __init__(self, url: str) -> None:
        sqlalchemy = _sqlalchemy()
        metadata = sqlalchemy.MetaData()
        self._sql = sqlalchemy
        self._meta, self._table = _tables(sqlalchemy, metadata)
        self._engine: Engine = _engine(sqlalchemy, url)
        self._prepare(metadata)
        self._connection: Connection

    def _prepare(self, metadata: "MetaData") -> None:
        """Make the tables when they are not there, and check whose they are."""
        try:
            metadata.create_all(self._engine)
            with self._engine.begin() as connection:
                version = connection.execute(self._sql.select(self._meta.c.version)).scalar()
                if version is None:
                    connection.execute(self._meta.insert().values(version=SCHEMA_VERSION))
        except self._sql.exc.SQLAlchemyError as error:
            self._engine.dispose()
            raise UsageError(
                f"the database can't be used: {_first_line(error)}",
                where="--store",
                fix="check the URL and its rights",
            ) from error
        if version not in {None, SCHEMA_VERSION}:
            self._engine.dispose()
            raise UsageError(
                f"is of schema {version}, this program knows {SCHEMA_VERSION}",
                where="--store",
                fix="use another database, or the ci-factory that made it",
            )

    def __enter__(self) -> Self:
        self._connection = self._engine.connect()
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._engine.dispose()

    def add(self, facts: list[Fact]) -> int:
        """Rows for what differs from the newest revision."""
        try:
            with self._connection.begin():
                known = {(row.kind, row.key): (row.revision, row.hash) for row in self._newest_rows()}
                rows = [row for fact in facts if (row := _row(fact, known.get((fact.kind, fact.key))))]
                if rows:
                    self._connection.execute(self._table.insert(), rows)
        except self._sql.exc.SQLAlchemyError as error:
            raise FactoryError(
                f"nothing was stored: {_first_line(error)}",
                where="--store",
                fix="run again; somebody else may have stored at the same time",
            ) from error
        return len(rows)

    def check(self) -> str:
        """`ok`, or what SQLite finds wrong with its file."""
        try:
            return str(self._connection.execute(self._sql.text("PRAGMA quick_check(1)")).scalar())
        except self._sql.exc.SQLAlchemyError as error:
            return _first_line(error)

    def newest(self) -> list[Fact]:
        """The newest revision of every fact."""
        return [Fact(row.kind, row.key, row.data) for row in self._newest_rows()]

    def _newest_rows(self) -> list[Any]:
        table, sql = self._table, self._sql
        last = (
            sql.select(table.c.kind, table.c.key, sql.func.max(table.c.revision).label("revision"))
            .group_by(table.c.kind, table.c.key)
            .subquery()
        )
        same = sql.and_(
            table.c.kind == last.c.kind, table.c.key == last.c.key, table.c.revision == last.c.revision
        )
        return list(self._connection.execute(sql.select(table).join(last, same)))


def _row(fact: Fact, known: tuple[int, str] | None) -> dict[str, object] | None:
    digest = hashlib.sha256(fact.data.encode()).hexdigest()
    if known is not None and known[1] == digest:
        return None
    return {**fact._asdict(), "revision": known[0] + 1 if known else 1, "hash": digest}


def _sqlalchemy() -> Any:  # noqa: ANN401 - a module that may be missing
    try:
        import sqlalchemy
    except ImportError as error:
        raise ToolMissing(
            "a metrics store needs SQLAlchemy", where="--store", fix="pip install 'ci-factory[metrics]'"
        ) from error
    return sqlalchemy


def _tables(sql: Any, metadata: "MetaData") -> tuple["Table", "Table"]:  # noqa: ANN401 - a module
    meta = sql.Table("ci_factory_schema", metadata, sql.Column("version", sql.Integer, nullable=False))
    facts = sql.Table(
        "ci_factory_fact",
        metadata,
        sql.Column("kind", sql.String(32), primary_key=True),
        sql.Column("key", sql.String(255), primary_key=True),
        sql.Column("revision", sql.Integer, primary_key=True, autoincrement=False),
        sql.Column("hash", sql.String(64), nullable=False),
        sql.Column("data", sql.Text, nullable=False),
    )
    return meta, facts


def _engine(sql: Any, url: str) -> "Engine":  # noqa: ANN401 - a module
    try:
        engine: Engine = sql.create_engine(url)
    except ImportError as error:
        raise ToolMissing(
            f"the driver of this database is not installed: {error}",
            where="--store",
            fix="pip install it, or use sqlite:///metrics.sqlite3",
        ) from error
    except sql.exc.ArgumentError as error:
        raise UsageError(
            "is not a database URL", where="--store", fix="write it as sqlite:///metrics.sqlite3"
        ) from error
    return engine


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
