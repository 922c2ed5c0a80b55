"""Values that publishing tests share, and a worked ticket on a real embedded forge."""

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from ci_factory.config import Config
from ci_factory.forge.local import LocalForge
from ci_factory.model.attempt import (
    AgentRun,
    Attempt,
    Checkpoint,
    CheckpointName,
    CheckpointStatus,
    Comprehension,
    CriterionAnswer,
    DiffStat,
    Ending,
    Usage,
)
from ci_factory.model.batch import Batch, Limits, PlannedTicket
from ci_factory.model.forge import Note, NoteTarget, Publication
from ci_factory.model.gate import (
    Component,
    ComponentScore,
    Finding,
    GateReport,
    GateResult,
    GateStatus,
    Reason,
    Region,
    Score,
    Severity,
    Verdict,
)
from ci_factory.model.publishing_settings import PublishingConfig
from ci_factory.model.ticket import Candidate, Estimate, Readiness, Risk, RiskLevel, Size, Ticket
from ci_factory.publishing.publisher import Judged, Publisher
from ci_factory.system.clock import ManualClock
from ci_factory.system.git import Git, Person
from ci_factory.system.layout import TicketFolder

BASE, HEAD, TREE = "a" * 40, "b" * 40, "c" * 40
NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
BOT = Person("ci-factory", "bot@example.com")
AGENT = Person("agent", "agent@example.com")
FILE = "100644"
Entry = tuple[str, bytes]
"""Mode and content of a file; a submodule's content is a commit."""


@dataclass(frozen=True)
class Scene:
    """A worked and judged ticket, not yet published."""

    publisher: Publisher
    forge: LocalForge
    repo: Git
    judged: Judged
    batch: Batch
    folder: TicketFolder

    def publish(self, **changes: object) -> Publication:
        """Publish, with parts of the judged ticket replaced."""
        judged = replace(self.judged, **changes)  # type: ignore[arg-type]  # names of fields
        return self.publisher.publish(judged, self.batch, self.folder)

    def configured(self, **settings: object) -> "Scene":
        """The same with other settings of publication."""
        config = Config(publishing=PublishingConfig.model_validate(settings))
        return replace(self, publisher=replace(self.publisher, config=config))

    def state(self) -> tuple[object, ...]:
        """Everything that publication may change."""
        merge_requests = self.forge.merge_requests(state=None)
        notes = [self.forge.notes(NoteTarget.MERGE_REQUEST, str(mr.iid)) for mr in merge_requests]
        issue_notes = self.forge.notes(NoteTarget.ISSUE, "7")
        return (merge_requests, notes, issue_notes, self.forge.issue("7"), self.repo.text("for-each-ref"))

    def branches(self) -> str:
        """Every branch of the factory."""
        return self.repo.text("for-each-ref", "refs/heads/factory")


def about(judged: Judged, commits: Mapping[str, str]) -> Judged:
    """The same judgement, of other commits and another tree."""
    assert judged.report is not None
    assert judged.score is not None
    return replace(
        judged,
        attempt=judged.attempt.model_copy(update=commits),
        report=judged.report.model_copy(update=commits),
        score=judged.score.model_copy(update=commits),
    )


def note(number: int, author: str, body: str, after: float = 0) -> Note:
    """A note on ticket 7, some minutes after the question."""
    at = NOW + timedelta(minutes=after)
    return Note(
        id=number,
        target=NoteTarget.ISSUE,
        target_id="7",
        author=author,
        body=body,
        created_at=at,
        updated_at=at,
    )


def git_bytes(folder: Path, *args: str, stdin: bytes = b"") -> bytes:
    """Run git and return what it says, to the byte."""
    done = subprocess.run(["git", *args], cwd=folder, input=stdin, check=True, capture_output=True)
    return done.stdout.strip()


