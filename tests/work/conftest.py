"""A real repository with a hub, and one ticket worked on in it."""

import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from ci_factory.config import AgentConfig, Config, RetryConfig
from ci_factory.model.attempt import Attempt
from ci_factory.model.batch import Batch, Limits, PlannedTicket
from ci_factory.model.event import Event
from ci_factory.model.gate import (
    Component,
    ComponentScore,
    GateReport,
    GateResult,
    GateStatus,
    Reason,
    Score,
    Verdict,
)
from ci_factory.model.ticket import Candidate, Estimate, Readiness, Risk, RiskLevel, Size, Ticket
from ci_factory.system.clock import ManualClock
from ci_factory.system.git import Git
from ci_factory.system.layout import TicketFolder
from ci_factory.system.records import EventLog, read_events
from ci_factory.work.agents.registry import ADAPTERS
from ci_factory.work.attempt import work_ticket
from ci_factory.work.context import WorkContext

START = datetime(2026, 1, 5, 18, tzinfo=UTC)
VERDICTS = {
    GateStatus.PASS: Verdict.PASS,
    GateStatus.FAIL: Verdict.FAIL,
    GateStatus.BLOCKED: Verdict.BLOCKED,
    GateStatus.INCONCLUSIVE: Verdict.INCONCLUSIVE,
}
Judge = Callable[[Path], GateResult]
"""Looks at a checkout of the change's head."""


