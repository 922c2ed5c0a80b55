"""Killed anywhere, or raced by another process, the embedded forge loses nothing and does nothing twice."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ci_factory.model.forge import ForgeEventKind, IssueState, MergeRequestState, NoteTarget

World = Any  # tests/forge/conftest.py

_PRELUDE = """
import os, signal, sys
from pathlib import Path
from ci_factory.errors import Conflict
from ci_factory.forge.local import LocalForge, merge_requests, sync
from ci_factory.system.clock import SystemClock
from ci_factory.system.git import Git

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def kill_at(verb, when):
    real = Git.run
    def run(self, *args, **kwargs):
        if args[0] == verb and when == "before":
            die()
        done = real(self, *args, **kwargs)
        if args[0] == verb:
            die()
        return done
    Git.run = run

repo, *rest = sys.argv[1:]
forge = LocalForge.open(Git(Path(repo)), user="alice", clock=SystemClock())
"""


@pytest.fixture(name="world")
def local_only(local_world: World) -> World:
    return local_world


def start(script: str, *args: object) -> "subprocess.Popen[str]":
    argv = [sys.executable, "-c", _PRELUDE + script, *map(str, args)]
    return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def killed(script: str, *args: object) -> None:
    with start(script, *args) as process:
        process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL


_MERGE = """
number, head, verb, when = rest
if verb == "database":
    merge_requests.issues.close = lambda *args: die()  # within the transaction
else:
    kill_at(verb, when)
forge.merge(int(number), head=head)
"""


@pytest.mark.parametrize(
    ("verb", "when"),
    [("commit-tree", "after"), ("merge", "before"), ("merge", "after"), ("database", "within")],
)
def test_a_killed_merge_is_done_once(world: World, repo: Path, verb: str, when: str) -> None:
    """Whatever was reached before kill -9, the next call ends with one merge commit, one event, a closed issue."""
    made = world.merge_request("1", {"new.txt": "hello\n"})
    killed(_MERGE, repo, made.iid, made.head, verb, when)
    merged = world.as_user("alice").merge(made.iid, head=made.head)
    assert (merged.state, merged.head) == (MergeRequestState.MERGED, made.head)
    assert merged.merge_commit == world.git.resolve("main")
    assert world.git.text("rev-list", "--count", "--merges", "main") == "1"
    assert (repo / "new.txt").read_text() == "hello\n"
    assert world.forge.issue("1").state is IssueState.CLOSED
    events = world.forge.events(NoteTarget.MERGE_REQUEST, "1")
    assert [event.user for event in events if event.kind is ForgeEventKind.MERGED] == ["alice"]


_PUSH = """
branch, head, expected, when = rest
if when == "database":
    merge_requests.record = lambda *args: die()  # within the transaction
else:
    kill_at("update-ref", when)
forge.push(branch, head, expected=expected)
"""


@pytest.mark.parametrize("when", ["before", "after", "database"])
def test_a_killed_push_is_done_once(world: World, repo: Path, when: str) -> None:
    """After kill -9 the same push again leaves one version and one event."""
    made = world.merge_request("1")
    head = world.commit({"more.txt": "1\n"}, parent=made.head)
    killed(_PUSH, repo, made.source_branch, head, made.head, when)
    world.forge.push(made.source_branch, head, expected=made.head)
    now = world.forge.merge_request(made.iid)
    assert (now.head, now.versions) == (head, 2)
    events = world.forge.events(NoteTarget.MERGE_REQUEST, "1")
    assert [event.detail for event in events if event.kind is ForgeEventKind.PUSHED] == [head]


_RACE = """
print("ready", flush=True)
sys.stdin.readline()
for branch, head, expected in zip(rest[::3], rest[1::3], rest[2::3]):
    try:
        forge.push(branch, head, expected=expected)
        print("won", flush=True)
    except Conflict:
        print("lost", flush=True)
"""


def race(script: str, first: list[object], second: list[object]) -> tuple[list[str], list[str]]:
    """Start two processes, let them go at the same moment, and return what each said."""
    processes = [start(script, *first), start(script, *second)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = []
    for process in processes:
        with process:
            said.append(process.communicate(timeout=60)[0].split())
        assert process.returncode == 0
    return said[0], said[1]


def test_of_two_pushes_at_the_same_time_one_wins(world: World, repo: Path) -> None:
    """Two processes push to the same branches from the same place: each branch moves once, the loser is told."""
    mine: list[str] = []
    theirs: list[str] = []
    branches = []
    for number in range(4):
        made = world.merge_request(str(number))
        branches.append(made)
        for side, text in ((mine, "mine"), (theirs, "theirs")):
            head = world.commit({"more.txt": text}, parent=made.head)
            side.extend([made.source_branch, head, made.head])
    one, two = race(_RACE, [repo, *mine], [repo, *theirs])
    assert all({a, b} == {"won", "lost"} for a, b in zip(one, two, strict=True))
    for place, made in enumerate(branches):
        winner = mine if one[place] == "won" else theirs
        now = world.forge.merge_request(made.iid)
        assert (now.head, now.versions) == (winner[3 * place + 1], 2)


_LABELS = """
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(rest[1])):
    forge.change_labels("1", add=[f"{rest[0]}-{number}"])
print("done")
"""


def test_two_processes_change_labels_of_one_issue(world: World, repo: Path) -> None:
    """No change of either is lost."""
    world.ticket("1")
    assert race(_LABELS, [repo, "a", 40], [repo, "b", 40]) == (["done"], ["done"])
    expected = {f"{name}-{number}" for name in "ab" for number in range(40)}
    assert set(world.forge.issue("1").ticket.labels) == expected


_MERGES = """
print("ready", flush=True)
sys.stdin.readline()
for number, head in zip(rest[::2], rest[1::2]):
    print(forge.merge(int(number), head=head).state.value, flush=True)
"""


def test_two_processes_merge_at_the_same_time(world: World, repo: Path) -> None:
    """Merges of different changes wait for each other and all arrive."""
    made = [world.merge_request(str(number)) for number in range(4)]
    arguments: list[list[object]] = [[repo], [repo]]
    for place, each in enumerate(made):
        arguments[place % 2] += [each.iid, each.head]
    one, two = race(_MERGES, *arguments)
    assert one == two == ["merged", "merged"]
    assert sorted(path.name for path in repo.glob("*.txt")) == ["0.txt", "1.txt", "2.txt", "3.txt"]
    assert world.git.text("status", "--porcelain") == ""


_OPEN = """
print("ready", flush=True)
sys.stdin.readline()
LocalForge.open(Git(Path(rest[0])), user="alice", clock=SystemClock())
print("open")
"""


def test_two_processes_make_the_database_at_the_same_time(world: World, repo: Path, tmp_path: Path) -> None:
    """The first opening of a new repository is safe from two sides."""
    other = tmp_path / "other"
    world.git.text("clone", "--quiet", str(repo), str(other))
    assert race(_OPEN, [repo, other], [repo, other]) == (["open"], ["open"])