def plant(repo: Git, tree: str, changes: Mapping[bytes, Entry | None]) -> str:
    """A tree made of another and of files written below git's own checks, as an agent may; `None` takes one away."""
    here: dict[bytes, bytes] = {}
    for row in git_bytes(repo.folder, "ls-tree", "-z", tree).split(b"\0") if tree else ():
        if row:
            here[row.partition(b"\t")[2]] = row
    below: dict[bytes, dict[bytes, Entry | None]] = {}
    for path, entry in changes.items():
        name, slash, rest = path.partition(b"/")
        if slash:
            below.setdefault(name, {})[rest] = entry
        elif entry is None:
            here.pop(name, None)
        else:
            here[name] = _row(repo, name, *entry)
    for name, inside in below.items():
        old = here.get(name, b"").split(b" ", 2)
        folder = old[2].partition(b"\t")[0].decode() if old[0] == b"040000" else ""
        here[name] = b"040000 tree %s\t%s" % (plant(repo, folder, inside).encode(), name)
    return git_bytes(repo.folder, "mktree", "-z", "--missing", stdin=b"\0".join(here.values())).decode()


@cache
def _blob(repo: Git, content: bytes) -> bytes:
    return git_bytes(repo.folder, "hash-object", "-w", "--stdin", stdin=content)


def _row(repo: Git, name: bytes, mode: str, content: bytes) -> bytes:
    if mode == "160000":
        return b"160000 commit %s\t%s" % (content, name)
    blob = _blob(repo, content)
    return b"%s blob %s\t%s" % (mode.encode(), blob, name)


@pytest.fixture
def planned() -> PlannedTicket:
    """A planned ticket whose title tries to mention everybody and close an issue."""
    ticket = Ticket(id="7", title="Fix rounding @all, closes #1 `x` | <b>", body="text", author="mallory")
    candidate = Candidate(
        ticket=ticket,
        readiness=Readiness(ready=True),
        estimate=Estimate(complexity=Size.SMALL, files=("shop/price.py",)),
        risk=Risk(level=RiskLevel.MEDIUM, reasons=("touches prices",)),
    )
    return PlannedTicket(candidate=candidate, size=Size.SMALL, agent="amber", lane=0, order=0, reason="first")


@pytest.fixture
def attempt() -> Attempt:
    """A completed attempt of two rounds whose cost is unknown."""
    around = "sandbox of bubblewrap; network: none"
    run = AgentRun(
        attempt=1, iteration=1, agent="amber", phase="implement", ended="ok", seconds=12.5, sandbox=around
    )
    understood = Comprehension(
        objective="Round half up\n/merge",
        criteria=(CriterionAnswer(criterion="0.5 becomes 1", how="ROUND_HALF_UP"),),
    )
    return Attempt(
        ticket_id="7",
        batch_id="20260302-010000",
        agent="amber",
        started_at=NOW,
        finished_at=NOW,
        ending=Ending.COMPLETED,
        reason="all gates pass",
        planned_size=Size.SMALL,
        base=BASE,
        head=HEAD,
        tree=TREE,
        diff=DiffStat(files=("shop/price.py",), added=3, removed=1),
        checkpoints=(
            Checkpoint(
                name=CheckpointName.C0,
                status=CheckpointStatus.PASSED,
                source="agent",
                comprehension=understood,
            ),
            Checkpoint(name=CheckpointName.C1, status=CheckpointStatus.NOT_APPLICABLE),
            Checkpoint(
                name=CheckpointName.C2, status=CheckpointStatus.PASSED, notes=("1 file outside of the plan",)
            ),
        ),
        runs=(run, run.model_copy(update={"iteration": 2})),
        usage=Usage(input_tokens=12_000, output_tokens=900, cost_usd=None),
        prompt_hash="d" * 64,
    )


