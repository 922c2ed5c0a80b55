"""The store of facts, on SQLite and on a real PostgreSQL server."""

import json
import sys
import threading
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ci_factory.errors import ArtifactError, FactoryError, ToolMissing, UsageError
from ci_factory.metrics import storing
from ci_factory.metrics.facts import AftermathFact, BatchFact, History
from ci_factory.metrics.gathering import of_history
from ci_factory.metrics.storing import packed, schema
from ci_factory.model.attempt import Usage
from ci_factory.model.forge import MergeRequestState
from ci_factory.model.metrics_settings import MetricsConfig
from ci_factory.system.clock import ManualClock
from tests.metrics import postgresql

sqlalchemy = pytest.importorskip("sqlalchemy", reason="SQLAlchemy (extra `metrics`) is not installed")
PROJECT = "group/warehouse"
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TABLES = ("ci_factory_record", "ci_factory_mark", "ci_factory_rows", "ci_factory_schema", "ci_factory_fact")


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with postgresql.running() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'facts.sqlite3'}"
    server: str = request.getfixturevalue("server")
    rows(server, *(f"DROP TABLE IF EXISTS {table}" for table in TABLES))
    return server


def rows(url: str, *statements: str) -> list[tuple[Any, ...]]:
    """What the last statement gives, past the store."""
    engine = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    found = []
    with engine.begin() as connection:
        for statement in statements:
            result = connection.execute(sqlalchemy.text(statement))
            found = [tuple(row) for row in result] if result.returns_rows else []
    engine.dispose()
    return found


def contents(history: History) -> dict[str, list[str]]:
    kinds = [kind for kind in History.model_fields if kind != "unreadable"]
    return {kind: sorted(fact.model_dump_json() for fact in getattr(history, kind)) for kind in kinds}


def count(history: History) -> int:
    return sum(map(len, contents(history).values()))


@contextmanager
def store_at(url: str, now: datetime = NOON) -> Iterator[Any]:
    with storing.opened(url, clock=ManualClock(now)) as store:
        yield store


def test_what_was_saved_is_loaded(night: History, url: str) -> None:
    """Facts come back from the database as they were, and as rows of statistics."""
    fate = AftermathFact(iid=1, observed_until=NOON, reverted_at=NOON, bugs=("T-99",), churned=3, churn_of=40)
    history = night.model_copy(update={"aftermath": (fate,)})
    with store_at(url) as store:
        store.save(history, PROJECT)
        assert contents(store.load()) == contents(history)
        assert store.sample() == of_history(history, PROJECT)
        kinds = Counter(project for kind in contents(history) for project, _ in store.read(kind))
        assert kinds == {PROJECT: count(history)}


def test_every_kind_of_fact_is_kept() -> None:
    """A kind that is new in a history has to have a key here, else it would be lost without a word."""
    from ci_factory.metrics.storing.rows import KEYS

    assert {*KEYS} == {*History.model_fields} - {"unreadable"}


def test_saving_again_adds_nothing(night: History, url: str) -> None:
    """The same facts saved twice, or by another process, are there once, and the chain stands still."""
    with store_at(url) as store:
        first, head = store.save(night, PROJECT), store.head()
        assert first == (count(night), count(night))
        assert store.save(night, PROJECT).added == 0
    with store_at(url) as store:
        assert store.save(night, PROJECT).added == 0
        assert store.head() == head
        assert head.seq == count(night)


def test_a_change_is_a_new_record(night: History, url: str) -> None:
    """A fact that changes, and changes back, keeps every old record, and the newest counts."""
    changed = night.tickets[0].model_copy(update={"title": "Another title", "usage": Usage(cost_usd=7)})
    other = night.model_copy(update={"tickets": (changed, *night.tickets[1:])})
    with store_at(url) as store:
        added = [store.save(history, PROJECT).added for history in (night, other, night)]
        assert added[1:] == [1, 1]
        assert contents(store.load()) == contents(night)
        titles = [each.data["title"] for each in store.entries(kind="tickets") if each.key == changed.id]
        assert titles == [night.tickets[0].title, "Another title", night.tickets[0].title]
        assert store.verify() == ()


