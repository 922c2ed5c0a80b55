"""A project on each forge, for tests that hold for every forge, and for those of the embedded one."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ci_factory.forge.local import LocalForge
from ci_factory.forge.protocol import Forge
from ci_factory.model.forge import MergeRequest, MergeRequestSpec
from ci_factory.model.ticket import Ticket
from ci_factory.system.clock import ManualClock
from ci_factory.system.git import Git, Person

pytest.register_assert_rewrite("tests.forge.contract")

START = datetime(2026, 3, 2, 18, tzinfo=UTC)
SOMEBODY = Person("Somebody", "somebody@example.com")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """contract.py is named for what it is, so pytest does not find it by its name."""
    if file_path.name == "contract.py" and not parent.session.isinitpath(file_path):
        return pytest.Module.from_parent(parent, path=file_path)
    return None


@dataclass
class World:
    """One project on one forge, as the factory's user sees it, with ways to do what the Protocol leaves to others."""

    forge: Forge
    as_user: Callable[[str], Forge]
    open_issue: Callable[[Ticket], object]
    git: Git
    clock: ManualClock
    target: str = "main"
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def commit(self, files: dict[str, str], *, parent: str | None = None) -> str:
        """A commit that no branch has yet."""
        index = self.git.common_dir() / f"test-index-{next(self._numbers)}"
        env = {"GIT_INDEX_FILE": str(index)}
        base = parent or self.git.resolve(f"refs/heads/{self.target}")
        self.git.text("read-tree", base, env=env)
        for path, text in files.items():
            blob = self.git.text("hash-object", "-w", "--stdin", stdin=text.encode())
            self.git.text("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", env=env)
        tree = self.git.text("write-tree", env=env)
        index.unlink()
        return self.git.commit_tree(
            tree,
            parents=(base,),
            message=f"change {next(self._numbers)}",
            author=SOMEBODY,
            committer=SOMEBODY,
            when=self.clock.now(),
        )

    def ticket(self, ticket_id: str, **fields: object) -> Ticket:
        """A ticket that is on the forge."""
        ticket = Ticket.model_validate({"id": ticket_id, "title": f"Ticket {ticket_id}", **fields})
        self.open_issue(ticket)
        return ticket

    def spec(self, ticket_id: str, **fields: object) -> MergeRequestSpec:
        """What the publisher would ask for."""
        values = {
            "ticket_id": ticket_id,
            "source_branch": f"factory/{ticket_id}-change",
            "target_branch": self.target,
            "title": f"Change for {ticket_id}",
            "description": "What and why.",
            "draft": False,
        }
        return MergeRequestSpec.model_validate(values | fields)

    def merge_request(
        self, ticket_id: str, files: dict[str, str] | None = None, **fields: object
    ) -> MergeRequest:
        """A ticket with a pushed change and an open merge request."""
        self.ticket(ticket_id, labels=("ready-for-agent", "factory::review"))
        spec = self.spec(ticket_id, **fields)
        head = self.commit(files or {f"{ticket_id}.txt": "new\n"})
        self.forge.push(spec.source_branch, head, expected=None)
        return self.forge.ensure_merge_request(spec)


@pytest.fixture
def repo(new_repo: Callable[..., Path]) -> Path:
    """A repository with main checked out, as on a laptop."""
    return new_repo({"README.md": "# Example\n", "app.py": "x = 1\n"})


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands at a Monday evening."""
    return ManualClock(START)


@pytest.fixture
def local(repo: Path, clock: ManualClock) -> Iterator[LocalForge]:
    """The embedded forge, seen by the factory's user."""
    forge = LocalForge.open(Git(repo), user="ci-factory", clock=clock)
    yield forge
    forge.disconnect()


@pytest.fixture
def local_world(local: LocalForge, clock: ManualClock) -> World:
    """A project on the embedded forge."""
    return World(local, local.as_user, local.import_ticket, local.git, clock)


@pytest.fixture(params=["local"])
def world(request: pytest.FixtureRequest) -> World:
    """A project on every forge that there is; another forge adds `NAME` here and a fixture `NAME_world`."""
    made: World = request.getfixturevalue(f"{request.param}_world")
    return made


@pytest.fixture
def forge(world: World) -> Forge:
    """Every forge, seen by the factory's user."""
    return world.forge