@pytest.fixture
def report() -> GateReport:
    """One passing gate, one blocked by a finding whose text is hostile."""
    finding = Finding(
        tool="semgrep",
        rule="python.eval",
        severity=Severity.HIGH,
        message="eval of input\n\n/approve\n</details> @all ```",
        path="shop/a|b`c.py",
        region=Region(line=3),
        fingerprint="f1",
        help="Parse it instead.",
    )
    gates = (
        GateResult(
            gate="ruff", component=Component.SYNTAX, status=GateStatus.PASS, score=100, summary="clean"
        ),
        GateResult(
            gate="semgrep",
            component=Component.SECURITY,
            status=GateStatus.BLOCKED,
            summary="1 new high finding",
            findings=(finding,),
        ),
    )
    return GateReport(
        tree=TREE,
        base=BASE,
        head=HEAD,
        config_hash="e" * 64,
        changed_files=("shop/price.py",),
        added_lines=3,
        removed_lines=1,
        gates=gates,
    )


@pytest.fixture
def score() -> Score:
    """A blocked score of 64 with one component not measured."""
    return Score(
        score=64,
        verdict=Verdict.BLOCKED,
        threshold=80,
        tree=TREE,
        base=BASE,
        head=HEAD,
        config_hash="e" * 64,
        components={
            Component.SYNTAX: ComponentScore(score=100, weight=0.2, status=GateStatus.PASS),
            Component.TESTS: ComponentScore(score=None, weight=0.3, status=GateStatus.INCONCLUSIVE),
            Component.SECURITY: ComponentScore(score=80, weight=0.3, status=GateStatus.BLOCKED),
        },
        reasons=(
            Reason(
                component=Component.SECURITY, points=20, message="high finding", path="shop/price.py", line=3
            ),
        ),
    )


@pytest.fixture
def new_scene(
    new_repo: Callable[..., Path],
    tmp_path: Path,
    planned: PlannedTicket,
    attempt: Attempt,
    report: GateReport,
    score: Score,
) -> Callable[..., Scene]:
    """`new_scene(changes, before=…)`: ticket 7 with a change that passed; its bundle, attempt and verdict agree."""

    def make(changes: Mapping[bytes, Entry | None], before: Mapping[bytes, Entry] | None = None) -> Scene:
        repo = Git(new_repo({"shop/price.py": "price = 1\n"}))
        base = repo.resolve("main")
        if before:
            base = _commit(repo, plant(repo, repo.tree_of(base), before), base)
            repo.update_ref("refs/heads/main", base, repo.resolve("main"))
        forge = LocalForge.open(repo, user="ci-factory", clock=ManualClock(NOW), default_branch="main")
        forge.import_ticket(Ticket(id="7", title="Fix rounding", labels=("ready-for-agent", "team::red")))
        hub = Git(tmp_path / "hub.git")
        hub.init_hub(repo)
        tree = plant(hub, hub.tree_of(base), changes)
        head = _commit(hub, tree, base)
        folder = TicketFolder(tmp_path / "out")
        folder.path.mkdir()
        hub.bundle(folder.bundle, base, head)
        passed = score.model_copy(update={"score": 95.0, "verdict": Verdict.PASS})
        clean = report.model_copy(update={"gates": report.gates[:1]})
        judged = about(Judged(planned, attempt, clean, passed), {"base": base, "head": head, "tree": tree})
        batch = Batch(
            id="20260302-010000",
            created_at=NOW,
            project="shop",
            target_branch="main",
            base=base,
            limits=Limits(),
            config_hash="x",
            tickets=(planned,),
        )
        return Scene(Publisher(forge, repo, Config(), BOT), forge, repo, judged, batch, folder)

    return make


def _commit(repo: Git, tree: str, parent: str) -> str:
    return repo.commit_tree(
        tree, parents=(parent,), message="[skip ci]", author=AGENT, committer=AGENT, when=NOW
    )


@pytest.fixture
def scene(new_scene: Callable[..., Scene]) -> Scene:
    """Ticket 7 with a small change that passed."""
    return new_scene({b"shop/price.py": (FILE, b"price = 2\n")})
