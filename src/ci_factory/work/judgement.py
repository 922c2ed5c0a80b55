"""What a verdict of the gates means for the loop: done, once more, or a person. Pure."""

import re
from dataclasses import dataclass
from enum import Enum, auto

from ci_factory.config import IterationLimits
from ci_factory.model.gate import Component, GateReport, GateResult, GateStatus, Score, Verdict
from ci_factory.model.text import plain

SECRETS_GATE = "secrets"
_MENDABLE = frozenset({Component.SYNTAX, Component.TESTS})
_A_PERSONS = frozenset({Component.SECURITY, Component.POLICY})
_PARSE_RULES = frozenset({"invalid-syntax", "syntax-error", "syntax", "parse-error", "E999"})
_PASSING = re.compile(
    r"0x[0-9a-fA-F]+|\b\d+(?:\.\d+)? ?m?s\b|\b[Ll]ines? \d+|:\d+(?=[:\s]|$)|\d{4}-\d\d-\d\d[T ]\S+|/\S*/(?=[^\s/])"
)
"""Addresses, durations, line numbers, moments, folders: parts of a message that differ although the error is the same."""
_PARSE_GATES = frozenset({"syntax", "parse", "compile", "build"})


class Kind(Enum):
    """Ways a round can turn out."""

    PASSED = auto()
    MENDABLE = auto()
    """Syntax or tests fail: the agent may try again."""
    WEAK = auto()
    """Nothing fails that must hold, but the score is below the threshold: one more try."""
    BLOCKED = auto()
    """A person must decide; the agent may not mend it on its own."""
    SECRET = auto()
    """As blocked, and the change must not leave this machine."""
    UNMEASURED = auto()
    """A gate could not measure; trying again would not change that."""


@dataclass(frozen=True)
class Judgement:
    """How a round turned out, and why in sentences."""

    kind: Kind
    problems: tuple[str, ...] = ()


def judge(report: GateReport, score: Score) -> Judgement:
    """Read a verdict; what asks for a person comes before what the agent could mend."""
    if score.verdict is Verdict.PASS:
        return Judgement(Kind.PASSED)
    blocked = [gate for gate in report.gates if _is_a_persons(gate)]
    if blocked:
        secret = any(gate.gate == SECRETS_GATE for gate in blocked)
        told = ("blocked: a person must decide", *_summaries(blocked))
        return Judgement(Kind.SECRET if secret else Kind.BLOCKED, told)
    if mendable := [gate for gate in report.gates if _fails(gate) and gate.component in _MENDABLE]:
        return Judgement(Kind.MENDABLE, _summaries(mendable))
    if unmeasured := [gate for gate in report.gates if gate.status is GateStatus.INCONCLUSIVE]:
        return Judgement(Kind.UNMEASURED, tuple(f"not measured: {line}" for line in _summaries(unmeasured)))
    if score.verdict is Verdict.INCONCLUSIVE or score.score is None:
        return Judgement(Kind.UNMEASURED, ("not measured: the gates reached no verdict",))
    points = f"the score {score.score:g} is below the threshold {score.threshold:g}"
    return Judgement(Kind.WEAK, (points, *_summaries([gate for gate in report.gates if _fails(gate)])))


def limit(report: GateReport, limits: IterationLimits) -> int:
    """Rounds allowed in this context (SPEC 2)."""
    failing = [gate for gate in report.gates if _fails(gate)]
    if any(_does_not_parse(gate) for gate in failing):
        return limits.build_failures
    if any(gate.component is Component.TESTS for gate in failing):
        return limits.test_failures
    return limits.single_file if len(report.changed_files) <= 1 else limits.multi_file


def signatures(report: GateReport) -> tuple[str, ...]:
    """What fails, sorted, in words that stay the same when lines move and times differ."""
    found: set[str] = set()
    for gate in report.gates:
        if _fails(gate):
            findings = [one for one in gate.findings if one.is_new and not one.suppressed]
            found |= {f"{gate.gate} {one.rule} {one.path} {_lasting(one.message)}" for one in findings}
            found |= {f"{gate.gate} {one.path or ''} {_lasting(one.message)}" for one in gate.reasons}
    return tuple(sorted(found))


def _lasting(message: str) -> str:
    return plain(_PASSING.sub("#", message), 300)


def _fails(gate: GateResult) -> bool:
    return gate.status is GateStatus.FAIL


def _is_a_persons(gate: GateResult) -> bool:
    return gate.status is GateStatus.BLOCKED or (_fails(gate) and gate.component in _A_PERSONS)


def _does_not_parse(gate: GateResult) -> bool:
    if gate.component is not Component.SYNTAX:
        return False
    return gate.gate in _PARSE_GATES or any(one.is_new and one.rule in _PARSE_RULES for one in gate.findings)


def _summaries(gates: list[GateResult]) -> tuple[str, ...]:
    return tuple(plain(f"{gate.gate}: {gate.summary}", 300) for gate in gates)
