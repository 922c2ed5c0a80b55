"""What is removed when its time is over: data, never hashes, so that the chain still holds and says what was there."""

from datetime import datetime, timedelta

import sqlalchemy as sql
from sqlalchemy import ColumnElement, Connection

from ci_factory.metrics.storing.appending import Appender, Item, stamp
from ci_factory.metrics.storing.chain import written
from ci_factory.metrics.storing.schema import record
from ci_factory.metrics.storing.values import PROMPT, RETENTION, Pruned


def prune(connection: Connection, now: datetime, prompts: timedelta, records: timedelta) -> Pruned:
    """Empty what was recorded longer ago than that, and record it; nothing is recorded where nothing was removed."""
    return Pruned(
        _removed(connection, now, PROMPT, record.c.kind == PROMPT, min(prompts, records)),
        _removed(connection, now, "", record.c.kind.not_in((PROMPT, RETENTION)), records),
    )


def _removed(
    connection: Connection, now: datetime, kind: str, chosen: ColumnElement[bool], age: timedelta
) -> int:
    before = stamp(now - age)
    done = connection.execute(
        sql.update(record)
        .where(chosen, record.c.data.is_not(None), record.c.recorded_at < before)
        .values(data=None)
    )
    if done.rowcount:
        said = Item(RETENTION, f"{kind or 'records'} {before}", written({"before": before, "kind": kind}))
        Appender(connection, now).differing("", [said])
    return done.rowcount