def test_what_is_no_more_is_passed_over(night: History, url: str) -> None:
    """Of a complete history, facts that vanished are withdrawn, keep their records, and may come back."""
    fewer = night.model_copy(update={"merge_requests": night.merge_requests[1:]})
    with store_at(url) as store:
        store.save(night, PROJECT, complete=True)
        assert store.save(fewer, PROJECT).added == 0
        assert [store.save(fewer, PROJECT, complete=True).added for _ in range(2)] == [1, 0]
        assert contents(store.load()) == contents(fewer)
        assert len(store.sample().changes) == len(fewer.merge_requests)
        assert store.save(night, PROJECT, complete=True).added == 1
        assert contents(store.load()) == contents(night)
        assert store.verify() == ()


def test_projects_are_kept_apart(night: History, url: str) -> None:
    """Two projects with the same keys do not touch each other, and can be read alone or together."""
    later = BatchFact.model_validate(night.batches[0].model_dump() | {"created_at": NOON, "project": "other"})
    other = History(tickets=night.tickets[:2], batches=(later,))
    with store_at(url) as store:
        store.save(night, PROJECT)
        store.save(other, "other")
        assert store.projects() == (PROJECT, "other")
        assert contents(store.load(PROJECT)) == contents(night)
        assert contents(store.load()) == contents(other), "the project of the newest batch"
        assert len(store.sample().tasks) == len(night.tickets) + 2
        assert store.sample(["other"]) == of_history(other)
        assert store.save(History(), "other", complete=True).added == 3
        assert store.projects() == (PROJECT, "other")
        assert contents(store.load(PROJECT)) == contents(night)


def test_kept_rows_are_those_of_the_facts(night: History, url: str) -> None:
    """Rows that were kept are read as they would be gathered, and only while the store says the same."""
    with store_at(url) as store:
        store.save(night, PROJECT)
        gathered = store.sample()
        store.keep_rows()
        before = rows(url, "SELECT state FROM ci_factory_rows")
        assert len(before) == len(gathered._fields)
        assert store.sample() == gathered == of_history(night, PROJECT)
        later = night.model_copy(update={"merge_requests": night.merge_requests[:1]})
        store.save(later, PROJECT, complete=True)
        assert store.sample() == of_history(later, PROJECT)
        store.keep_rows()
        assert store.sample() == of_history(later, PROJECT)
        assert not set(before) & set(rows(url, "SELECT state FROM ci_factory_rows"))


def test_kept_rows_that_differ_from_the_records_are_told(night: History, url: str) -> None:
    """Verifying a store also sees a copy that somebody changed behind a chain that holds."""
    with store_at(url) as store:
        store.save(night, PROJECT)
        store.keep_rows()
        assert store.verify() == ()
        forged = store.sample()._replace(tasks=())
        with store._writing() as connection:  # noqa: SLF001 - no door does this
            packed.write(connection, store.head(), forged)
        assert store.sample() == forged
        (said,) = store.verify()
        assert "kept rows of statistics" in said


@pytest.mark.parametrize("data", [b"", b"rubbish", zlib.compress(b"[]")[:-3], zlib.compress(b'{"a": 1}')])
def test_kept_rows_that_are_none_are_gathered_anew(night: History, url: str, data: bytes) -> None:
    """A copy that can't be read, is cut or is something else costs time and nothing more."""
    with store_at(url) as store:
        store.save(night, PROJECT)
        store.keep_rows()
        with store._writing() as connection:  # noqa: SLF001 - no door does this
            connection.execute(schema.packed_rows.update().values(data=data))
        assert store.sample() == of_history(night, PROJECT)
        assert store.verify() == ()


