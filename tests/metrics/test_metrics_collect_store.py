"""`ci-factory collect --store`: what runs leave to each other, killed or not, and a store that is made anew."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ci_factory.cli import collect
from ci_factory.errors import ForgeError, UsageError
from ci_factory.forge.local import LocalForge
from ci_factory.metrics import storing
from ci_factory.metrics.facts import BatchFact, History
from ci_factory.model import block
from ci_factory.model.event import Event
from ci_factory.model.forge import MergeRequest, MergeRequestSpec, NoteTarget
from ci_factory.model.ticket import Ticket
from ci_factory.system import records
from ci_factory.system.clock import SystemClock
from ci_factory.system.git import Git, Person
from ci_factory.system.layout import Layout, forge_database

MR = NoteTarget.MERGE_REQUEST
START = datetime(2026, 3, 2, 18, tzinfo=UTC)
SOMEBODY = Person("Somebody", "somebody@example.com")


@dataclass
class Place:
    """A repository with its forge, and an output folder with a store."""

    repo: Path
    out: Path
    forge: LocalForge

    @property
    def store(self) -> Path:
        return self.out / "metrics.sqlite3"

    @property
    def arguments(self) -> list[str]:
        return ["--repo", str(self.repo), "--out", str(self.out), "--store"]

    def collect(self, *more: str) -> Result:
        return CliRunner().invoke(collect.command, [*self.arguments, *more], catch_exceptions=False)

    def known(self) -> History:
        with storing.opened(f"sqlite:///{self.store}") as store:
            assert store.verify() == ()
            return store.load()

    def entries(self) -> list[tuple[str, str]]:
        with storing.opened(f"sqlite:///{self.store}") as store:
            raw = (each for each in store.entries() if each.kind in {"forge_event", "audit_event"})
            return [(each.kind, each.key) for each in raw]

    def propose(self, ticket: str) -> MergeRequest:
        self.forge.import_ticket(Ticket(id=ticket, title=f"Do {ticket}", labels=("ready-for-agent",)))
        git, name = self.forge.git, f"factory/{ticket}-change"
        main = git.resolve("refs/heads/main")
        blob = git.text("hash-object", "-w", "--stdin", stdin=ticket.encode()).strip()
        tree = git.text("mktree", stdin=f"100644 blob {blob}\t{ticket}.txt\n".encode()).strip()
        head = git.commit_tree(
            tree, parents=(main,), message="x", author=SOMEBODY, committer=SOMEBODY, when=SystemClock().now()
        )
        self.forge.push(name, head, expected=None)
        spec = MergeRequestSpec(
            ticket_id=ticket, source_branch=name, target_branch="main", title=ticket, description="", draft=False
        )  # fmt: skip
        found = self.forge.ensure_merge_request(spec)
        data = {"ticket": ticket, "batch": "b1", "score": 90, "verdict": "pass", "gates": {"tests": "pass"}}
        self.forge.ensure_note(MR, str(found.iid), "score", block.write("score", data))
        return found


@pytest.fixture
def place(new_repo: Callable[..., Path], tmp_path: Path) -> Place:
    pytest.importorskip("sqlalchemy", reason="SQLAlchemy (extra `metrics`) is not installed")
    repo, out = new_repo({"README.md": "hello\n"}), tmp_path / "out"
    log = records.EventLog(Layout(out).events)
    for number in range(3):
        log.append(Event(key=f"b1/{number}", at=SystemClock().now(), stage="work", kind="k", batch_id="b1"))
    place = Place(repo, out, LocalForge.open(Git(repo), user="ci-factory", clock=SystemClock()))
    for ticket in ("A", "B", "C"):
        place.propose(ticket)
    return place


def test_a_store_remembers_what_it_saw(place: Place) -> None:
    """The second run reads nothing and adds nothing; the third reads the one that changed, and `--complete` all of them."""
    first = place.collect()
    assert "read 3 merge requests and 3 tickets" in first.stderr
    facts, entries = place.known(), place.entries()
    assert {kind for kind, _ in entries} == {"forge_event", "audit_event"}
    again = place.collect()
    assert "read 0 merge requests and 0 tickets" in again.stderr
    assert "\n0 of " in again.stdout
    assert (place.known(), place.entries()) == (facts, entries)
    place.forge.as_user("ada").approve(1)
    assert "read 1 merge requests and 0 tickets" in place.collect().stderr
    assert len(place.entries()) == len(entries) + 1
    assert "read 3 merge requests and 3 tickets" in place.collect("--complete").stderr
    assert len(place.entries()) == len(entries) + 1


def test_without_its_memory_a_store_counts_nothing_twice(place: Place) -> None:
    """Killed after the facts were saved and before it noted what it had seen, a run is repeated and adds nothing."""
    place.collect()
    facts, entries = place.known(), place.entries()
    with storing.opened(f"sqlite:///{place.store}") as store:
        store.keep_marks(store.projects()[0], {})
    again = place.collect()
    assert "read 3 merge requests" in again.stderr
    assert "\n0 of " in again.stdout
    assert (place.known(), place.entries()) == (facts, entries)


def test_a_store_is_made_anew(place: Place) -> None:
    """It tells the same facts as the one before, which stays beside it; nothing else is left."""
    place.collect()
    place.forge.as_user("ada").approve(1)
    place.collect()
    before, file = place.known(), place.store.read_bytes()
    place.collect("--rebuild")
    assert place.known() == before
    assert (place.out / "metrics.sqlite3.before-rebuild").read_bytes() == file
    assert sorted(path.name for path in place.out.glob("metrics.*")) == [
        "metrics.sqlite3", "metrics.sqlite3.before-rebuild",
    ]  # fmt: skip
    assert "read 0 merge requests" in place.collect().stderr


def test_a_database_on_a_server_is_brought_up(place: Place) -> None:
    """What is no file of ours is not replaced: facts that nobody tells any more are let go, and events stay."""
    place.collect()
    facts, entries = place.known(), place.entries()
    stray = History(
        batches=(
            BatchFact(id="b9", project="p", target_branch="main", created_at=START, lanes=1, planned=()),
        )
    )
    with storing.opened(f"sqlite:///{place.store}") as store:
        store.save(stray, store.projects()[0])
        store.record(store.projects()[0], "audit_event", [("b9/1", {"what": "no log has this any more"})])
    assert [batch.id for batch in place.known().batches] == ["b9"]
    arguments = [*place.arguments, f"sqlite+pysqlite:///{place.store}", "--rebuild"]
    CliRunner().invoke(collect.command, arguments, catch_exceptions=False)
    assert place.known() == facts
    assert place.entries() == [*entries, ("audit_event", "b9/1")]


def test_a_store_stays_when_it_cant_be_made_anew(place: Place) -> None:
    """A forge that can't be read leaves the old store as it was, and no half of a new one."""
    place.collect()
    file = place.store.read_bytes()
    place.forge.disconnect()
    forge_database(Git(place.repo).common_dir()).write_bytes(b"no database")
    with pytest.raises(ForgeError):
        place.collect("--rebuild")
    assert place.store.read_bytes() == file
    assert [path.name for path in place.out.glob("metrics.*")] == ["metrics.sqlite3"]