@dataclass
class Room:
    """One repository, its hub, and the folders of one batch."""

    root: Path
    repo: Path
    hub: Git
    base: str
    clock: ManualClock = field(default_factory=lambda: ManualClock(START))
    checked: list[str] = field(default_factory=list)

    @staticmethod
    def gate(
        status: GateStatus,
        name: str = "tests",
        component: Component = Component.TESTS,
        message: str = "it is so",
    ) -> GateResult:
        """One gate's result with one reason."""
        reason = Reason(component=component, points=10, message=message, path="tests/test_app.py", line=3)
        return GateResult(
            gate=name, component=component, status=status, summary=f"{name} {status}", reasons=(reason,)
        )

    @staticmethod
    def python(code: str) -> str:
        """A command line that runs some Python."""
        return f"{shlex.quote(sys.executable)} -c {shlex.quote(code)}"

    def scripted(self, script: object, ticket: str = "T-1") -> AgentConfig:
        """An agent that plays a script for one ticket."""
        folder = self.root / "scripts" / ticket
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "script.yml").write_text(yaml.safe_dump(script), encoding="utf-8")
        return AgentConfig(name="one", adapter="scripted", folder="scripts")

    def planned(
        self,
        name: str = "T-1",
        *,
        size: Size = Size.SMALL,
        files: tuple[str, ...] = (),
        risk: Risk | None = None,
        **fields: object,
    ) -> PlannedTicket:
        """A ready ticket with a place in the batch."""
        given = {"title": "Greet in French", "acceptance_criteria": ("greet('fr') says Bonjour",)} | fields
        ticket = Ticket.model_validate({"id": name} | given)
        candidate = Candidate(
            ticket=ticket,
            readiness=Readiness(ready=True),
            estimate=Estimate(complexity=size, files=files),
            risk=risk or Risk(level=RiskLevel.LOW),
        )
        return PlannedTicket(
            candidate=candidate, size=size, agent="one", lane=0, order=0, reason="it is next"
        )

    def batch(self, planned: PlannedTicket, timeout: float = 60) -> Batch:
        """A batch of one."""
        return Batch(
            id="B-1",
            created_at=START,
            project="demo",
            target_branch="main",
            base=self.base,
            limits=Limits(timeout_seconds=timeout),
            config_hash="0",
            tickets=(planned,),
        )

    def context(
        self,
        name: str = "T-1",
        *,
        agent: AgentConfig | None = None,
        command: str = "true",
        plans: bool = False,
        config: Config | None = None,
        judge: Judge | None = None,
        score: float = 100,
        stop: Callable[[], bool] = lambda: False,
        answer: str | None = None,
    ) -> WorkContext:
        """The surroundings; the agent is a shell command unless one is given."""
        agent = agent or AgentConfig(name="one", adapter="command", command=command, plans=plans)
        return WorkContext(
            hub=self.hub,
            worktrees=self.root / "worktrees",
            folder=TicketFolder(self.root / "out" / name),
            base=self.base,
            agent=agent,
            adapter=ADAPTERS[agent.adapter](agent, self.root),
            config=config or Config(retries=RetryConfig(limit=0)),
            check=lambda head: self.check(head, judge, score),
            clock=self.clock,
            log=EventLog(self.root / "events.jsonl"),
            instructions="Use tabs.",
            stop=stop,
            answer=answer,
        )

    def work(self, planned: PlannedTicket | None = None, *, timeout: float = 60, **given: object) -> Attempt:
        """Work on a ticket; `given` goes to `context`."""
        planned = planned or self.planned()
        context = self.context(planned.id, **given)  # type: ignore[arg-type]  # tests pass what context takes
        return work_ticket(planned, self.batch(planned, timeout), context)

    def check(self, head: str, judge: Judge | None, points: float) -> tuple[GateReport, Score]:
        """A gate report on the real commit; the judge sees a real checkout of it."""
        self.checked.append(head)
        result = judge(self.export(head)) if judge else self.gate(GateStatus.PASS)
        tree = self.hub.tree_of(head)
        added, removed = self.hub.line_counts(self.base, head)
        bound = {"tree": tree, "base": self.base, "head": head, "config_hash": "0"}
        report = GateReport(
            **bound,
            changed_files=tuple(change.path for change in self.hub.changes(self.base, head)),
            added_lines=added,
            removed_lines=removed,
            gates=(result,),
        )
        verdict = (
            VERDICTS[result.status] if points >= 80 or result.status is not GateStatus.PASS else Verdict.FAIL
        )
        component = ComponentScore(score=points, weight=1, status=result.status)
        return report, Score(
            **bound, score=points, verdict=verdict, threshold=80, components={result.component: component}
        )

    def export(self, commit: str) -> Path:
        """The files of a commit in a new folder."""
        folder = self.root / "exported" / f"{len(self.checked)}"
        folder.mkdir(parents=True)
        env = {"GIT_INDEX_FILE": str(folder.with_suffix(".index"))}
        self.hub.text("read-tree", commit, env=env)
        self.hub.text(f"--work-tree={folder}", "checkout-index", "--all", env=env)
        return folder

    def events(self) -> Sequence[Event]:
        """Everything that was logged."""
        return tuple(read_events(self.root / "events.jsonl"))

    def read(self, attempt: Attempt, path: str) -> str | None:
        """A file of the change."""
        assert attempt.head is not None
        return self.hub.show(attempt.head, path)

    def leftovers(self) -> list[str]:
        """Workspaces and worktrees that were not removed."""
        folders = [path.name for path in (self.root / "worktrees").glob("*")]
        admin = [path.name for path in (self.hub.folder / "worktrees").glob("*")]
        return folders + admin


@pytest.fixture
def room(tmp_path: Path, new_repo: Callable[..., Path]) -> Room:
    """A small project and its hub."""
    repo = new_repo(
        {
            "app.py": "def greet(language: str) -> str:\n    return 'Hello'\n",
            "auth/login.py": "TOKEN_NAME = 'session'\n",
            "tests/test_app.py": "def test_greet() -> None:\n    assert True\n",
            "README.md": "# Demo\n",
        }
    )
    origin = Git.open(repo)
    hub = Git(tmp_path / "hub.git")
    hub.init_hub(origin)
    return Room(tmp_path, repo, hub, origin.resolve("HEAD"))