def test_newest_nights_bring_what_is_still_open(night: History, url: str) -> None:
    """Of many nights the newest are loaded whole, and of older ones merge requests that are open and waiting questions."""
    nights = [_renamed(night, number) for number in range(4)]
    closed = {"state": MergeRequestState.CLOSED, "closed_at": NOON}
    first = nights[0].model_copy(
        update={
            "merge_requests": (
                nights[0].merge_requests[0],
                *(each.model_copy(update=closed) for each in nights[0].merge_requests[1:]),
            )
        }
    )
    second = nights[1].model_copy(
        update={
            "merge_requests": tuple(each.model_copy(update=closed) for each in nights[1].merge_requests),
            "escalations": tuple(
                each.model_copy(update={"waiting": False}) for each in nights[1].escalations
            ),
        }
    )
    with store_at(url) as store:
        for history in (first, second, *nights[2:]):
            store.save(history, PROJECT)
        found = store.load(newest_batches=2)
        assert {each.id for each in found.batches} == {
            each.id for each in (*nights[2].batches, *nights[3].batches)
        }
        assert len(found.gates) == 2 * len(night.gates)
        assert len(found.attempts) == 2 * len(night.attempts)
        assert {each.iid for each in found.merge_requests if each.iid < 1000} == {first.merge_requests[0].iid}
        assert [each.ticket for each in found.escalations] == ["N0-T-06", "N2-T-06", "N3-T-06"]
        assert {each.ticket for each in found.merge_requests} <= {each.id for each in found.tickets}
        assert contents(store.load(newest_batches=4)) == contents(store.load())


def _renamed(night: History, number: int) -> History:
    """The same night again, another day, with other tickets."""
    text = (
        night.model_dump_json()
        .replace('"T-', f'"N{number}-T-')
        .replace("2026-11-19T18-00", f"2026-11-1{number}T18-00")
    )
    data = json.loads(text)
    for each in data["merge_requests"]:
        each["iid"] += 1000 * number
    for each in data["batches"]:
        each["created_at"] = f"2026-11-1{number}T17:00:00Z"
    return History.model_validate(data)


def test_events_are_recorded_once(url: str) -> None:
    """A raw event is immutable: one that is there already is passed over, whatever it says now."""
    with store_at(url) as store:
        assert (
            store.record(PROJECT, "forge_event", [("1", {"at": "x"}), ("2", None), ("1", {"at": "y"})]) == 2
        )
        assert store.record(PROJECT, "forge_event", [("1", {"at": "z"}), ("3", [1.5, "ü\u2028"])]) == 1
        assert store.record("other", "forge_event", [("1", {})]) == 1
        found = list(store.entries(PROJECT, "forge_event"))
        assert [(each.seq, each.key, each.revision) for each in found] == [
            (1, "1", 1),
            (2, "2", 1),
            (3, "3", 1),
        ]
        assert [each.data for each in found] == [{"at": "x"}, None, [1.5, "ü\u2028"]]
        assert [each.seq for each in store.entries(after=2)] == [3, 4]
        assert {each.recorded_at for each in found} == {"2026-11-20T12:00:00.000000+00:00"}
        assert store.projects() == ()
        assert store.verify() == ()


@pytest.mark.parametrize(
    ("kind", "key", "data"),
    [("tickets", "1", {}), ("event", "k" * 501, {}), ("event", "a\0b", {}), ("event", "\ud800", {}), ("event", "1", float("nan"))],
)  # fmt: skip
def test_what_can_be_no_record_is_refused(tmp_path: Path, kind: str, key: str, data: Any) -> None:
    """A fact as an event, a key that no database keeps, and data that are no JSON store nothing."""
    with store_at(f"sqlite:///{tmp_path / 'x.sqlite3'}") as store:
        with pytest.raises(ValueError, match=r".+"):
            store.record(PROJECT, kind, [("good", {}), (key, data)])
        assert store.head().seq == 0


def test_marks_are_a_memory(url: str) -> None:
    """Marks of a project are replaced as a whole, and are no records."""
    with store_at(url) as store:
        assert store.marks(PROJECT) == {}
        store.keep_marks(PROJECT, {"a": "1", "b": "2"})
        store.keep_marks("other", {"a": "3"})
        store.keep_marks(PROJECT, {"b": "4"})
        assert (store.marks(PROJECT), store.marks("other")) == ({"b": "4"}, {"a": "3"})
        store.keep_marks(PROJECT, {})
        assert (store.marks(PROJECT), store.head().seq) == ({}, 0)


