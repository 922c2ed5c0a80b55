"""A store that came out of an artifact: anybody could have written the file."""

import contextlib
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ci_factory.errors import ArtifactError
from ci_factory.metrics import storing
from ci_factory.metrics.facts import History

pytest.importorskip("sqlalchemy", reason="SQLAlchemy (extra `metrics`) is not installed")
VERSION_1 = Path(__file__).parents[1] / "data" / "metrics" / "store-1.sqlite3"


@pytest.fixture
def file(tmp_path: Path, night: History) -> Path:
    path = tmp_path / "store.sqlite3"
    with storing.opened(f"sqlite:///{path}") as store:
        store.save(night, "warehouse")
        store.record("warehouse", "event", [("1", {})])
    return path


def test_a_good_store_is_sound(file: Path) -> None:
    """A store as it was left is sound, and its head is told; one of the first release is brought up to date."""
    with storing.opened(f"sqlite:///{file}") as store:
        assert storing.sound(file) == store.head()
    shutil.copy(VERSION_1, file)
    assert storing.sound(file).seq == 101


BAD: dict[str, tuple[str, str]] = {
    "a trigger": ("CREATE TRIGGER t AFTER INSERT ON ci_factory_record BEGIN DELETE FROM ci_factory_record; END", "holds a trigger"),
    "a view": ("CREATE VIEW v AS SELECT 1", "holds a view"),
    "a view in place of a table": ("DROP TABLE ci_factory_mark; CREATE VIEW ci_factory_mark AS SELECT 1 project, 2 name, 3 value", "holds a view"),
    "another table": ("CREATE TABLE other (x)", "holds a table"),
    "an index of a function": ("CREATE INDEX i ON ci_factory_mark (upper(name))", "holds a index"),
    "a virtual table": ("CREATE VIRTUAL TABLE other USING fts5(x)", "holds a table"),
    "another column": ("ALTER TABLE ci_factory_record ADD COLUMN x", "other columns"),
    "a computed column": ("ALTER TABLE ci_factory_mark ADD COLUMN x AS (upper(name))", "other columns"),
    "another version": ("UPDATE ci_factory_schema SET version = 3", "schema 3"),
    "no schema": ("DROP TABLE ci_factory_schema", "nothing was collected"),
    "no records": ("DROP TABLE ci_factory_record", "can't be (used|read)"),
    "a changed fact": ("UPDATE ci_factory_record SET data = '{}' WHERE seq = 5", "tampered"),
    "a blob": ("UPDATE ci_factory_record SET project = x'00' WHERE seq = 5", "tampered"),
    "a false number": ("UPDATE ci_factory_record SET revision = 'one' WHERE seq = 5", "tampered"),
}  # fmt: skip


@pytest.mark.parametrize("how", BAD)
def test_what_is_none_of_ours_is_refused(file: Path, how: str) -> None:
    """Anything that runs, other tables, another schema, and rows that do not hold are told, and never raise otherwise."""
    statement, expected = BAD[how]
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(statement)
    with pytest.raises(ArtifactError, match=expected):
        storing.sound(file)


def test_facts_are_read_before_a_store_is_believed(file: Path) -> None:
    """A whole chain about a fact that is none is refused: whoever made it up knows how to make a chain."""
    with storing.opened(f"sqlite:///{file}") as store, store._appending() as appender:  # noqa: SLF001 - no door does this
        from ci_factory.metrics.storing.appending import Item

        appender.differing("warehouse", [Item("tickets", "T-1", '{"id": "../x"}')])
    with storing.opened(f"sqlite:///{file}") as store:
        assert store.verify() == ()
    with pytest.raises(ArtifactError, match="can't be read"):
        storing.sound(file)


@pytest.mark.parametrize(
    "data", [b"", b"#!/bin/sh\n", b"SQLite format 3\0", b"SQLite format 3\0" + b"\xff" * 4096]
)
def test_what_is_no_database_is_refused(tmp_path: Path, data: bytes) -> None:
    """No file of SQLite, or only the beginning of one."""
    path = tmp_path / "x.sqlite3"
    path.write_bytes(data)
    with pytest.raises(ArtifactError):
        storing.sound(path)


@given(flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=20))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_pages_never_crash(file: Path, flips: list[tuple[int, int]]) -> None:
    """Bytes changed anywhere in the file: it is sound, or an error with a name."""
    data, path = bytearray(file.read_bytes()), file.with_name("damaged.sqlite3")
    for place, value in flips:
        data[place % len(data)] = value
    path.write_bytes(data)
    with contextlib.suppress(ArtifactError):
        assert storing.sound(path).seq >= 0
