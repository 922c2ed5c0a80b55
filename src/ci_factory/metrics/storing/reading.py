"""Facts out of the store: the newest revision of each, one after the other."""

from collections.abc import Collection, Iterator

import sqlalchemy as sql
from sqlalchemy import ColumnElement, Connection

from ci_factory.metrics.storing import rows
from ci_factory.metrics.storing.appending import GONE
from ci_factory.metrics.storing.chain import Link
from ci_factory.metrics.storing.engine import streamed
from ci_factory.metrics.storing.schema import record
from ci_factory.model.base import Json

_LATER = record.alias()


def facts(
    connection: Connection, kind: str, projects: Collection[str] | None = None
) -> Iterator[tuple[str, dict[str, Json]]]:
    """(project, data) of every fact of a kind that still is, in no order.

    Raises:
        ArtifactError: a row's data are no fact.
    """
    whole = rows.reader(kind)
    try:
        for project, text in texts(connection, kind, projects):
            yield project, whole(text)
    except (ValueError, TypeError) as error:
        raise rows.unreadable(error) from error


def texts(
    connection: Connection, kind: str, projects: Collection[str] | None = None, *where: ColumnElement[bool]
) -> Iterator[tuple[str, str]]:
    """(project, data as they are written) of the same facts."""
    chosen = [*where] if projects is None else [record.c.project.in_(projects), *where]
    known = (record.c.data.is_not(None), record.c.data != GONE)
    statement = sql.select(record.c.project, record.c.data)
    return streamed(connection, statement.where(record.c.kind == kind, _newest(), *known, *chosen))


def links(connection: Connection, *where: ColumnElement[bool]) -> Iterator[Link]:
    """Records as they stand, in the order of the chain."""
    statement = sql.select(record).where(*where).order_by(record.c.seq)
    return (Link(*row) for row in streamed(connection, statement))


def _newest() -> ColumnElement[bool]:
    same = (record.c.kind, record.c.project, record.c.key)
    later = (_LATER.c.kind, _LATER.c.project, _LATER.c.key)
    return ~sql.exists(
        sql.select(_LATER.c.seq).where(
            *(one == other for one, other in zip(later, same, strict=True)),
            _LATER.c.revision == record.c.revision + 1,
        )
    )
