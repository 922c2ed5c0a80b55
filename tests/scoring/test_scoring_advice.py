"""A reviewing agent's findings lower a score within a bound, and do nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from ci_factory.model.gate import (
    Component,
    ComponentScore,
    GateStatus,
    ReviewFinding,
    Score,
    Severity,
    Verdict,
)
from ci_factory.model.roles import AgentReview
from ci_factory.scoring.advice import advised

TREE, OTHER = "a" * 40, "b" * 40


def score(points: float | None, verdict: Verdict, tree: str = TREE) -> Score:
    parts = {Component.TESTS: ComponentScore(score=points, weight=1, status=GateStatus.PASS)}
    return Score(
        score=points,
        verdict=verdict,
        threshold=80,
        tree=tree,
        base=OTHER,
        head=OTHER,
        config_hash="0",
        components=parts,
    )


def review(*severities: Severity, tree: str = TREE) -> AgentReview:
    found = tuple(ReviewFinding(severity=each, message="wrong") for each in severities)
    return AgentReview(agent="critic", tree=tree, findings=found)


@given(
    st.none() | st.floats(0, 100),
    st.sampled_from(Verdict),
    st.lists(st.sampled_from(Severity), max_size=50),
    st.floats(0, 50),
)
def test_never_raised_and_never_lowered_beyond_the_bound(
    points: float | None, verdict: Verdict, severities: list[Severity], most: float
) -> None:
    """Whatever is found: between what it was less the bound and what it was; and no verdict becomes a better one."""
    before = score(points, verdict)
    after = advised(before, review(*severities), most)
    if points is None:
        assert after.score is None
    else:
        assert after.score is not None
        assert max(0.0, points - most) - 0.01 <= after.score <= points
    assert after.verdict in {verdict, Verdict.FAIL}
    assert after.verdict is verdict or verdict is Verdict.PASS


def test_each_severity_has_its_price() -> None:
    """10, 5, 2, 1 and nothing."""
    after = advised(score(100, Verdict.PASS), review(*Severity), 50)
    assert after.score == 82
    assert after.advice is not None
    assert (after.advice.points, after.advice.most) == (18, 50)


def test_below_the_threshold_a_change_fails() -> None:
    """As any other change does."""
    after = advised(score(84, Verdict.PASS), review(Severity.HIGH), 10)
    assert (after.score, after.verdict) == (79, Verdict.FAIL)


def test_a_review_of_another_tree_says_nothing() -> None:
    """The score stays the same in every part."""
    before = score(84, Verdict.PASS)
    assert advised(before, review(Severity.CRITICAL, tree=OTHER), 10) == before


def test_without_a_reviewer_nothing_changes() -> None:
    """The score stays the same in every part."""
    before = score(84, Verdict.PASS)
    assert advised(before, None, 10) == before


def test_a_score_at_the_threshold_still_passes() -> None:
    """Only below it a change fails."""
    after = advised(score(85, Verdict.PASS), review(Severity.HIGH), 10)
    assert (after.score, after.verdict) == (80, Verdict.PASS)


def test_points_have_two_places() -> None:
    """What is lost and what is left are rounded."""
    after = advised(score(90.126, Verdict.PASS), review(Severity.CRITICAL), 3.4567)
    assert after.advice is not None
    assert (after.advice.points, after.score) == (3.46, 86.67)


def test_what_has_no_score_can_lose_nothing_and_the_advice_is_told() -> None:
    """Unknown stays unknown."""
    after = advised(score(None, Verdict.INCONCLUSIVE), review(Severity.CRITICAL), 10)
    assert after.advice is not None
    assert (after.score, after.advice.points, after.advice.agent) == (None, 0, "critic")
