"""Gate results to one score and one verdict."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_factory.model.gate import (
    Component,
    Finding,
    GateReport,
    GateResult,
    GateStatus,
    Reason,
    Score,
    Severity,
    Verdict,
)
from ci_factory.model.gate_settings import GatesConfig
from ci_factory.scoring.expected import EXPECTED
from ci_factory.scoring.score import score_report

SHA = "a" * 40
SCORING = {"syntax", "ruff", "mypy", "tests", "complexity", "documentation"}


def finding(severity: Severity = Severity.HIGH, **kwargs: Any) -> Finding:
    facts = {"tool": "t", "rule": "r", "message": "m", "path": "a.py", "fingerprint": "f"}
    return Finding(severity=severity, **(facts | kwargs))


def result(name: str, **kwargs: Any) -> GateResult:
    facts: dict[str, Any] = {
        "status": GateStatus.PASS,
        "score": 100 if name in SCORING else None,
        "summary": "fine",
    }
    return GateResult(gate=name, component=EXPECTED[name], **(facts | kwargs))


def report(*results: GateResult, leave_out: tuple[str, ...] = ()) -> GateReport:
    """All gates pass, except for those given."""
    given_names = {each.gate for each in results}
    others = [result(name) for name in EXPECTED if name not in given_names and name not in leave_out]
    return GateReport(
        tree=SHA,
        base=SHA,
        head=SHA,
        config_hash="h",
        changed_files=(),
        added_lines=0,
        removed_lines=0,
        gates=(*others, *results),
    )


def score(*results: GateResult, leave_out: tuple[str, ...] = (), **settings: Any) -> Score:
    return score_report(report(*results, leave_out=leave_out), GatesConfig(**settings))


def test_all_good_is_a_hundred() -> None:
    """Weights sum to one."""
    best = score()
    assert (best.score, best.verdict, best.reasons) == (100, Verdict.PASS, ())


def test_the_formula_of_the_specification() -> None:
    """0.2 syntax + 0.3 tests + 0.3 security + 0.1 complexity + 0.1 documentation."""
    found = score(
        result("ruff", score=0, status=GateStatus.FAIL),
        result("tests", score=50, status=GateStatus.FAIL),
        result("semgrep", findings=(finding(Severity.MEDIUM), finding(Severity.MEDIUM))),
        result("complexity", score=80),
        result("documentation", score=50),
    )
    assert found.score == pytest.approx(0.2 * 0 + 0.3 * 50 + 0.3 * 90 + 0.1 * 80 + 0.1 * 50)
    assert found.verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("severities", "points"),
    [
        ("medium", 95),
        ("high", 80),
        ("critical", 50),
        ("critical high medium", 25),
        ("critical critical high", 0),
        ("low info", 100),
    ],
)
def test_security_is_scored_over_all_its_gates_together(severities: str, points: float) -> None:
    """100 - (50 critical + 20 high + 5 medium), not below 0, wherever the findings come from."""
    found = [finding(Severity(word)) for word in severities.split()]
    scored = score(
        result("semgrep", findings=tuple(found[::2])), result("secrets", findings=tuple(found[1::2]))
    )
    assert scored.components[Component.SECURITY].score == points


def test_old_and_suppressed_findings_cost_nothing() -> None:
    """Only what the change brings counts."""
    found = (finding(is_new=False), finding(suppressed=True))
    assert score(result("semgrep", findings=found)).verdict is Verdict.PASS


def test_a_severe_finding_blocks_whatever_its_gate_says() -> None:
    """A report is not believed against itself."""
    scored = score(result("secrets", findings=(finding(Severity.CRITICAL),)))
    assert scored.verdict is Verdict.BLOCKED


@pytest.mark.parametrize(
    ("statuses", "verdict"),
    [
        ("blocked fail inconclusive", Verdict.BLOCKED),
        ("fail inconclusive pass", Verdict.FAIL),
        ("inconclusive pass pass", Verdict.INCONCLUSIVE),
        ("pass pass pass", Verdict.PASS),
    ],
)
def test_the_worst_status_decides(statuses: str, verdict: Verdict) -> None:
    """Blocked before fail before inconclusive before pass."""
    first, second, third = (GateStatus(word) for word in statuses.split())
    scored = score(
        result("policy", status=first), result("tests", status=second), result("mypy", status=third)
    )
    assert scored.verdict is verdict


def test_what_could_not_be_measured_adds_no_points() -> None:
    """Its component has no score, and the reason says which gate and why."""
    scored = score(result("tests", status=GateStatus.INCONCLUSIVE, score=None, summary="no report"))
    assert (scored.score, scored.verdict) == (70, Verdict.INCONCLUSIVE)
    assert scored.components[Component.TESTS].score is None
    assert [(each.points, each.message) for each in scored.reasons] == [
        (100, "tests is inconclusive: no report")
    ]


def test_a_gate_without_a_result_is_inconclusive() -> None:
    """A report from which a gate's result was taken out, or put in twice, is no pass."""
    assert score(leave_out=("secrets",)).verdict is Verdict.INCONCLUSIVE
    assert score(result("secrets"), result("secrets")).verdict is Verdict.INCONCLUSIVE


