"""Prompts in the store: what agents were told, found by the hash that every attempt's fact has."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager

import sqlalchemy as sql
from sqlalchemy import Connection

from ci_factory.metrics.storing.appending import Appender, Item
from ci_factory.metrics.storing.chain import written
from ci_factory.metrics.storing.rows import parsed
from ci_factory.metrics.storing.schema import record
from ci_factory.metrics.storing.values import PROMPT, Prompt
from ci_factory.model.redaction import redact
from ci_factory.system import ci_env

LONGEST = 64 * 1024
"""Characters of a prompt that are kept."""


class Prompts:
    """A view of the store."""

    def __init__(
        self,
        reading: Callable[[], AbstractContextManager[Connection]],
        appending: Callable[[], AbstractContextManager[Appender]],
    ) -> None:
        """Over the store's transactions."""
        self._reading, self._appending = reading, appending

    def put(self, project: str, texts: Iterable[tuple[str, str]]) -> int:
        """Keep (hash, text) of each, without secrets and cut to `LONGEST`; returns how many were new.

        One whose text retention has removed stays without it.
        """
        secrets = ci_env.secrets()
        with self._appending() as appender:
            appender.new(
                project,
                (
                    Item(PROMPT, digits(known), written({"text": redact(text, secrets)[:LONGEST]}))
                    for known, text in texts
                ),
            )
            return appender.added

    def get(self, known: str) -> Prompt | None:
        """A prompt by its hash, as facts have it (`v2:` and 64 digits) or without the version; `None`: never seen."""
        rows = sql.select(record.c.key, record.c.data, record.c.recorded_at)
        found = rows.where(record.c.kind == PROMPT, record.c.key == digits(known)).order_by(record.c.seq)
        with self._reading() as connection:
            row = connection.execute(found.limit(1)).first()
        if row is None:
            return None
        return Prompt(row.key, None if row.data is None else str(parsed(row.data)["text"]), row.recorded_at)


def digits(known: str) -> str:
    """The SHA-256 in a prompt's hash."""
    return known.rpartition(":")[2]
