"""A small project, an agent that is a real program, and a line to run them through."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.gitlab_standin.control import StandIn

# Gates that start slow tools are tested in their own room; here the line matters.
CONFIG = """
batch: {parallel: 2, timeout_minutes: 1}
retries: {limit: 0}
gates: {disabled: [semgrep, mypy, secrets]}
review: {reviewers: [rita]}
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
