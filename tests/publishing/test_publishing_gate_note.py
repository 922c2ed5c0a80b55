"""The note on a change that no agent of ours made: the same judgement, readable and harmless."""

import re
from pathlib import Path

import pytest

from ci_factory.model import block
from ci_factory.model.gate import (
    Component,
    ComponentScore,
    Finding,
    GateReport,
    GateResult,
    GateStatus,
    Reason,
    RootScore,
    Score,
    Severity,
    Verdict,
)
from ci_factory.model.gate_settings import GatesConfig
from ci_factory.publishing import note
from ci_factory.publishing.markdown import NOTE_LIMIT
from ci_factory.scoring.score import score_report

GOLDEN = Path(__file__).parents[1] / "data" / "notes" / "gate.md"
HOSTILE = "text\n/merge\r/approve\u2028/close\n@all @root Closes #1 !2 ~~~\n``` | <details><b>\n```mermaid\n[x](https://evil.example)"


@pytest.fixture
def full(report: GateReport) -> GateReport:
    """The shared report with tests, an old finding, and a gate that was skipped."""
    old = report.gates[1].findings[0].model_copy(update={"is_new": False, "fingerprint": "f0"})
    more = (
        report.gates[0],
        report.gates[1].model_copy(update={"findings": (*report.gates[1].findings, old)}),
        GateResult(
            gate="tests",
            component=Component.TESTS,
            status=GateStatus.PASS,
            score=100,
            summary="12 of 12 tests pass",
            figures={"total": 12, "passed": 12, "coverage_new": 87.5, "mutants": 4, "mutants_killed": None},
        ),
        GateResult(
            gate="web:eslint", component=Component.SYNTAX, status=GateStatus.SKIPPED, summary="not installed"
        ),
    )
    return report.model_copy(update={"gates": more})


@pytest.fixture
def rooted(score: Score) -> Score:
    """The shared score, of a repository of two projects."""
    part = ComponentScore(score=90, weight=1, status=GateStatus.PASS)
    unknown = ComponentScore(score=None, weight=1, status=GateStatus.INCONCLUSIVE)
    roots = {
        "": RootScore(score=90, verdict=Verdict.PASS, components={Component.SYNTAX: part}),
        "web": RootScore(score=None, verdict=Verdict.INCONCLUSIVE, components={Component.TESTS: unknown}),
    }
    return score.model_copy(update={"roots": roots})


def test_gate_note_reads_as_agreed(full: GateReport, rooted: Score) -> None:
    """The note on a blocked change of a repository of two projects is, byte for byte, the golden one."""
    assert note.gate_note(full, rooted) == GOLDEN.read_text(encoding="utf-8")


def test_hidden_block_carries_the_score(full: GateReport, score: Score) -> None:
    """Machines can read score, verdict and gates from the note alone, under a key of its own."""
    text = note.gate_note(full, score)
    data = block.read(text, note.GATE_NOTE_KEY)
    assert data is not None
    assert (data["score"], data["verdict"], data["gates"]["web:eslint"]) == (64, "blocked", "skipped")
    assert block.read(text, note.NOTE_KEY) is None


def hostile(count: int) -> GateReport:
    """A report whose every text tries to act."""
    found = tuple(
        Finding(
            tool=HOSTILE, rule=HOSTILE, severity=Severity.HIGH, message=HOSTILE * 50, path=HOSTILE, fingerprint=str(number), help=HOSTILE
        )
        for number in range(count)
    )  # fmt: skip
    reasons = tuple(
        Reason(component=Component.SECURITY, points=1, message=HOSTILE, path=HOSTILE) for _ in range(count)
    )
    gate = GateResult(
        gate=HOSTILE, component=Component.SECURITY, status=GateStatus.BLOCKED, summary=HOSTILE, findings=found, reasons=reasons,
        figures={HOSTILE: 1.0},
    )  # fmt: skip
    tests = gate.model_copy(update={"component": Component.TESTS, "gate": "tests", "findings": ()})
    return GateReport(
        tree=None, base=None, head=None, config_hash="e" * 64, changed_files=(), added_lines=0, removed_lines=0, gates=(gate, tests)
    )  # fmt: skip


@pytest.mark.parametrize("count", [1, 1000])
def test_hostile_text_is_shown_and_not_obeyed(count: int) -> None:
    """No quick action, mention, reference, fence, HTML or link survives; the verdict stands first; the size is bounded."""
    report = hostile(count)
    text = note.gate_note(report, score_report(report, GatesConfig()))
    assert text.startswith("## ⛔ Blocked: a person must decide\n")
    assert len(text) < NOTE_LIMIT
    visible = re.sub(r"<!-- ci-factory:.* -->", "", text)
    spans = re.sub(r"`[^`\n]*`", "", visible)
    assert not re.search(r"^\s{0,3}/\w", visible, re.MULTILINE)
    assert not re.search(r"(?<![\w\\])@\w", spans)
    assert not re.search(r"(?<!\\)[<>]", re.sub(r"&#?\w+;", "", spans))
    assert "loses #1" not in spans
    assert "\n```" not in visible
    assert "](http" not in spans
    assert block.read(text, note.GATE_NOTE_KEY) is not None
