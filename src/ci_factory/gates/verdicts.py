"""How findings become a judgement: two rules, each used by several gates."""

from collections import Counter
from collections.abc import Mapping, Sequence

from ci_factory.gates import findings
from ci_factory.gates.protocol import Judgement
from ci_factory.model.gate import Finding, GateStatus, Reason, Severity

NOTHING = Judgement(GateStatus.PASS, "no Python file changed", score=100)
"""There is nothing to look at."""


def zero_errors(found: Sequence[Finding], noun: str, tools: Mapping[str, str]) -> Judgement:
    """Syntax and style: any new finding fails; 100 or 0."""
    fresh = findings.new(found)
    return Judgement(
        GateStatus.FAIL if fresh else GateStatus.PASS,
        findings.summary(found, noun),
        score=0 if fresh else 100,
        findings=findings.shortened(found),
        figures={"new": len(fresh), "old": len(found) - len(fresh)},
        tools=tools,
    )


def no_severe(
    found: Sequence[Finding], noun: str, tools: Mapping[str, str], remarks: tuple[Reason, ...] = ()
) -> Judgement:
    """Security: a new critical or high finding blocks, medium warns, low informs. Scored over all its gates."""
    fresh = findings.new(found)
    severe = any(finding.severity.rank <= Severity.HIGH.rank for finding in fresh)
    counts = Counter(finding.severity for finding in fresh)
    detail = ", ".join(f"{counts[severity]} {severity}" for severity in Severity if counts[severity])
    text = findings.summary(found, noun)
    return Judgement(
        GateStatus.BLOCKED if severe else GateStatus.PASS,
        f"{text} ({detail})" if detail else text,
        reasons=remarks,
        findings=findings.shortened(found),
        figures={
            **{severity.value: counts[severity] for severity in Severity},
            "old": len(found) - len(fresh),
        },
        tools=tools,
    )
