"""A repository that holds several projects: one score for the whole, and one for each."""

from ci_factory.model.gate import Component, GateReport, GateResult, GateStatus, PlannedGate, Verdict
from ci_factory.model.gate_settings import GatesConfig
from ci_factory.scoring.score import score_report

SHA = "a" * 40


def report(**points: dict[str, float]) -> GateReport:
    """For each root the points of its tests and its documentation."""
    planned, results = [], []
    for root, each in points.items():
        for component, score in each.items():
            gate = PlannedGate(gate=f"{root}:{component}", component=Component(component), root=root)
            status = GateStatus.PASS if score >= 60 else GateStatus.FAIL
            planned.append(gate)
            results.append(GateResult(**gate.model_dump(), status=status, score=score, summary="s"))
    return GateReport(
        tree=SHA,
        base=SHA,
        head=SHA,
        config_hash="h",
        changed_files=(),
        added_lines=0,
        removed_lines=0,
        planned=tuple(planned),
        gates=tuple(results),
    )


def test_each_root_has_a_score_of_its_own_and_the_whole_is_as_bad_as_the_worst() -> None:
    """The tests of one root fail; the other root stays as good as it is."""
    score = score_report(report(api={"tests": 40, "documentation": 100}, web={"tests": 100}), GatesConfig())
    assert list(score.roots) == ["api", "web"]
    assert (score.roots["api"].score, score.roots["api"].verdict) == (55, Verdict.FAIL)
    assert (score.roots["web"].score, score.roots["web"].verdict) == (100, Verdict.PASS)
    assert (score.score, score.verdict) == (55, Verdict.FAIL)


def test_one_project_needs_no_scores_of_roots() -> None:
    """The score of the whole says it already."""
    assert score_report(report(api={"tests": 100}), GatesConfig()).roots == {}
