"""A gate report to one score and one verdict. Pure: the same report gives the same bytes."""

from collections.abc import Iterable, Mapping, Sequence

from ci_factory.model.gate import (
    Component,
    ComponentScore,
    GateReport,
    GateResult,
    GateStatus,
    PlannedGate,
    Reason,
    RootScore,
    Score,
    Verdict,
)
from ci_factory.model.gate_settings import GatesConfig
from ci_factory.scoring.components import Judged, judge
from ci_factory.scoring.expected import EXPECTED

_FULL = 100.0
MOST_UNPROVEN = 99.0
"""Score of a change of which something without a weight could not be measured, at most: it never scores 100 (SPEC 5)."""


def score_report(report: GateReport, gates: GatesConfig) -> Score:
    """Score a report by SPEC 5.4, with the weights and the threshold of the configuration.

    Components all of whose gates are disabled are left out, and the other weights are scaled to sum to 1. A
    component that could not be measured has no score and adds no points.
    """
    expected = _expected(report, gates)
    judged = _judged(expected, report.gates)
    whole = _root_score(judged, gates)
    roots = sorted({each.root for each in expected})
    return Score(
        score=whole.score,
        verdict=whole.verdict,
        threshold=gates.threshold,
        tree=report.tree,
        base=report.base,
        head=report.head,
        config_hash=report.config_hash,
        components=whole.components,
        roots={root: _one_root(root, expected, report, gates) for root in roots} if len(roots) > 1 else {},
        reasons=_sorted(reason for each in judged.values() for reason in each.reasons),
    )


def _expected(report: GateReport, gates: GatesConfig) -> list[PlannedGate]:
    """What the run had planned; every built-in gate when it did not say."""
    planned = report.planned or [
        PlannedGate(gate=name, component=component) for name, component in EXPECTED.items()
    ]
    return [each for each in planned if each.gate not in gates.disabled]


def _one_root(
    root: str, expected: Sequence[PlannedGate], report: GateReport, gates: GatesConfig
) -> RootScore:
    ours = [each for each in expected if each.root == root]
    return _root_score(_judged(ours, report.gates), gates)


def _root_score(judged: Mapping[Component, Judged], gates: GatesConfig) -> RootScore:
    weights = _weights(judged, gates)
    score = _weighted(judged, weights, unknown=0)
    verdict = _verdict(judged, weights, score, gates.threshold)
    known = any(judged[component].score is not None for component in weights)
    most = MOST_UNPROVEN if verdict is Verdict.INCONCLUSIVE else _FULL
    return RootScore(
        score=min(score, most) if known else None,
        verdict=verdict,
        components={
            component: ComponentScore(
                score=each.score, weight=weights.get(component, 0.0), status=each.status
            )
            for component, each in judged.items()
        },
    )


def _judged(expected: Sequence[PlannedGate], results: Sequence[GateResult]) -> dict[Component, Judged]:
    """Every component that has a gate which was not skipped."""
    skipped = {each.gate for each in results if each.status is GateStatus.SKIPPED}
    found = {}
    for component in Component:
        names = [each.gate for each in expected if each.component is component and each.gate not in skipped]
        if names:
            ours = [each for each in results if each.gate in names and each.component is component]
            missing = [name for name in names if not _once(name, ours)]
            found[component] = judge(component, ours, missing)
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
