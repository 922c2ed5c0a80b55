"""Earlier schemas brought to the present one, and kills in the midst of it: the old store whole, or the new one."""

import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from ci_factory.errors import ArtifactError, UsageError
from ci_factory.metrics import storing
from ci_factory.metrics.facts import History

pytest.importorskip("sqlalchemy", reason="SQLAlchemy (extra `metrics`) is not installed")
VERSION_1 = Path(__file__).parents[1] / "data" / "metrics" / "store-1.sqlite3"
"""Written by the first release: the made night, with a ticket that was saved anew with another title."""
FACTS = 101
KILLER = """
import os, shutil, signal, sys
from datetime import UTC, datetime
from pathlib import Path
import sqlalchemy
from ci_factory.metrics import storing
from ci_factory.metrics.facts import History
from ci_factory.metrics.storing import store  # once, before the forks
from ci_factory.system.clock import ManualClock

old, place, facts = map(Path, sys.argv[1:])
history = History.model_validate_json(facts.read_bytes())

def forked(number):
    path, seen = place / f"{number}.sqlite3", 0
    shutil.copy(old, path)
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    def count(*_):
        nonlocal seen
        seen += 1
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)
    for event in ("before_cursor_execute", "commit"):
        sqlalchemy.event.listen(sqlalchemy.Engine, event, count)
    with storing.opened(f"sqlite:///{path}", clock=ManualClock(datetime(2026, 11, 20, tzinfo=UTC))) as opened:
        opened.save(history, "warehouse")
    os._exit(0)

number = 1
while forked(number):
    number += 1
print(number)
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "old.sqlite3"
    shutil.copy(VERSION_1, path)
    return path


def raw(path: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(statement).fetchall()


def is_whole(path: Path, night: History) -> None:
    with storing.opened(f"sqlite:///{path}", create=False) as store:
        assert store.verify() == ()
        assert store.head().seq == FACTS
        assert store.projects() == ("warehouse",)
        found = store.load()
        assert found.tickets[0].title == "Another title"
        assert found.tickets[1:] == tuple(sorted(night.tickets, key=lambda each: each.id))[1:]
        assert found.merge_requests == night.merge_requests
        assert len(found.gates) == len(night.gates)


def test_a_store_of_version_1_is_taken_over(old: Path, night: History) -> None:
    """Every fact and every revision of the first release is there, and the same facts saved again are known."""
    is_whole(old, night)
    assert raw(old, "SELECT version FROM ci_factory_schema") == [(2,)]
    assert raw(old, "SELECT name FROM sqlite_master WHERE name = 'ci_factory_fact'") == []
    with storing.opened(f"sqlite:///{old}") as store:
        assert store.save(night, "warehouse").added == 1, "but the ticket with another title"


def test_a_kill_at_any_statement_loses_nothing(old: Path, tmp_path: Path, night: History) -> None:
    """Killed before any statement or commit of a migration and a save, a store is as it was before one, or after it."""
    facts = tmp_path / "facts.json"
    facts.write_text(night.model_dump_json(), encoding="utf-8")
    words = [sys.executable, "-W", "ignore", "-c", KILLER, str(old), str(tmp_path), str(facts)]
    kills = int(subprocess.run(words, capture_output=True, text=True, check=True).stdout) - 1
    found = [_left(tmp_path / f"{number}.sqlite3") for number in range(1, kills + 2)]
    assert found == sorted(found)
    assert set(found) == {(1, FACTS), (2, FACTS), (2, FACTS + 1)}
    assert found.count((1, FACTS)) > 10
    for number in (1, found.count((1, FACTS)), found.count((1, FACTS)) + 1, found.index((2, FACTS + 1))):
        is_whole(tmp_path / f"{number}.sqlite3", night)


def _left(path: Path) -> tuple[int, int]:
    """Version of the schema, and how many facts are there."""
    ((version,),) = raw(path, "SELECT version FROM ci_factory_schema")
    table = {1: "ci_factory_fact", 2: "ci_factory_record"}[int(str(version))]
    ((facts,),) = raw(path, f"SELECT count(*) FROM {table}")  # noqa: S608 - one of two
    return int(str(version)), int(str(facts))


def test_two_that_migrate_at_once_do_it_once(old: Path, night: History) -> None:
    """Who waits for the other's migration finds it done."""
    openers = [threading.Thread(target=lambda: storing.opened(f"sqlite:///{old}").close()) for _ in range(3)]
    for opener in openers:
        opener.start()
    for opener in openers:
        opener.join()
    is_whole(old, night)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ci_factory_fact SET data = '{}' WHERE key = 'T-03'",
        "UPDATE ci_factory_fact SET data = x'ff' WHERE kind = 'batches'",
    ],
)
def test_a_damaged_old_store_is_left_as_it_is(old: Path, statement: str) -> None:
    """A row that is not what was written stops the migration, and nothing is changed."""
    raw(old, statement)
    before = old.read_bytes()
    with pytest.raises(ArtifactError, match="not what was written"):
        storing.opened(f"sqlite:///{old}")
    assert old.read_bytes() == before


@pytest.mark.parametrize(
    "statement", ["UPDATE ci_factory_schema SET version = 'two'", "INSERT INTO ci_factory_schema VALUES (2)"]
)
def test_a_schema_without_one_version_is_refused(old: Path, statement: str) -> None:
    """Nobody knows what such a database is."""
    raw(old, statement)
    with pytest.raises(UsageError, match="no single version"):
        storing.opened(f"sqlite:///{old}")


def test_a_first_release_killed_before_it_wrote_its_version_is_taken_over(old: Path, night: History) -> None:
    """Tables without a version are of the first release, which made them in two steps."""
    raw(old, "DELETE FROM ci_factory_schema")
    is_whole(old, night)
