"""The database of raw facts."""

import sys
from pathlib import Path

import pytest

from ci_factory.errors import ArtifactError, ToolMissing, UsageError
from ci_factory.metrics.facts import History
from ci_factory.metrics.store import load, save

sqlalchemy = pytest.importorskip("sqlalchemy", reason="SQLAlchemy (extra `metrics`) is not installed")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'facts.sqlite3'}"


def rows(url: str, text: str) -> list[tuple[object, ...]]:
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        result = connection.execute(sqlalchemy.text(text))
        found = [tuple(row) for row in result] if result.returns_rows else []
    engine.dispose()
    return found


def contents(history: History) -> dict[str, list[str]]:
    kinds = [kind for kind in History.model_fields if kind != "unreadable"]
    return {kind: sorted(fact.model_dump_json() for fact in getattr(history, kind)) for kind in kinds}


def test_what_was_saved_is_loaded(night: History, url: str) -> None:
    """Facts come back from the database as they were."""
    save(night, url)
    assert contents(load(url)) == contents(night)


def test_saving_again_adds_nothing(night: History, url: str) -> None:
    """The same facts saved twice are there once."""
    first, second = save(night, url), save(night, url)
    assert (first.added, second.added) == (first.seen, 0)
    assert rows(url, "SELECT count(*) FROM ci_factory_fact") == [(first.seen,)]


def test_a_change_is_a_new_row(night: History, url: str) -> None:
    """A fact that changes, and changes back, keeps every old row, and the newest counts."""
    changed = night.tickets[0].model_copy(update={"title": "Another title"})
    other = night.model_copy(update={"tickets": (changed, *night.tickets[1:])})
    added = [save(history, url).added for history in (night, other, night)]
    assert added[1:] == [1, 1]
    assert contents(load(url)) == contents(night)
    assert rows(url, "SELECT revision FROM ci_factory_fact WHERE kind='tickets' AND key='T-01' ORDER BY 1") == [
        (1,), (2,), (3,),
    ]  # fmt: skip


def test_without_sqlalchemy_it_says_what_to_install(
    night: History, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the base install the store names the extra to install."""
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(ToolMissing, match=r"pip install 'ci-factory\[metrics\]'"):
        save(night, url)


@pytest.mark.parametrize("bad", ["metrics.db", "sqlite:////nowhere/at/all/x.sqlite3"])
def test_a_bad_url_is_a_usage_error(night: History, bad: str) -> None:
    """What is no URL, or can't be opened, is one message with a fix."""
    with pytest.raises(UsageError, match="fix:"):
        save(night, bad)


def test_a_missing_driver_is_named(night: History) -> None:
    """A database whose driver is missing is an installation matter."""
    with pytest.raises(ToolMissing, match="driver"):
        save(night, "mysql+mysqldb://user:hunter2@localhost/x")


def test_a_later_schema_is_refused(night: History, url: str) -> None:
    """A database made by a later version is left alone."""
    save(night, url)
    rows(url, "UPDATE ci_factory_schema SET version = 99")
    with pytest.raises(UsageError, match="schema 99"):
        save(History(), url)


def test_a_damaged_row_is_told(night: History, url: str) -> None:
    """A row that is no fact is an error on loading, not a silent gap."""
    save(night, url)
    rows(url, "UPDATE ci_factory_fact SET data = '{\"id\": 1}' WHERE key = 'T-01' AND kind = 'tickets'")
    with pytest.raises(ArtifactError, match="can't be read"):
        load(url)
