"""The store: facts and events of several projects in one chain, read as the newest of each.

Every door runs in a transaction of its own. Those that write wait for each other, so the chain never forks.
"""

import gc
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from typing import Self

import sqlalchemy as sql
from pydantic_core import from_json
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from ci_factory.errors import ArtifactError, FactoryError, UsageError
from ci_factory.metrics import gathering
from ci_factory.metrics.facts import History
from ci_factory.metrics.sample import Sample
from ci_factory.metrics.storing import (
    appending,
    chain,
    engine,
    excerpt,
    migrations,
    packed,
    reading,
    retention,
    rows,
)
from ci_factory.metrics.storing.appending import Appender, Item
from ci_factory.metrics.storing.prompts import Prompts
from ci_factory.metrics.storing.schema import mark, record
from ci_factory.metrics.storing.values import Entry, Head, Pruned, Saved
from ci_factory.model.base import Json
from ci_factory.model.metrics_settings import MetricsConfig
from ci_factory.system.clock import Clock


class Store:
    """Facts that were saved, events that were recorded, and the proof that none of them was changed.

    A database that fails while it is read or written raises `FactoryError`; what was being written is then not there.
    """

    def __init__(self, url: str, clock: Clock, *, create: bool = True) -> None:
        """Open it, make it when `create` is set, and bring an older schema to the present one.

        Raises:
            ToolMissing: PostgreSQL's driver is not installed.
            UsageError: the URL is none of ours, the database can't be opened, or its schema is not known.
            ArtifactError: a store of an older schema is damaged.
        """
        self._clock, self._engine = clock, engine.opened(url, create=create)
        try:
            migrations.prepare(self._engine, clock.now(), create=create)
        except SQLAlchemyError as error:
            self.close()
            raise UsageError(
                f"the database can't be used: {engine.said(error)}",
                where="--store",
                fix="check the URL and its rights",
            ) from error
        except FactoryError:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def save(self, history: History, project: str, *, complete: bool = False) -> Saved:
        """Add what the store does not know yet, in one transaction; saving the same again adds nothing.

        `complete`: the history is all there is, so what it lacks is no more (a merge request that was deleted): reading
        passes it over from then on.

        Raises:
            ValueError: a key is longer than 500 characters.
        """
        kept: dict[str, set[str]] = {kind: set() for kind in rows.KEYS}

        def items() -> Iterator[Item]:
            for fact in rows.facts_of(history):
                kept[fact.kind].add(fact.key)
                yield Item(*fact)

        with self._writing() as connection:
            appender = Appender(connection, self._clock.now())
            seen = appender.differing(project, items())
            if complete:
                appender.differing(project, appending.withdrawn(connection, project, kept))
            return Saved(seen, appender.added)

    def record(self, project: str, kind: str, entries: Iterable[tuple[str, Json]]) -> int:
        """Add raw events, (key, data) each; those whose key is there already are passed over. Returns how many were added.

        Raises:
            ValueError: the kind is one of facts, a key is too long, or data are no JSON.
        """
        if kind in rows.KEYS:
            msg = f"{kind} are facts: save them"
            raise ValueError(msg)
        with self._writing() as connection:
            appender = Appender(connection, self._clock.now())
            appender.new(project, (Item(kind, key, chain.written(data)) for key, data in entries))
            return appender.added

    def projects(self) -> tuple[str, ...]:
        """Projects that facts are known of, sorted."""
        known = sql.select(record.c.project).where(record.c.kind.in_(rows.KEYS)).distinct()
        with self._reading() as connection:
            return tuple(sorted(connection.execute(known).scalars()))

    def load(self, project: str | None = None, newest_batches: int | None = None) -> History:
        """What is known of one project: the one of the newest batch unless it is said; everything, or the newest nights.

        With `newest_batches` also what is still open: merge requests, and questions that wait.

        Raises:
            ArtifactError: a row is not a fact of this version.
        """
        with self._reading() as connection:
            name = _told(connection) if project is None else project
            with _without_collector():
                if newest_batches is None:
                    return excerpt.everything(connection, name)
                return excerpt.newest_nights(connection, name, newest_batches)

    def read(self, kind: str) -> Iterator[tuple[str, Mapping[str, Json]]]:
        """(project, data) of the newest revision of every fact of a kind, in no order; some thousand in memory at a time.

        Raises:
            ArtifactError: a row's data are no fact.
        """
        with self._reading() as connection:
            yield from reading.facts(connection, kind)

    def sample(self, projects: Collection[str] | None = None) -> Sample:
        """The rows of statistics, of some projects or of all, as the store was at one moment.

        Raises:
            ArtifactError: a row is not a fact of this version.
        """
        with self._reading() as connection, _without_collector():
            if projects is None and (kept := packed.read(connection, appending.head(connection))):
                return kept
            return _gathered(connection, projects)

    def keep_rows(self) -> None:
        """Keep the rows of statistics for whoever asks for them next; worth it after the last write of a run.

        Raises:
            ArtifactError: a row is not a fact of this version.
        """
        with self._reading() as connection, _without_collector():
            head = appending.head(connection)
            found = packed.read(connection, head) or _gathered(connection, None)
        with self._writing() as connection:
            packed.write(connection, head, found)

    def forget_rows(self) -> None:
        """Let go of kept rows, such as those of a store that came from elsewhere: no chain says that they are true."""
        with self._writing() as connection:
            packed.forget(connection)

    def entries(self, project: str | None = None, kind: str | None = None, after: int = 0) -> Iterator[Entry]:
        """Records behind number `after` in the order of the chain, of one project and kind or of all.

        Raises:
            ArtifactError: a row is none that this program wrote.
        """
        chosen = [record.c.seq > after]
        chosen += [] if project is None else [record.c.project == project]
        chosen += [] if kind is None else [record.c.kind == kind]
        with self._reading() as connection:
            for row in reading.links(connection, *chosen):
                yield _entry(row)

    def verify(self, anchors: Sequence[Head] = ()) -> tuple[str, ...]:
        """What is wrong with the chain, in words: nothing when no record was changed, removed, put in or moved.

        `anchors`, heads that were written down elsewhere, also show a tail that was cut, or a chain that was written anew.
        Of a chain that holds, the kept rows of statistics are compared with its records too.
        """
        with self._reading() as connection:
            return chain.faults(reading.links(connection), anchors) or _copied(connection)

    def head(self) -> Head:
        """The newest record."""
        with self._reading() as connection:
            return appending.head(connection)

    def marks(self, project: str) -> dict[str, str]:
        """What the collector noted for its next run."""
        with self._reading() as connection:
            noted = connection.execute(sql.select(mark.c.name, mark.c.value).where(mark.c.project == project))
            return {row.name: row.value for row in noted}

    def keep_marks(self, project: str, marks: Mapping[str, str]) -> None:
        """Note this and nothing else."""
        with self._writing() as connection:
            connection.execute(mark.delete().where(mark.c.project == project))
            noted = [
                {"project": project, "name": name, "value": value} for name, value in sorted(marks.items())
            ]
            if noted:
                connection.execute(mark.insert(), noted)

    def prune(self, now: datetime, settings: MetricsConfig) -> Pruned:
        """Remove the data of prompts and records whose time is over; their hashes stay, and a record says what was done."""
        with self._writing() as connection:
            return retention.prune(
                connection, now, timedelta(days=settings.prompt_days), timedelta(days=settings.record_days)
            )

    @property
    def prompts(self) -> Prompts:
        """What agents were told, by hash."""
        return Prompts(self._reading, self._appending)

    @contextmanager
    def _appending(self) -> Iterator[Appender]:
        with self._writing() as connection:
            yield Appender(connection, self._clock.now())

    def _reading(self) -> AbstractContextManager[Connection]:
        return _guarded(lambda: engine.reading(self._engine), "the store can't be read", "check the database")

    def _writing(self) -> AbstractContextManager[Connection]:
        fix = "run again, or check the database and your rights there"
        return _guarded(lambda: engine.writing(self._engine), "nothing was stored", fix)


