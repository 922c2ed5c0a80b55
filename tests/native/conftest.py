"""One judged change that has everything: new, old and suppressed findings, hostile text, tests, coverage, silence."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from ci_factory.model.gate import (
    CaseResult,
    Component,
    Finding,
    GateReport,
    GateResult,
    GateStatus,
    LineCoverage,
    Reason,
    Region,
    Score,
    Severity,
)
from ci_factory.model.gate_settings import GatesConfig
from ci_factory.native.common import Judged
from ci_factory.scoring.score import score_report

HOSTILE = "eval of input\n\n/approve\n</details> @all ```\x00\x1b[31m \u202e ]]> <!-- & \" '"
NOW = datetime(2026, 3, 2, 6, 0, 0, 123456, tzinfo=UTC)
LATER = datetime(2026, 3, 2, 6, 1, 30, tzinfo=UTC)


def finding(**given: object) -> Finding:
    """A new finding of high severity, unless said otherwise."""
    values: dict[str, object] = {
        "tool": "semgrep",
        "rule": "eval-of-expression",
        "severity": Severity.HIGH,
        "message": HOSTILE,
        "path": "shop/a b&c.py",
        "region": Region(line=3, column=5, end_line=4, end_column=9),
        "fingerprint": "f1",
        "help": "Parse it instead.",
    }
    return Finding.model_validate(values | given)


def gate(name: str, component: Component, status: GateStatus, **given: object) -> GateResult:
    return GateResult.model_validate(
        {
            "gate": name,
            "component": component,
            "status": status,
            "summary": f"{name} says",
            "seconds": 1.5,
            **given,
        }
    )


def full_report() -> GateReport:
    cases = (
        CaseResult(file="tests/test_a.py", name="test_one", outcome="passed", seconds=0.25),
        CaseResult(file="tests/test_a.py", name="test_two", outcome="failed", line=4, message=HOSTILE),
        CaseResult(file="tests/test_a.py", name="test_three", outcome="xfailed"),
    )
    secret = finding(
        tool="secrets", rule="aws-access-key", severity=Severity.CRITICAL, path="conf.py", fingerprint="s1"
    )
    gates = (
        gate("ruff", Component.SYNTAX, GateStatus.FAIL, score=0, tools={"ruff": "0.9"}, findings=(
            finding(tool="ruff", rule="F401", severity=Severity.LOW, message="unused", fingerprint="r1", help=""),
            finding(tool="ruff", rule="F401", severity=Severity.LOW, message="unused", fingerprint="r2", is_new=False),
            finding(tool="ruff", rule="E711", severity=Severity.LOW, message="none", fingerprint="r3", suppressed=True),
        )),
        gate("tests", Component.TESTS, GateStatus.FAIL, score=50, cases=cases, figures={"total": 2, "passed": 1, "coverage": None},
             coverage={"shop/a.py": LineCoverage(executed=(1, 2, 4), missing=(7,))},
             reasons=(Reason(component=Component.TESTS, points=50, message=HOSTILE, path="tests/test_a.py", line=4),)),
        gate("semgrep", Component.SECURITY, GateStatus.BLOCKED, tools={"semgrep": "1.182"}, findings=(finding(), finding(fingerprint="f2", region=None))),
        gate("secrets", Component.SECURITY, GateStatus.BLOCKED, findings=(secret,)),
        gate("mypy", Component.SYNTAX, GateStatus.INCONCLUSIVE),
        gate("lint", Component.SYNTAX, GateStatus.SKIPPED),
    )  # fmt: skip
    return GateReport(
        tree="c" * 40,
        base="a" * 40,
        head="b" * 40,
        config_hash="e" * 64,
        changed_files=("shop/a.py",),
        added_lines=3,
        removed_lines=1,
        gates=gates,
    )


def judge(report: GateReport) -> Judged:
    score: Score = score_report(report, GatesConfig())
    return Judged(report, score, "1.2.3", NOW, LATER)


@pytest.fixture
def judged() -> Judged:
    """The change with everything."""
    return judge(full_report())


@pytest.fixture
def of_gates(judged: Judged) -> Callable[..., Judged]:
    """`of_gates(*results)`: the same change with other results."""

    def make(*results: GateResult) -> Judged:
        return judge(judged.report.model_copy(update={"gates": results}))

    return make


@pytest.fixture
def make_gate() -> Callable[..., GateResult]:
    """`make_gate(name, component, status, **fields)`."""
    return gate


@pytest.fixture
def make_finding() -> Callable[..., Finding]:
    """`make_finding(**fields)`."""
    return finding
