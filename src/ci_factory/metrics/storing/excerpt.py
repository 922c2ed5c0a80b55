"""A project's facts out of the store as a history: all of them, or the newest nights, as all would not fit in memory."""

from collections.abc import Collection, Iterable, Iterator

import sqlalchemy as sql
from sqlalchemy import ColumnElement, Connection

from ci_factory.metrics.facts import BatchFact, History
from ci_factory.metrics.storing import reading
from ci_factory.metrics.storing.rows import KEYS, history_of, parsed
from ci_factory.metrics.storing.schema import record

_OF_A_NIGHT = ("attempts", "gates", "escalations", "predictions")
_KEYS_AT_ONCE = 500


def everything(connection: Connection, project: str) -> History:
    """All facts of a project."""
    return history_of({kind: _texts(connection, kind, project) for kind in KEYS})


def newest_nights(connection: Connection, project: str, count: int) -> History:
    """The newest batches and all that belongs to them, merge requests that are open, and questions that wait.

    Everything, where there are no more batches than that.
    """
    nights = history_of({"batches": _texts(connection, "batches", project)}).batches
    if len(nights) <= count:
        return everything(connection, project)
    newest = sorted(nights, key=lambda night: (night.created_at, night.id))[len(nights) - count :]
    return _Excerpt(connection, project, newest).history()


class _Excerpt:
    def __init__(self, connection: Connection, project: str, nights: Collection[BatchFact]) -> None:
        self._connection, self._project = connection, project
        self._ids = {night.id for night in nights}
        self._planned = set(_named(nights))

    def history(self) -> History:
        """What is told."""
        found = history_of(
            {kind: self._read(kind, _within(self._ids)) for kind in _OF_A_NIGHT}
            | {"batches": self._keyed("batches", self._ids), "merge_requests": self._requests()}
        )
        waiting = history_of({"escalations": self._waiting()}).escalations
        asked = {each.ticket for each in found.merge_requests} | {each.ticket for each in waiting}
        others = history_of(
            {
                "tickets": self._keyed("tickets", self._planned | asked),
                "aftermath": self._keyed("aftermath", {str(each.iid) for each in found.merge_requests}),
            }
        )
        return found.model_copy(
            update={
                "escalations": (*waiting, *found.escalations),
                "tickets": others.tickets,
                "aftermath": others.aftermath,
            }
        )

    def _requests(self) -> Iterator[str]:
        for text in self._read("merge_requests"):
            data = parsed(text)
            of_a_night = data.get("batch") in self._ids or data.get("ticket") in self._planned
            if of_a_night or data.get("state") == "opened":
                yield text

    def _waiting(self) -> Iterator[str]:
        """Questions of earlier nights that still wait."""
        for text in self._read("escalations"):
            data = parsed(text)
            if data.get("waiting") and data.get("batch") not in self._ids:
                yield text

    def _keyed(self, kind: str, keys: Collection[str]) -> Iterator[str]:
        ordered = sorted(keys)
        for start in range(0, len(ordered), _KEYS_AT_ONCE):
            yield from self._read(kind, record.c.key.in_(ordered[start : start + _KEYS_AT_ONCE]))

    def _read(self, kind: str, *where: ColumnElement[bool]) -> Iterator[str]:
        return _texts(self._connection, kind, self._project, *where)


def _texts(connection: Connection, kind: str, project: str, *where: ColumnElement[bool]) -> Iterator[str]:
    return (text for _, text in reading.texts(connection, kind, (project,), *where))


def _within(batches: Iterable[str]) -> ColumnElement[bool]:
    """Keys that begin with one of these batches; `0` is the character after the slash."""
    return sql.or_(
        sql.false(),
        *((record.c.key > f"{batch}/") & (record.c.key < f"{batch}0") for batch in sorted(batches)),
    )


def _named(nights: Iterable[BatchFact]) -> Iterator[str]:
    for night in nights:
        yield from (each.ticket for each in night.planned)
        yield from (each.ticket_id for each in night.left_out)