@pytest.mark.parametrize("options", [["--rebuild"], ["--store", "--rebuild", "--restore", "job"]])
def test_making_anew_needs_a_store_of_its_own(new_repo: Callable[..., Path], options: list[str]) -> None:
    """Without a store there is nothing to make, and one that was just fetched is not thrown away."""
    arguments: list[Any] = ["--repo", str(new_repo({"a": "1"})), *options]
    with pytest.raises(UsageError, match="rebuild"):
        CliRunner().invoke(collect.command, arguments, catch_exceptions=False)


@pytest.mark.long
def test_killed_anywhere_nothing_is_lost_and_nothing_twice(place: Place) -> None:
    """After kills at a dozen moments one more run knows what a run that nobody killed knows, each event once."""
    command = [sys.executable, "-m", "ci_factory", "collect", *place.arguments]
    started = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    usual = time.monotonic() - started
    place.collect("--rebuild")
    for number in range(12):
        place.propose(f"T{number}")
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(usual * (0.3 + number * 0.06))
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert len(set(place.entries())) == len(place.entries())
    place.collect()
    found, entries = place.known(), place.entries()
    assert len(set(entries)) == len(entries)
    assert len(found.merge_requests) == 15
    place.collect("--rebuild")
    assert place.known() == found
    assert sorted(place.entries()) == sorted(entries)