@contextmanager
def _guarded(
    opened: Callable[[], AbstractContextManager[Connection]], what: str, fix: str
) -> Iterator[Connection]:
    """A transaction whose errors are ours."""
    try:
        with opened() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise FactoryError(f"{what}: {engine.said(error)}", where="--store", fix=fix) from error


@contextmanager
def _without_collector() -> Iterator[None]:
    """A million rows that are kept make Python look for cycles among them again and again; there are none."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _gathered(connection: Connection, projects: Collection[str] | None) -> Sample:
    try:
        return gathering.gather(lambda kind: reading.facts(connection, kind, projects))
    except (KeyError, TypeError, ValueError) as error:
        raise rows.unreadable(error) from error


def _copied(connection: Connection) -> tuple[str, ...]:
    """What is wrong with the kept rows, in words; they come in any order."""
    kept = packed.read(connection, appending.head(connection))
    if kept is None or all(
        Counter(ours) == Counter(theirs)
        for ours, theirs in zip(kept, _gathered(connection, None), strict=True)
    ):
        return ()
    return ("the kept rows of statistics are not those of the records: empty the table ci_factory_rows",)


def _told(connection: Connection) -> str:
    """The project of the newest batch; without batches the first that anything is known of."""
    nights = [(data["created_at"], data["id"], name) for name, data in reading.facts(connection, "batches")]
    if nights:
        return max(nights)[2]
    first = sql.select(sql.func.min(record.c.project)).where(record.c.kind.in_(rows.KEYS))
    return connection.execute(first).scalar() or ""


def _entry(row: chain.Link) -> Entry:
    try:
        data = None if row.data is None else from_json(row.data)
    except (ValueError, TypeError) as error:
        raise ArtifactError(
            f"record {row.seq} is damaged", where="--store", fix="see what verifying says, restore a copy"
        ) from error
    return Entry(*row[:5], data, *row[6:])
