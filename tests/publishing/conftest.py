"""Values that publishing tests share."""

from datetime import UTC, datetime

import pytest

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
from ci_factory.model.batch import PlannedTicket
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
from ci_factory.model.ticket import Candidate, Estimate, Readiness, Risk, RiskLevel, Size, Ticket

BASE, HEAD, TREE = "a" * 40, "b" * 40, "c" * 40
NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


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
    run = AgentRun(attempt=1, iteration=1, agent="amber", phase="implement", ended="ok", seconds=12.5)
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
