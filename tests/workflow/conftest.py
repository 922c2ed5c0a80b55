"""A small project, an agent that is a real program, and a line to run them through."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from ci_factory import config as configuration
from ci_factory import workflow
from ci_factory.config import AgentConfig
from ci_factory.forge import kept_notes
from ci_factory.forge.local import LocalForge
from ci_factory.model.forge import Note, NoteTarget
from ci_factory.publishing.issue_notes import REMINDER_KEY
from ci_factory.system.clock import ManualClock
from ci_factory.system.git import Git
from ci_factory.system.layout import Layout
from ci_factory.workflow.factory import Factory, Silence
from tests.forge.conftest import SOMEBODY, START, GitLabWorld, ServerClock, World
from tests.gitlab_standin.control import StandIn

# Gates that start slow tools are tested in their own room; here the line matters.
CONFIG = """
batch: {parallel: 2, timeout_minutes: 1}
retries: {limit: 0}
gates: {disabled: [semgrep, mypy, secrets], tests: {proof: false, mutants: {sample: 0}}}
review: {reviewers: [rita]}
integration: {tests: off}  # tested by itself in test_workflow_merge_truth.py
sandbox: off  # the agent keeps a log beside the repository; sandboxes are tested in tests/work
"""

AGENT = '''
import json, os, pathlib, sys, time
ticket = json.load(open(os.environ["CI_FACTORY_TICKET"]))
log = pathlib.Path(sys.argv[1])
with log.open("a") as stream:
    stream.write(ticket["id"] + "\\n")
orders = dict(line.split(": ", 1) for line in ticket["body"].splitlines() if ": " in line)
if log.read_text().split().count(ticket["id"]) == 1:  # the second start, after a kill, does not sleep
    time.sleep(float(orders.get("sleep", "0")))
name = orders.get("module", "mod" + ticket["id"])
if orders.get("do") == "nothing":
    sys.exit(0)
if orders.get("do") == "crash":
    sys.exit("no idea")
value = "1 / 0" if orders.get("do") == "break" else ticket["id"].strip("t") or "0"
path = pathlib.Path("shop") / (name + ".py")
text = path.read_text() if path.exists() else '"""A module."""\\n'
path.write_text(text + f'\\n\\ndef value_{ticket["id"]}() -> int:\\n    """Return a number."""\\n    return {value}\\n')
test = pathlib.Path("tests") / f"test_{ticket['id']}.py"
test.write_text(
    f"from shop import {name}\\n\\n\\ndef test_value() -> None:\\n    assert {name}.value_{ticket['id']}() >= 0\\n"
)
'''


@dataclass(frozen=True)
class Line:
    """A repository, its tickets, and the real command line."""

    repo: Path
    tickets: Path
    out: Path
    log: Path
    cli: Callable[..., Any]

    def argv(self) -> list[str]:
        """Arguments of the run."""
        agent = f"{sys.executable} {self.log.parent / 'agent.py'} {self.log}"
        base = ["run", "--repo", str(self.repo), "--tickets", str(self.tickets)]
        return [*base, "--agent-command", agent, "--out", str(self.out)]

    def run(self) -> Any:
        """Run the whole line."""
        return self.cli(*self.argv())

    def json(self, *args: str) -> Any:
        """What a command says as JSON."""
        ran = self.cli(*args, "--repo", self.repo, "--json")
        assert ran.code == 0, ran.err
        return json.loads(ran.out)

    def states(self) -> dict[str, str]:
        """State of every ticket."""
        return {row["ticket"]: row["state"] for row in self.json("status")}

    def merge_requests(self) -> dict[str, Any]:
        """Open merge requests by ticket."""
        return {mr["ticket_id"]: mr for mr in self.json("mr", "list")}

    def worked(self) -> list[str]:
        """Tickets in the order in which an agent was started for them."""
        return self.log.read_text().split() if self.log.exists() else []


@pytest.fixture(scope="session")
def gitlab_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """One GitLab for all tests of the session; each has projects of its own there."""
    with StandIn.start(tmp_path_factory.mktemp("gitlab")) as server:
        yield server


@dataclass
class Desk:
    """The line on one forge, in this process and on a clock of its own, with people around it."""

    world: World
    root: Path
    factory: Factory
    bot: str
    """Somebody who may do much, and is a program; empty where a forge tells nobody apart."""
    commit_to_main: Callable[[str, str], object]
    """Changes a file (path, text) on the default branch, as an owner would."""

    def configured(self, text: str) -> None:
        """Another configuration from now on."""
        self.factory = replace(self.factory, config=configuration.parse(CONFIG + text))

    def replace_agent(self, agent: AgentConfig) -> None:
        """Another agent from now on."""
        self.factory = replace(self.factory, agents=(agent,))

    def fresh_output(self) -> None:
        """An output folder in which nothing is left, as in a CI job without a cache."""
        self.factory = replace(self.factory, layout=Layout(self.root / f"out-{next(_NUMBERS)}"))
        self.factory.layout.prepare()

    def run(self) -> dict[str, str]:
        """A night; the state of every ticket after it."""
        workflow.run(self.factory)
        labels = self.factory.config.labels
        found = self.world.forge.issues(any_label=labels.every, opened_only=False)
        return {
            each.ticket.id: "hold" if labels.hold in each.ticket.labels else labels.state_of(each.ticket.labels) or ""
            for each in found
        }  # fmt: skip

    def say(self, ticket_id: str, user: str, text: str) -> None:
        """A reply, a minute later."""
        self.world.clock.sleep(60)
        self.world.as_user(user).add_note(NoteTarget.ISSUE, ticket_id, text)
        self.world.clock.sleep(60)

    def label(self, ticket_id: str, *, add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> None:
        """What people steer with."""
        self.world.as_user("dana").change_labels(ticket_id, add=add, remove=remove)
        self.world.clock.sleep(60)  # the kill switch believes what it read for some seconds

    def beneath(self, ticket_id: str) -> list[Note]:
        """Our notes that remind or thank."""
        notes = self.world.forge.notes(NoteTarget.ISSUE, ticket_id)
        return [note for note in notes if kept_notes.carries(note.body, REMINDER_KEY)]

    def prompts(self) -> list[str]:
        """What agents were told, in order."""
        return [path.read_text(encoding="utf-8") for path in sorted(self.root.glob("prompts/*"))]


_NUMBERS = count(1)
_TOKENS: dict[str, dict[str, str]] = {}


Made = tuple[World, str, Callable[[str, str], object]]


def _commit(repo: Git, path: str, text: str) -> None:
    (repo.folder / path).write_text(text, encoding="utf-8")
    repo.text("add", path)
    repo.text("commit", "--quiet", "--message", "by hand")


def on_embedded(repo: Path, _request: pytest.FixtureRequest) -> Made:
    clock = ManualClock(START)
    forge = LocalForge.open(Git(repo), user="ci-factory", clock=clock)

    def commit(path: str, text: str) -> None:
        _commit(forge.git, path, text)

    return World(forge, forge.as_user, forge.import_ticket, forge.git, clock), "", commit


def on_gitlab(repo: Path, request: pytest.FixtureRequest) -> Made:
    server: StandIn = request.getfixturevalue("gitlab_server")
    path, tokens = f"asking/project-{next(_NUMBERS)}", _TOKENS.setdefault(server.url, {})
    made = GitLabWorld(server, path, server.project(path, source=repo), Git(repo), ServerClock(START, server), tokens)  # fmt: skip
    request.addfinalizer(lambda: server.clock(None))
    made.as_user("helper-bot", "maintainer")
    made.as_user("rob", "reporter")
    forge = made.as_user("factory-bot")

    def commit(path: str, text: str) -> None:
        _commit(made.git, path, text)
        address = server.url.replace("://", f"://tess:{made.token('tess')}@")
        made.git.text("push", "--quiet", f"{address}/{made.path}.git", "HEAD:main")

    return World(forge, made.as_user, made.open_issue, made.git, made.clock), "helper-bot", commit


@pytest.fixture(params=["local", "gitlab"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, new_repo: Callable[..., Path]) -> Desk:
    """The line on each forge; its agent copies what it is told and changes nothing. `app.py` is a sensitive file."""
    repo = new_repo({"app.py": "x = 1\n", ".ci-factory.yml": "enabled: true\n"})
    world, bot, commit = {"local": on_embedded, "gitlab": on_gitlab}[request.param](repo, request)
    (tmp_path / "prompts").mkdir()
    copy = f'cp "$CI_FACTORY_PROMPT" "{tmp_path}/prompts/$(date +%s%N)"'
    factory = Factory(
        git=world.git,
        forge=world.forge,
        layout=Layout(tmp_path / "out"),
        config=configuration.parse(CONFIG + "sensitive: [{paths: [app.py]}]\n"),
        config_folder=repo,
        agents=(AgentConfig(name="copier", adapter="command", command=copy),),
        person=SOMEBODY,
        clock=world.clock,
        progress=Silence(),
        target="main",
    )
    return Desk(world, tmp_path, factory, bot, commit)


@pytest.fixture
def make_line(
    tmp_path: Path, new_repo: Callable[..., Path], factory_cli: Callable[..., Any]
) -> Callable[..., Line]:
    """`make_line([{id, …ticket fields}, …], config=…)`."""

    def make(tickets: list[dict[str, Any]], config: str = CONFIG) -> Line:
        repo = new_repo(
            {
                "shop/__init__.py": '"""A shop."""\n',
                "tests/test_shop.py": "import shop\n\n\ndef test_shop() -> None:\n    assert shop.__doc__\n",
                ".ci-factory.yml": config,
                ".gitignore": "__pycache__/\n",
            }
        )
        (tmp_path / "agent.py").write_text(AGENT, encoding="utf-8")
        path = tmp_path / "tickets.jsonl"
        defaults = {
            "complexity": "small",
            "acceptance_criteria": ["value() returns a number of at least zero"],
        }
        rows = [
            {"title": f"Add value {t['id']}", "files": [f"shop/mod{t['id']}.py"], **defaults, **t}
            for t in tickets
        ]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return Line(repo, path, tmp_path / "out", tmp_path / "agent.log", factory_cli)

    return make