def test_retention_removes_data_and_keeps_hashes(night: History, url: str) -> None:
    """Prompts go after their days, records after theirs; what they were can still be proved, and does not come back."""
    known, settings = "a" * 64, MetricsConfig(prompt_days=90, record_days=1096)
    with store_at(url) as store:
        store.save(night, PROJECT)
        store.prompts.put(PROJECT, [(f"v2:{known}", "Do it with glpat-aaaaaaaaaaaaaaaaaaaa")])
        assert store.prompts.get(f"v1:{known}").text == "Do it with [secret]"
        assert store.prompts.get("b" * 64) is None
        assert store.prune(NOON + timedelta(days=90), settings) == (0, 0)
        before = store.head()
        assert store.prune(NOON + timedelta(days=91), settings) == (1, 0)
        assert store.prompts.get(known)[1:] == (None, "2026-11-20T12:00:00.000000+00:00")
        assert store.prompts.put(PROJECT, [(known, "Do it again")]) == 0
        assert contents(store.load()) == contents(night)
        assert store.prune(NOON + timedelta(days=1097), settings) == (0, count(night))
        assert count(store.load()) == 0
        assert store.save(night, PROJECT).added == 0, "what was let go of stays so"
        assert store.prune(NOON + timedelta(days=1097), settings) == (0, 0)
        assert store.verify([before, store.head()]) == ()
        assert [each.kind for each in store.entries(after=before.seq)] == ["retention", "retention"]


def test_writers_at_the_same_time_wait_for_each_other(night: History, url: str) -> None:
    """Several writers that begin with an empty database leave one whole chain with everything of each."""
    each, wrong = 6, []

    def write(name: str) -> None:
        try:
            for number in range(each):
                with storing.opened(url) as store:
                    store.save(night, name)
                    store.record(name, "event", [(str(number), {})])
        except FactoryError as error:
            wrong.append(error)

    writers = [threading.Thread(target=write, args=(f"p{number}",)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert wrong == []
    with store_at(url) as store:
        assert store.verify() == ()
        assert store.head().seq == 4 * (count(night) + each)
        assert len(store.projects()) == 4


def test_a_later_schema_is_refused(url: str) -> None:
    """A database made by a later version is left alone."""
    with store_at(url):
        rows(url, "UPDATE ci_factory_schema SET version = 99")
    with pytest.raises(UsageError, match="schema 99"), store_at(url):
        pass
    assert rows(url, "SELECT version FROM ci_factory_schema") == [(99,)]


def test_nothing_is_made_where_one_only_reads(url: str, tmp_path: Path) -> None:
    """Reading where there is no store says so, and leaves no empty one behind."""
    with pytest.raises(UsageError, match="nothing was collected"):
        storing.opened(url, create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_row_is_told(night: History, url: str) -> None:
    """A row that is no fact is an error on reading it, not a silent gap."""
    with store_at(url) as store:
        store.save(night, PROJECT)
        rows(url, "UPDATE ci_factory_record SET data = '{\"id\": 1}' WHERE key = 'T-01' AND kind = 'tickets'")
        with pytest.raises(ArtifactError, match="can't be read"):
            store.load()
        with pytest.raises(ArtifactError, match="can't be read"):
            store.sample()


def test_without_sqlalchemy_it_says_what_to_install(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the base install the store names the extra to install."""
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(ToolMissing, match=r"pip install 'ci-factory\[metrics\]'"):
        storing.opened(url)


def test_without_its_driver_postgresql_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database whose driver is missing is an installation matter."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ToolMissing, match=r"pip install 'ci-factory\[metrics,postgres\]'"):
        storing.opened("postgres://factory@localhost/x")


@pytest.mark.parametrize(
    "bad",
    [
        "metrics.db",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:////nowhere/at/all/x.sqlite3",
        "mysql+mysqldb://user:hunter2@localhost/x",
        "postgresql+psycopg2://user:hunter2@localhost/x",
        "postgresql://user:hunter2@/x?host=/nowhere/at/all",
    ],
)
def test_a_bad_url_is_a_usage_error(bad: str) -> None:
    """What is no URL, of another database, or can't be opened, is one message with a fix and without a password."""
    with pytest.raises(UsageError, match="fix:") as caught:
        storing.opened(bad)
    assert "hunter2" not in str(caught.value)


def test_every_spelling_of_postgresql_is_taken(server: str) -> None:
    """`postgres://`, `postgresql://` and SQLAlchemy's own name with the driver lead to the same store."""
    rest = server.partition("://")[2]
    for scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        with store_at(f"{scheme}://{rest}") as store:
            store.keep_marks(PROJECT, store.marks(PROJECT) | {scheme: "here"})
            assert scheme in store.marks(PROJECT)
    with store_at(server) as store:
        assert len(store.marks(PROJECT)) == 3
