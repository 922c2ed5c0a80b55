"""Gate results of one component to its score, status and reasons. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from ci_factory.model.gate import Component, Finding, GateResult, GateStatus, Reason, Severity

SECURITY_POINTS = {Severity.CRITICAL: 50, Severity.HIGH: 20, Severity.MEDIUM: 5}
"""SPEC 5.4: 100 - (50 critical + 20 high + 5 medium), not below 0; lower severities cost nothing."""
WORST_FIRST = (
    GateStatus.BLOCKED,
    GateStatus.FAIL,
    GateStatus.INCONCLUSIVE,
    GateStatus.PASS,
    GateStatus.SKIPPED,
)
_FULL = 100.0
_LEAST = 1e-6
"""Points below this are no claim: nothing can be scaled by them."""


@dataclass(frozen=True)
class Judged:
    """One component."""

    component: Component
    status: GateStatus
    score: float | None
    """`None` when one of its gates is inconclusive or missing."""
    reasons: tuple[Reason, ...]
    """Points add up to what is missing to 100."""


def judge(component: Component, results: Sequence[GateResult], missing: Sequence[str]) -> Judged:
    """Bring the results of a component's gates together; `missing` names gates that gave none."""
    problems = [
        _problem(component, f"{result.gate} is inconclusive: {result.summary}")
        for result in results
        if result.status is GateStatus.INCONCLUSIVE
    ]
    problems += [_problem(component, f"there is no result of {name}") for name in missing]
    score = None if problems else _score(component, results)
    statuses = [_status(result) for result in results] + [GateStatus.INCONCLUSIVE for _ in missing]
    if score is None and component is not Component.POLICY:
        statuses.append(GateStatus.INCONCLUSIVE)
    raw = [*problems, *(reason for result in results for reason in _reasons(component, result))]
    lost = 0.0 if component is Component.POLICY else _FULL - (score or 0.0)
    return Judged(component, min(statuses, key=WORST_FIRST.index), score, _shares(component, raw, lost))


def counted(results: Sequence[GateResult]) -> list[Finding]:
    """Findings that count: brought by the change, not suppressed."""
    return [each for result in results for each in result.findings if each.is_new and not each.suppressed]


def _problem(component: Component, text: str) -> Reason:
    return Reason(component=component, points=_FULL, message=text)


def _status(result: GateResult) -> GateStatus:
    """What the gate says, or worse if its findings say worse: a report is not believed against itself."""
    severe = any(finding.severity.rank <= Severity.HIGH.rank for finding in counted([result]))
    if result.component is Component.SECURITY and severe:
        return GateStatus.BLOCKED
    return result.status


def _score(component: Component, results: Sequence[GateResult]) -> float | None:
    if component is Component.SECURITY:
        return max(0.0, _FULL - sum(SECURITY_POINTS.get(finding.severity, 0) for finding in counted(results)))
    scores = [result.score for result in results if result.score is not None]
    return min(scores, default=None)


def _reasons(component: Component, result: GateResult) -> list[Reason]:
    said = [reason.model_copy(update={"component": component}) for reason in result.reasons]
    found = counted([result])
    errors = [finding for finding in found if finding.severity.rank <= Severity.HIGH.rank]
    # Beside errors, warnings cost nothing; a linter without a notion of warnings has errors only.
    costly = {id(finding) for finding in errors or found}
    return [*said, *(_from_finding(component, each, costs=id(each) in costly) for each in found)]


def _from_finding(component: Component, finding: Finding, *, costs: bool) -> Reason:
    security = component is Component.SECURITY
    full = _FULL if costs else 0.0
    return Reason(
        component=component,
        points=SECURITY_POINTS.get(finding.severity, 0) if security else full,
        message=f"{finding.severity} {finding.rule}: {finding.message}"
        if security
        else f"{finding.rule}: {finding.message}",
        path=finding.path,
        line=finding.region.line if finding.region else None,
    )


def _shares(component: Component, reasons: list[Reason], lost: float) -> tuple[Reason, ...]:
    """Scale the points so that they add up to what was lost (several gates may claim the same loss)."""
    claimed = sum(reason.points for reason in reasons)
    if claimed < _LEAST:
        told = [each.model_copy(update={"points": 0.0}) for each in reasons]
        nobody = Reason(component=component, points=round(lost, 2), message="its gates gave no reason")
        return (*told, nobody) if lost > 0 else tuple(told)
    factor = lost / claimed
    return tuple(each.model_copy(update={"points": round(each.points * factor, 2)}) for each in reasons)
