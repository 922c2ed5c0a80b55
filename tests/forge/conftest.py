"""A project on each forge, for tests that hold for every forge, and for those of the embedded one."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ci_factory.forge.gitlab.api import Api
from ci_factory.forge.gitlab.forge import GitLabForge
from ci_factory.forge.local import LocalForge
from ci_factory.forge.protocol import Forge
from ci_factory.model.forge import MergeRequest, MergeRequestSpec
from ci_factory.model.forge_settings import Rates
from ci_factory.model.ticket import Ticket
from ci_factory.system.clock import ManualClock
from ci_factory.system.git import Git, Person

if TYPE_CHECKING:
    from tests.gitlab_standin.control import Request, StandIn

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

    def commit(
        self, files: dict[str, str], *, parent: str | None = None, remove: tuple[str, ...] = ()
    ) -> str:
        """A commit that no branch has yet."""
        index = self.git.common_dir() / f"test-index-{next(self._numbers)}"
        env = {"GIT_INDEX_FILE": str(index)}
        base = parent or self.git.resolve(f"refs/heads/{self.target}")
        self.git.text("read-tree", base, env=env)
        for path, text in files.items():
            blob = self.git.text("hash-object", "-w", "--stdin", stdin=text.encode())
            self.git.text("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", env=env)
        for path in remove:
            self.git.text("rm", "--cached", "--quiet", path, env=env)
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
        """A ticket that is on the forge; ids are numbers, as some forges know no others."""
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


class ServerClock(ManualClock):
    """A clock that a server goes by as well."""

    def __init__(self, start: datetime, server: "StandIn") -> None:
        super().__init__(start)
        self._server = server
        server.clock(start)

    def sleep(self, seconds: float) -> None:
        """Move forward at once, here and there."""
        super().sleep(seconds)
        self._server.clock(self.now())


@dataclass
class GitLabWorld:
    """One project on the stand-in, and people with tokens for it."""

    server: "StandIn"
    path: str
    id: int
    git: Git
    clock: ServerClock
    _tokens: dict[str, str]
    _apis: dict[str, Api] = field(default_factory=dict)
    _forges: dict[str, GitLabForge] = field(default_factory=dict)

    def token(self, name: str) -> str:
        """A token of a user, who is made when new; whose name says so is a bot."""
        if name not in self._tokens:
            self._tokens[name] = self.server.user(name, bot=name.endswith("-bot"))
        return self._tokens[name]

    def api(self, name: str) -> Api:
        """The server's API, without limits of ours; it waits on a clock of its own, which costs no time."""
        if name not in self._apis:
            rates = Rates(notes_per_minute=None, issues_per_minute=None, requests_per_minute=None)
            token, clock = self.token(name), ManualClock(START)
            self._apis[name] = Api.open(self.server.url, token, rates=rates, clock=clock)
        return self._apis[name]

    def as_user(self, name: str, role: str = "developer") -> GitLabForge:
        """The project, seen by a member."""
        if name not in self._forges:
            api = self.api(name)
            self.server.member(self.id, name, role)
            transfer = api.transfer(self.git, self.path)
            self._forges[name] = GitLabForge.open(api, transfer, self.path, clock=self.clock, git=self.git)
        return self._forges[name]

    def asked(self, user: str = "factory-bot") -> "list[Request]":
        """What a user asked the API since `forget_requests`."""
        return [each for each in self.server.requests() if each.user == user and "/api/" in each.path]

    def writes(self, user: str = "factory-bot") -> "list[Request]":
        """Those that were to change something."""
        return [
            each
            for each in self.asked(user)
            if each.method != "GET" and not each.path.startswith("/api/graphql")
        ]

    def open_issue(self, ticket: Ticket) -> object:
        """An issue with the ticket's content, as a person would write it, with the number that it asks for."""
        self.as_user("tess", "owner")
        labels = [*ticket.labels]
        labels += [f"priority::{ticket.priority}"] if "priority" in ticket.model_fields_set else []
        lists = {"Files": ticket.files, "Acceptance criteria": ticket.acceptance_criteria}
        sections = [
            f"\n\n## {name}\n" + "\n".join(f"- {each}" for each in found)
            for name, found in lists.items()
            if found
        ]
        depends = [f"\n\nDepends on #{each}" for each in ticket.depends_on]
        data = {
            "iid": int(ticket.id),
            "title": ticket.title,
            "description": "".join([ticket.body, *sections, *depends]),
            "labels": ",".join(labels),
            "due_date": ticket.due.date().isoformat() if ticket.due else None,
        }
        return self.api("tess").post(f"/projects/{self.id}/issues", data)


@pytest.fixture(scope="session")
def standin(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[StandIn]":
    """One GitLab for all tests of the session; each has a project of its own there."""
    from tests.gitlab_standin.control import StandIn

    with StandIn.start(tmp_path_factory.mktemp("gitlab")) as server:
        yield server


_TOKENS: dict[str, dict[str, str]] = {}
_NUMBERS = itertools.count(1)


@pytest.fixture
def gitlab(standin: "StandIn", repo: Path) -> Iterator[GitLabWorld]:
    """A project on GitLab with the repository's content, and the repository as the local clone."""
    path = f"acme/project-{next(_NUMBERS)}"
    tokens = _TOKENS.setdefault(standin.url, {})
    project = standin.project(path, source=repo)
    standin.protect(project, "main", push="maintainer", merge="developer")
    yield GitLabWorld(standin, path, project, Git(repo), ServerClock(START, standin), tokens)
    standin.clock(None)
    standin.clear_faults()


@pytest.fixture
def gitlab_world(gitlab: GitLabWorld) -> World:
    """A project on GitLab, as the Protocol's tests see it."""
    forge = gitlab.as_user("factory-bot")
    return World(forge, gitlab.as_user, gitlab.open_issue, gitlab.git, gitlab.clock)


@pytest.fixture(params=["local", "gitlab"])
def world(request: pytest.FixtureRequest) -> World:
    """A project on every forge that there is; another forge adds `NAME` here and a fixture `NAME_world`."""
    made: World = request.getfixturevalue(f"{request.param}_world")
    return made


@pytest.fixture
def forge(world: World) -> Forge:
    """Every forge, seen by the factory's user."""
    return world.forge
