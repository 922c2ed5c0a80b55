"""Real processes that want the same thing at the same moment."""

import multiprocessing
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ci_factory.forge.local import LocalForge
from ci_factory.model.batch import Batch
from ci_factory.model.lease import Lease, Swap
from ci_factory.model.ticket import Size, Ticket
from ci_factory.system import records
from ci_factory.system.clock import SystemClock
from ci_factory.system.git import Git
from ci_factory.system.layout import Layout
from tests.conftest import commit_files
from tests.forge.conftest import START, World
from tests.gitlab_standin.control import Fault, StandIn
from tests.workflow.gitlab_line import GitLabLine

_PROCESSES, _TURNS = 3, 8
_FORKS = multiprocessing.get_context("fork")
CONFIG = """
identity: {name: Factory, email: factory@example.com}
forge: {rates: {notes_per_minute: null, issues_per_minute: null, requests_per_minute: null}}
agents: [{name: hand, adapter: command, command: "true"}]
"""


def test_every_turn_of_a_lease_is_one_process_s(local_world: World) -> None:
    """Processes that take a ticket from each other as fast as they can: each turn is taken once, and none is left out."""
    local_world.ticket("1")
    taken, go = _FORKS.Queue(), _FORKS.Event()
    folder = local_world.git.folder
    rivals = [_FORKS.Process(target=_take, args=(folder, each, go, taken)) for each in range(_PROCESSES)]
    for rival in rivals:
        rival.start()
    go.set()
    turns = sorted(turn for _ in rivals for turn in taken.get(timeout=60))
    for rival in rivals:
        rival.join()
    held = local_world.forge.leases(["1"])["1"].lease
    assert held is not None
    assert turns == list(range(1, _PROCESSES * _TURNS + 1))
    assert held.turn == turns[-1]


def _take(folder: Path, number: int, go: Any, taken: Any) -> None:
    """Take turns until one has had enough of them."""
    forge, mine = LocalForge.open(Git(folder), user="ci-factory", clock=SystemClock()), list[int]()
    go.wait()
    while len(mine) < _TURNS:
        before = forge.leases(["1"]).get("1")
        turn = before.lease.turn + 1 if before and before.lease else 1
        after = Lease(
            ticket_id="1",
            batch_id="b",
            line=f"line {number}",
            process=f"{number:016}",
            turn=turn,
            ends_at=START,
        )
        if forge.swap_leases([Swap(before=before, after=after)]):
            mine.append(turn)
    taken.put(mine)


@pytest.fixture
def lines(gitlab_server: StandIn, new_repo: Any, tmp_path: Path) -> Iterator[tuple[GitLabLine, GitLabLine]]:
    """One project with three tickets, and two machines' clones of it, each with its factory."""
    repo = new_repo({"README.md": "# Example\n", ".ci-factory.yml": CONFIG})
    commit_files(repo, {"app.py": "x = 1\n"})
    here = GitLabLine.make(gitlab_server, "acme/two-lines", repo, tmp_path / "here", {})
    shutil.copytree(repo, tmp_path / "clone", symlinks=True)
    there = GitLabLine(gitlab_server, here.path, tmp_path / "clone", tmp_path / "there", here.id, here.token)
    here.open_issues(
        Ticket(
            id=number,
            title=f"Add value {number}",
            labels=("ready-for-agent",),
            complexity=Size.SMALL,
            files=(f"value{number}.py",),
            acceptance_criteria=("value() returns a number",),
        )
        for number in ("1", "2", "3")
    )
    yield here, there
    gitlab_server.clear_faults()


def test_two_batches_that_are_planned_at_once_share_no_ticket(lines: tuple[GitLabLine, GitLabLine]) -> None:
    """Two machines read the same queue; the one that is held just before it takes the tickets gets none of them."""
    here, there = lines
    for line in lines:
        assert line.command("intake") == 0
    here.server.fault(Fault("hold-before", method="POST", path="git-receive-pack", times=1))
    slow = here.held("plan", "--agent", "hand")
    codes: list[int] = []
    waiting = threading.Thread(target=lambda: codes.append(slow.go()))
    waiting.start()
    assert here.server.await_held()
    assert there.command("plan", "--agent", "hand", "--max-tickets", "2") == 0
    here.server.release()
    waiting.join()
    assert codes == [0]
    assert (_planned(here.out), _planned(there.out)) == ({"3"}, {"1", "2"})
    labels = {each.iid: each.labels for each in here.project.issues.list(get_all=True)}
    assert all("factory::queued" in each for each in labels.values())


def _planned(out: Path) -> set[str]:
    (folder,) = Layout(out).batches()
    return {each.id for each in records.read_model(folder.batch, Batch).tickets}
