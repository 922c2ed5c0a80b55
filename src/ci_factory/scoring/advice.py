"""What a reviewing agent's findings take from a score. Pure.

They are advice: within a bound they lower it, they never raise it, and what was blocked or not measured stays so.
"""

from collections.abc import Mapping

from ci_factory.model.gate import Advice, Score, Severity, Verdict
from ci_factory.model.roles import AgentReview

POINTS: Mapping[Severity, float] = {
    Severity.CRITICAL: 10,
    Severity.HIGH: 5,
    Severity.MEDIUM: 2,
    Severity.LOW: 1,
    Severity.INFO: 0,
}
"""Of the whole score, for each finding."""


def advised(score: Score, review: AgentReview | None, most: float) -> Score:
    """The score with a review of the same tree taken into account; at most `most` points are lost."""
    if review is None or review.tree != score.tree:
        return score
    asked = sum(POINTS[each.severity] for each in review.findings)
    lost = round(min(asked, most, score.score or 0.0), 2)
    advice = Advice(
        agent=review.agent,
        points=lost,
        most=most,
        summary=review.summary,
        findings=review.findings,
        problem=review.problem,
    )
    if score.score is None or not lost:
        return score.model_copy(update={"advice": advice})
    left = round(score.score - lost, 2)
    failed = score.verdict is Verdict.PASS and left < score.threshold
    verdict = Verdict.FAIL if failed else score.verdict
    return score.model_copy(update={"score": left, "verdict": verdict, "advice": advice})
