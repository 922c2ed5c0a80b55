"""The stand-in's data: one SQLite file, short transactions, one clock."""

import contextlib
import queue
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.gitlab_standin import refs

Row = sqlite3.Row
_SCHEMA = Path(__file__).with_name("schema.sql")
_BUSY_SECONDS = 30.0


def stamp(moment: datetime) -> str:
    """A moment as GitLab writes it, which also sorts as text."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def moment(text: str) -> datetime:
    """A moment from any ISO 8601 text; one without a zone is UTC.

    Raises:
        ValueError: it is none.
    """
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


class Clock:
    """Real time, or one moment until it is set again."""

    def __init__(self) -> None:
        self._fixed: datetime | None = None

    def set(self, fixed: datetime | None) -> None:
        """Stand at a moment; `None` goes on with real time."""
        self._fixed = fixed

    def now(self) -> datetime:
        """The moment that everything written now is stamped with."""
        return self._fixed or datetime.now(UTC)


AllBranches = dict[Path, refs.Branches]


@dataclass(frozen=True)
class Earlier:
    """A state that is no more: a connection that still sees it, and where the branches were."""

    connection: sqlite3.Connection
    branches: AllBranches


class Db:
    """One connection inside one transaction."""

    def __init__(self, connection: sqlite3.Connection, clock: Clock) -> None:
        self.connection = connection
        self.clock = clock

    @property
    def now(self) -> str:
        """The moment as text."""
        return stamp(self.clock.now())

    def one(self, sql: str, *values: Any) -> Row | None:
        """The first row, or `None`."""
        row: Row | None = self.connection.execute(sql, values).fetchone()
        return row

    def get(self, sql: str, *values: Any) -> Row:
        """The first row, which is known to exist."""
        row = self.one(sql, *values)
        if row is None:
            raise LookupError(sql, values)
        return row

    def all(self, sql: str, *values: Any) -> list[Row]:
        """Every row."""
        return self.connection.execute(sql, values).fetchall()

    def value(self, sql: str, *values: Any) -> Any:
        """The first column of the first row, or `None`."""
        row = self.one(sql, *values)
        return None if row is None else row[0]

    def run(self, sql: str, *values: Any) -> int:
        """Change rows; how many."""
        return self.connection.execute(sql, values).rowcount

    def insert(self, table: str, **values: Any) -> int:
        """Add one row; its id."""
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        sql = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - names are our own words
        return int(self.connection.execute(sql, tuple(values.values())).lastrowid or 0)

    def update(self, table: str, row_id: int, **values: Any) -> None:
        """Change one row by its id."""
        names = ", ".join(f"{name} = ?" for name in values)
        self.run(f"UPDATE {table} SET {names} WHERE id = ?", *values.values(), row_id)  # noqa: S608 - the same


class Store:
    """The file, and a pool of connections to it; writers take turns."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = Clock()
        self._path = folder / "gitlab.sqlite"
        self._pool: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._writer = threading.RLock()
        self._earlier: Earlier | None = None
        self.keep_earlier = False
        """Whether the state before the last write is kept, for stale reads."""
        (folder / "repositories").mkdir(parents=True, exist_ok=True)
        new = not self._path.exists()
        with self._connection() as connection:
            if new:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.executescript(f"BEGIN;{_SCHEMA.read_text(encoding='utf-8')}COMMIT;")

    def repository(self, project_id: int) -> Path:
        """The bare repository of a project."""
        return self.folder / "repositories" / f"{project_id}.git"

    @contextlib.contextmanager
    def reading(self) -> Iterator[Db]:
        """One consistent state, as it is now."""
        with self._connection() as connection, _transaction(connection, "BEGIN"):
            yield Db(connection, self.clock)

    @contextlib.contextmanager
    def writing(self, branches: AllBranches | None = None) -> Iterator[Db]:
        """All or nothing; one writer at a time. `branches`: where they were, when git has moved them already."""
        with self._writer, self._connection() as connection:
            earlier = self._pin(branches or self.all_branches()) if self.keep_earlier else None
            with _transaction(connection, "BEGIN IMMEDIATE"):
                before = connection.total_changes
                yield Db(connection, self.clock)
            self._remember(earlier, changed=connection.total_changes != before)

    @contextlib.contextmanager
    def reading_earlier(self) -> Iterator[tuple[Db, AllBranches | None]]:
        """The state before the last write since `keep_earlier`; the present one if there was none."""
        with self._writer:
            if self._earlier is None:
                with self.reading() as db:
                    yield db, None
            else:
                yield Db(self._earlier.connection, self.clock), self._earlier.branches

    def all_branches(self) -> AllBranches:
        """Every branch of every repository."""
        return {path: refs.branches(path) for path in (self.folder / "repositories").iterdir()}

    def forget_earlier(self) -> None:
        """Keep no earlier state any more."""
        with self._writer:
            self.keep_earlier = False
            self._remember(None, changed=True)

    def _pin(self, branches: AllBranches) -> Earlier:
        connection = self._open()
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM user").fetchone()  # the snapshot starts with the first read
        return Earlier(connection, branches)

    def _remember(self, earlier: Earlier | None, *, changed: bool) -> None:
        gone = self._earlier if changed else earlier
        if changed:
            self._earlier = earlier
        if gone is not None:
            gone.connection.close()

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._pool.get_nowait()
        except queue.Empty:
            connection = self._open()
        try:
            yield connection
        finally:
            self._pool.put(connection)

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = Row
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA foreign_keys = ON")
        return connection


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
