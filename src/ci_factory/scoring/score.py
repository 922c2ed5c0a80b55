"""A gate report to one score and one verdict. Pure: the same report gives the same bytes."""

from collections.abc import Iterable, Mapping, Sequence

from ci_factory.config import GatesConfig
from ci_factory.model.gate import (
    Component,
    ComponentScore,
    GateReport,
    GateResult,
    GateStatus,
    Reason,
    Score,
    Verdict,
)
from ci_factory.scoring.components import Judged, judge
from ci_factory.scoring.expected import EXPECTED


def score_report(report: GateReport, gates: GatesConfig) -> Score:
    """Score a report by SPEC 5.4, with the weights and the threshold of the configuration.

    Components all of whose gates are disabled are left out, and the other weights are scaled to sum to 1. A
    component that could not be measured has no score and adds no points.
    """
    judged = _judged(report, gates)
    weights = _weights(judged, gates)
    score = _weighted(judged, weights, unknown=0)
    known = any(judged[component].score is not None for component in weights)
    return Score(
        score=score if known else None,
        verdict=_verdict(judged, weights, score, gates.threshold),
        threshold=gates.threshold,
        tree=report.tree,
        base=report.base,
        head=report.head,
        config_hash=report.config_hash,
        components={
            component: ComponentScore(
                score=each.score, weight=weights.get(component, 0.0), status=each.status
            )
            for component, each in judged.items()
        },
        reasons=_sorted(reason for each in judged.values() for reason in each.reasons),
    )


def _judged(report: GateReport, gates: GatesConfig) -> dict[Component, Judged]:
    """Every component that has an enabled gate."""
    found = {}
    for component in Component:
        expected = [
            name for name, feeds in EXPECTED.items() if feeds is component and name not in gates.disabled
        ]
        if expected:
            results = [each for each in report.gates if each.gate in expected and each.component is component]
            missing = [name for name in expected if not _once(name, results)]
            found[component] = judge(component, results, missing)
    return found


def _once(name: str, results: Sequence[GateResult]) -> bool:
    return sum(result.gate == name for result in results) == 1


def _weights(judged: Mapping[Component, Judged], gates: GatesConfig) -> dict[Component, float]:
    """Weights of what is scored, summing to 1 (all 0 when nothing that counts is enabled)."""
    given = {
        component: gates.weights.get(component, 0.0)
        for component in judged
        if component is not Component.POLICY
    }
    total = sum(given.values())
    return {component: round(weight / total, 6) if total else 0.0 for component, weight in given.items()}


def _weighted(
    judged: Mapping[Component, Judged], weights: Mapping[Component, float], *, unknown: float
) -> float:
    points = {component: judged[component].score for component in weights}
    total = sum(
        weight * (unknown if (known := points[component]) is None else known)
        for component, weight in weights.items()
    )
    return round(min(100.0, total), 2)


def _verdict(
    judged: Mapping[Component, Judged], weights: Mapping[Component, float], score: float, threshold: float
) -> Verdict:
    """Blocked before fail before inconclusive before pass."""
    statuses = {each.status for each in judged.values()}
    if GateStatus.BLOCKED in statuses:
        return Verdict.BLOCKED
    # Too low even if everything unknown turned out well.
    hopeless = any(weights.values()) and _weighted(judged, weights, unknown=100) < threshold
    if GateStatus.FAIL in statuses or hopeless:
        return Verdict.FAIL
    if GateStatus.INCONCLUSIVE in statuses or score < threshold:
        return Verdict.INCONCLUSIVE
    return Verdict.PASS


def _sorted(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    order = list(Component)

    def place(reason: Reason) -> tuple[int, float, str, int, str]:
        where = reason.path or "", reason.line or 0
        return order.index(reason.component), -reason.points, *where, reason.message

    return tuple(sorted(reasons, key=place))
