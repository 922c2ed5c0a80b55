"""Kill -9 before and after the effect of every request of a publication; one more run must bring what an unkilled one brings.

Three tickets, the second stacked on the first, are worked and judged once. Each case publishes them to a project of its
own on the GitLab stand-in, which kills the factory at one request; then it publishes again.
"""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, cycle
from pathlib import Path
from typing import Any, Literal

from ci_factory.model.ticket import Size, Ticket
from tests.gitlab_standin.control import Fault, Request, StandIn
from tests.workflow.gitlab_line import GitLabLine

_MOMENTS: tuple[Literal["before", "after"], ...] = ("before", "after")

TICKETS = tuple(
    Ticket(
        id=name,
        title=f"Add value {name}",
        files=(f"shop/mod{name}.py",),
        labels=("ready-for-agent",),
        complexity=Size.SMALL,
        acceptance_criteria=("value() returns a number of at least zero",),
        depends_on=below,
    )
    for name, below in (("1", ()), ("2", ("1",)), ("3", ()))
)
CONFIG = """
identity: {name: Factory, email: factory@example.com}
forge: {rates: {notes_per_minute: null, issues_per_minute: null, requests_per_minute: null}}
publishing: {parallel: 1}
retries: {limit: 0}
gates: {disabled: [ruff, semgrep, mypy, secrets, tests, tampering, complexity]}
agents:
  - name: hand
    adapter: command
    command: |
      id=$(python3 -c 'import json, os; print(json.load(open(os.environ["CI_FACTORY_TICKET"]))["id"])')
      printf "VALUE = %s\\n" "$id" > "shop/mod$id.py"
"""
Moment = Literal["before", "after"]
KILLED = -9
_READS = ("GET", "HEAD")


@dataclass(frozen=True)
class Call:
    """One request of a publication, by its place."""

    place: int
    request: Request

    @property
    def writes(self) -> bool:
        """Whether it was made to change something."""
        query = self.request.path.startswith("/api/graphql") or "git-upload-pack" in self.request.path
        return self.request.method not in _READS and not query


@dataclass(frozen=True)
class Row:
    """What a kill at a request led to."""

    call: Call
    moment: Moment
    killed: bool
    same: bool
    difference: str = ""


def work(server: StandIn, repo: Path, folder: Path, tokens: dict[str, str]) -> GitLabLine:
    """A line whose three tickets are worked and judged, and of whose publication nothing is recorded."""
    (repo / ".ci-factory.yml").write_text(CONFIG, encoding="utf-8")
    for command in ("git add --all", "git commit --quiet --message configure"):
        subprocess.run(command.split(), cwd=repo, check=True)
    line = GitLabLine.make(server, f"kills/worked-{id(tokens)}", repo, folder / "out", tokens)
    line.open_issues(TICKETS)
    for words in (("intake",), ("plan",), ("work", "1"), ("publish",), ("work", "2"), ("work", "3")):
        assert line.command(*words) in {0, 1, 4}, words
    for record in line.out.rglob("publication.json"):
        record.unlink()
    return line


class Table:
    """All cases of one worked batch."""

    def __init__(self, server: StandIn, worked: GitLabLine, folder: Path, tokens: dict[str, str]) -> None:
        """`worked` is a line whose batch is worked and judged and not published."""
        self._server, self._worked, self._folder, self._tokens = server, worked, folder, tokens
        self._numbers = count(1)
        self.expected: dict[str, Any] = {}

    def calls(self) -> list[Call]:
        """Publish once, unkilled, and list its requests."""
        line = self._fresh()
        self._server.forget_requests()
        assert line.command("publish") == 0
        found = self._server.requests()
        self.expected = line.state()
        return [Call(place, request) for place, request in enumerate(found)]

    def kill(self, call: Call, moment: Moment) -> Row:
        """Publish, killed at one request, then publish again."""
        line = self._fresh()
        process = line.held("publish")
        what: Any = f"kill-{moment}"
        self._server.fault(Fault(what, skip=call.place, times=1, pid=process.pid))
        killed = process.go() == KILLED
        self._server.clear_faults()
        again = line.command("publish")
        state = line.state()
        return Row(call, moment, killed, again == 0 and state == self.expected, differs(self.expected, state))

    def rows(self, *, only_writes: bool) -> Iterator[Row]:
        """Every case."""
        for call in self.calls():
            if call.writes or not only_writes:
                yield from (self.kill(call, moment) for moment in _MOMENTS)

    def sample(self) -> Iterator[Row]:
        """Of every write one case, before and after it in turn: after one is nearly before the next."""
        writes = (call for call in self.calls() if call.writes)
        yield from (self.kill(call, moment) for call, moment in zip(writes, cycle(_MOMENTS), strict=False))

    def _fresh(self) -> GitLabLine:
        number = next(self._numbers)
        folder = self._folder / f"case-{number}"
        line = self._worked.copy(f"kills/case-{number}-{id(self)}", folder, self._tokens)
        line.open_issues(TICKETS)
        return line


def differs(wanted: Any, found: Any, where: str = "") -> str:
    """The first place where two states are not the same."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key in {**wanted, **found}:
            if said := differs(wanted.get(key), found.get(key), f"{where}/{key}"):
                return said
        return ""
    return "" if wanted == found else f"{where}: {str(wanted)[:80]!r} became {str(found)[:80]!r}"
