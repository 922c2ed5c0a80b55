"""What a score tells of where points were lost, to the word: people read it beside their change."""

from typing import Any

from ci_factory.model.gate import (
    Component,
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
from ci_factory.model.gate_settings import GatesConfig
from ci_factory.scoring.expected import EXPECTED
from ci_factory.scoring.score import score_report

SHA = "a" * 40
UNSCORED = {Component.POLICY, Component.SECURITY}


def result(gate: str, points: float | None = 100, **facts: Any) -> GateResult:
    """A gate's result; it passes unless said otherwise."""
    component = EXPECTED[gate]
    said = {"component": component, "status": GateStatus.PASS, "summary": "fine", **facts}
    return GateResult(gate=gate, score=None if component in UNSCORED else points, **said)


def scored(*results: GateResult, without: tuple[str, ...] = (), **settings: Any) -> Score:
    """The score of these results; all other gates pass."""
    there = {each.gate for each in results} | set(without)
    gates = (*results, *(result(name) for name in EXPECTED if name not in there))
    report = GateReport(
        tree=SHA,
        base=SHA,
        head=SHA,
        config_hash="h",
        changed_files=(),
        added_lines=0,
        removed_lines=0,
        gates=gates,
    )
    return score_report(report, GatesConfig(**settings))


def finding(severity: Severity, path: str = "a.py", line: int | None = None, **facts: Any) -> Finding:
    """A finding of a rule."""
    said = {"rule": "eval", "message": "eval of input", "tool": "t", "fingerprint": path, **facts}
    return Finding(severity=severity, path=path, region=Region(line=line) if line else None, **said)


def reason(points: float, message: str = "m", path: str | None = None, line: int | None = None) -> Reason:
    """What a gate says itself."""
    return Reason(component=Component.DOCUMENTATION, points=points, message=message, path=path, line=line)


def told(score: Score) -> list[tuple[float, str]]:
    """Points and words of the reasons."""
    return [(each.points, each.message) for each in score.reasons]


def test_a_report_without_a_plan_is_held_against_the_gates_that_there_are() -> None:
    """By their names: each of them that is missing is told."""
    names = "policy tampering syntax ruff mypy tests semgrep secrets dependencies complexity documentation"
    score = scored(without=tuple(EXPECTED))
    assert {each.message.rpartition(" ")[2] for each in score.reasons} == set(names.split())


def test_a_gate_without_a_result_is_named() -> None:
    """Its component is unknown, and all of its points are lost to that."""
    score = scored(without=("secrets",))
    assert score.components[Component.SECURITY].score is None
    assert told(score) == [(100, "there is no result of secrets")]


def test_a_result_under_another_component_is_no_result() -> None:
    """A gate can't lift what it does not belong to."""
    score = scored(result("ruff", component=Component.TESTS))
    assert (score.verdict, told(score)) == (Verdict.INCONCLUSIVE, [(100, "there is no result of ruff")])


def test_a_pass_without_a_score_is_no_measurement() -> None:
    """The component is inconclusive, though every gate of it says that it passes."""
    score = scored(*(result(name, points=None) for name in ("syntax", "ruff", "mypy")))
    assert score.components[Component.SYNTAX].status is GateStatus.INCONCLUSIVE
    assert told(score) == [(100, "its gates gave no reason")]


def test_a_security_finding_is_told_with_its_severity() -> None:
    """One that is high blocks, whatever its gate says."""
    score = scored(result("semgrep", findings=(finding(Severity.HIGH, "shop/a.py", 3),)))
    only = score.reasons[0]
    assert (score.verdict, score.components[Component.SECURITY].score) == (Verdict.BLOCKED, 80)
    assert (only.message, only.path, only.line) == ("high eval: eval of input", "shop/a.py", 3)


def test_another_finding_is_told_with_its_rule() -> None:
    """A linter has no severities worth telling."""
    score = scored(result("ruff", points=0, status=GateStatus.FAIL, findings=(finding(Severity.HIGH),)))
    assert told(score) == [(100, "eval: eval of input")]


def test_a_low_security_finding_takes_no_share() -> None:
    """Beside one that costs points it is told without any."""
    found = (finding(Severity.LOW, "low.py"), finding(Severity.MEDIUM, "medium.py"))
    score = scored(result("semgrep", findings=found))
    assert {each.path: each.points for each in score.reasons} == {"low.py": 0, "medium.py": 5}


def test_a_small_claim_takes_the_whole_loss() -> None:
    """What a gate claims is scaled to what was lost."""
    score = scored(result("documentation", points=80, reasons=(reason(0.5),)))
    assert told(score) == [(20, "m")]


def test_a_claim_of_nearly_nothing_is_none() -> None:
    """Nobody gave a reason for the loss then."""
    score = scored(result("documentation", points=99.5, reasons=(reason(1e-7),)))
    assert told(score) == [(0.5, "its gates gave no reason"), (0, "m")]


def test_claims_on_nothing_lost_are_remarks() -> None:
    """No reason is made up where no point is missing."""
    assert told(scored(result("documentation", reasons=(reason(0),)))) == [(0, "m")]


def test_points_of_reasons_have_two_places() -> None:
    """Three equal claims share a hundred."""
    claims = tuple(reason(1, message) for message in "abc")
    score = scored(result("documentation", points=0, reasons=claims))
    assert told(score) == [(33.33, "a"), (33.33, "b"), (33.33, "c")]
    assert told(scored(result("documentation", points=100 / 3))) == [(66.67, "its gates gave no reason")]


def test_reasons_stand_in_the_order_of_their_places() -> None:
    """Of a component and of equal points: without a place first, then by path, then by line."""
    places = [("a.py", 2), ("a.py", 1), ("b.py", None), ("a.py", None), (None, None)]
    words = ("v", "w", "x", "y", "z")
    claims = tuple(reason(1, word, *place) for word, place in zip(words, places, strict=True))
    score = scored(result("documentation", points=50, reasons=claims))
    assert [each.message for each in score.reasons] == ["z", "y", "w", "v", "x"]


def test_the_score_has_two_places() -> None:
    """A third of the weight of the tests is 10.002 points."""
    score = scored(result("tests", points=33.34))
    assert score.score == 80


def test_weights_are_scaled_to_six_places_and_policy_has_none() -> None:
    """Without documentation the others share the whole."""
    score = scored(without=("documentation",), disabled=("documentation",))
    weights = {str(name): each.weight for name, each in score.components.items()}
    assert weights == {
        "policy": 0,
        "syntax": 0.222222,
        "tests": 0.333333,
        "security": 0.333333,
        "complexity": 0.111111,
    }


def test_a_component_without_a_weight_adds_nothing() -> None:
    """Neither where no weight is given nor where all are zero."""
    only = scored(weights={Component.TESTS: 1.0})
    assert only.components[Component.SYNTAX].weight == 0
    assert only.components[Component.TESTS].weight == 1


def test_where_nothing_that_counts_is_enabled_no_pass_is_given() -> None:
    """Nothing has a weight then, and nothing was judged."""
    score = scored(without=("tests",), disabled=("tests",), weights={Component.TESTS: 1.0})
    assert {each.weight for each in score.components.values()} == {0}
    assert score.verdict is Verdict.INCONCLUSIVE


def test_a_score_at_the_threshold_passes() -> None:
    """Below it a change fails, and only what could still reach it is inconclusive."""
    poor = [result("complexity", points=0), result("documentation", points=0)]
    assert scored(*poor, threshold=80).verdict is Verdict.PASS
    unknown = result("documentation", points=None, status=GateStatus.INCONCLUSIVE)
    assert scored(poor[0], unknown, result("tests", points=99.9), threshold=90).verdict is Verdict.FAIL
