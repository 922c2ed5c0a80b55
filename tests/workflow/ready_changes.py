"""Worked and judged tickets in any number, ready to be published: real commits and bundles, verdicts made by hand."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from ci_factory.model.attempt import (
    AgentRun,
    Attempt,
    Checkpoint,
    CheckpointName,
    CheckpointStatus,
    DiffStat,
    Ending,
)
from ci_factory.model.batch import Batch, Limits, PlannedTicket
from ci_factory.model.gate import (
    Component,
    ComponentScore,
    GateReport,
    GateResult,
    GateStatus,
    Score,
    Verdict,
)
from ci_factory.model.ticket import Candidate, Estimate, Readiness, Risk, RiskLevel, Size, Ticket
from ci_factory.publishing.outcome import Judged
from ci_factory.system.git import Git, Person
from ci_factory.system.layout import TicketFolder

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
_AGENT = Person("agent", "agent@example.com")
_BATCH = "20260302-010000"


@dataclass(frozen=True)
class Ready:
    """One change, and where its artifacts lie."""

    judged: Judged
    folder: TicketFolder


def tickets(count: int) -> tuple[Ticket, ...]:
    """Tickets 1 to `count`."""
    names = map(str, range(1, count + 1))
    return tuple(Ticket(id=name, title=f"Add value {name}", labels=("ready-for-agent",)) for name in names)


def ready_changes(
    repo: Git, folder: Path, count: int, *, batch_id: str = _BATCH, name: str = "VALUE"
) -> tuple[Batch, list[Ready]]:
    """A batch of so many changes that passed, each of a file of its own, on the branch `main`.

    Other batches of the same tickets have another id, and say something else by another name.
    """
    base = repo.resolve("refs/heads/main")
    hub = Git(folder / "hub.git")
    hub.init_hub(repo)
    made = [
        _of_batch(_ready(hub, folder, base, ticket, place, name), batch_id)
        for place, ticket in enumerate(tickets(count))
    ]
    batch = Batch(
        id=batch_id,
        created_at=NOW,
        project="many",
        target_branch="main",
        base=base,
        limits=Limits(),
        config_hash="x",
        tickets=tuple(each.judged.planned for each in made),
    )
    return batch, made


def _of_batch(ready: Ready, batch_id: str) -> Ready:
    attempt = ready.judged.attempt.model_copy(update={"batch_id": batch_id})
    return replace(ready, judged=replace(ready.judged, attempt=attempt))


def _ready(hub: Git, root: Path, base: str, ticket: Ticket, place: int, name: str) -> Ready:
    path = f"value_{ticket.id}.py"
    tree = _with_file(hub, hub.tree_of(base), path, f"{name} = {ticket.id}\n")
    head = hub.commit_tree(tree, parents=(base,), message="work", author=_AGENT, committer=_AGENT, when=NOW)
    folder = TicketFolder(root / "tickets" / ticket.id)
    folder.path.mkdir(parents=True)
    hub.bundle(folder.bundle, base, head)
    return Ready(_judged(ticket, place, path, {"base": base, "head": head, "tree": tree}), folder)


def _with_file(hub: Git, tree: str, path: str, text: str) -> str:
    blob = hub.text("hash-object", "-w", "--stdin", stdin=text.encode())
    rows = f"{hub.text('ls-tree', tree)}\n100644 blob {blob}\t{path}\n".lstrip("\n")
    return hub.text("mktree", stdin=rows.encode())


def _judged(ticket: Ticket, place: int, path: str, commits: dict[str, str]) -> Judged:
    planned = PlannedTicket(
        candidate=Candidate(
            ticket=ticket,
            readiness=Readiness(ready=True),
            estimate=Estimate(complexity=Size.SMALL, files=(path,)),
            risk=Risk(level=RiskLevel.LOW),
        ),
        size=Size.SMALL,
        agent="hand",
        lane=0,
        order=place,
        reason="ready",
    )
    attempt = Attempt(
        ticket_id=ticket.id,
        batch_id=_BATCH,
        agent="hand",
        started_at=NOW,
        finished_at=NOW,
        ending=Ending.COMPLETED,
        reason="all gates pass",
        planned_size=Size.SMALL,
        diff=DiffStat(files=(path,), added=1, removed=0),
        checkpoints=(Checkpoint(name=CheckpointName.C2, status=CheckpointStatus.PASSED),),
        runs=(AgentRun(attempt=1, iteration=1, agent="hand", phase="implement", ended="ok", seconds=1),),
        **commits,
    )
    gate = GateResult(
        gate="ruff", component=Component.SYNTAX, status=GateStatus.PASS, score=100, summary="clean"
    )
    report = GateReport(
        config_hash="e" * 64, changed_files=(path,), added_lines=1, removed_lines=0, gates=(gate,), **commits
    )
    score = Score(
        score=100,
        verdict=Verdict.PASS,
        threshold=80,
        config_hash="e" * 64,
        components={Component.SYNTAX: ComponentScore(score=100, weight=1, status=GateStatus.PASS)},
        **commits,
    )
    return Judged(planned, attempt, report, score)