def test_a_disabled_component_is_left_out() -> None:
    """The weights of the others are scaled to sum to one."""
    scored = score(result("documentation", score=50), leave_out=("tests",), disabled=("tests",))
    assert Component.TESTS not in scored.components
    assert scored.score == pytest.approx((0.2 * 100 + 0.3 * 100 + 0.1 * 100 + 0.1 * 50) / 0.7, abs=0.01)


def test_nothing_measured_is_no_score() -> None:
    """Unknown is not zero."""
    unknown = [result(name, status=GateStatus.INCONCLUSIVE, score=None) for name in EXPECTED]
    scored = score(*unknown)
    assert (scored.score, scored.verdict) == (None, Verdict.INCONCLUSIVE)


def test_too_few_points_fail_though_every_gate_passes() -> None:
    """The threshold counts; and it fails at once when even full marks for the unknown would not reach it."""
    poor = [result("complexity", score=0), result("documentation", score=50)]
    assert score(*poor, threshold=90).verdict is Verdict.FAIL
    unknown = result("mypy", status=GateStatus.INCONCLUSIVE, score=None)
    assert score(*poor, unknown, threshold=90).verdict is Verdict.FAIL
    assert score(*poor, unknown, threshold=85).verdict is Verdict.INCONCLUSIVE


@st.composite
def reports(draw: st.DrawFn) -> GateReport:
    """Any report that gates could write."""
    results = []
    for name in EXPECTED:
        status = draw(st.sampled_from(GateStatus))
        points = draw(st.none() | st.floats(0, 100)) if name in SCORING else None
        severities = draw(st.lists(st.sampled_from(Severity), max_size=4))
        reasons = draw(
            st.lists(
                st.floats(0, 100).map(lambda p: Reason(component=Component.TESTS, points=p, message="m")),
                max_size=3,
            )
        )
        found = tuple(finding(severity, is_new=draw(st.booleans())) for severity in severities)
        results.append(result(name, status=status, score=points, reasons=tuple(reasons), findings=found))
    return report(*draw(st.permutations(results)))


@given(reports())
def test_every_lost_point_has_a_reason(gates: GateReport) -> None:
    """The reasons of a component add up to what it lost; a pass has all gates passing and reaches the threshold."""
    scored = score_report(gates, GatesConfig())
    for component, each in scored.components.items():
        if component is not Component.POLICY:
            told = sum(reason.points for reason in scored.reasons if reason.component is component)
            assert told == pytest.approx(100 - (each.score or 0), abs=0.2)
    if scored.verdict is Verdict.PASS:
        assert {each.status for each in gates.gates} == {GateStatus.PASS}
        assert scored.score is not None
        assert scored.score >= scored.threshold


@given(reports(), st.randoms(use_true_random=False))
def test_the_order_of_the_gates_changes_nothing(gates: GateReport, chance: Any) -> None:
    """The same results give the same bytes."""
    shuffled = list(gates.gates)
    chance.shuffle(shuffled)
    other = gates.model_copy(update={"gates": tuple(shuffled)})
    assert (
        score_report(other, GatesConfig()).model_dump_json()
        == score_report(gates, GatesConfig()).model_dump_json()
    )


def test_warnings_beside_errors_cost_nothing() -> None:
    """The points of a failed linter are lost to its errors; its warnings are told without points."""
    found = (finding(severity=Severity.HIGH, rule="error"), finding(severity=Severity.MEDIUM, rule="warning"))
    judged = score(result("ruff", status=GateStatus.FAIL, score=0, findings=found))
    told = {reason.message.split(":")[0]: reason.points for reason in judged.reasons if reason.path}
    assert told == {"error": 100, "warning": 0}


def test_what_could_not_be_measured_never_scores_a_hundred() -> None:
    """Not even when it has no weight."""
    judged = score(result("policy", status=GateStatus.INCONCLUSIVE, summary="no answer"))
    assert (judged.verdict, judged.score) == (Verdict.INCONCLUSIVE, 99)
