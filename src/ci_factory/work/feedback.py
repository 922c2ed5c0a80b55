"""A gate report in few words, for the agent that has to mend its change. Pure."""

from collections.abc import Collection, Iterator

from ci_factory.model.gate import Component, GateReport, GateResult, GateStatus, Reason, Score
from ci_factory.model.text import plain

MAX_LINES = 40
_PER_GATE = 15
_LINE_LENGTH = 400


def words(report: GateReport, score: Score, added: Collection[str] = ()) -> tuple[str, ...]:
    """What fails, one line each: the gate's summary, then `path:line: message`.

    `added` are files that the change adds: a failing test in one of them is called new, else existing.
    """
    failing = [gate for gate in report.gates if gate.status is GateStatus.FAIL]
    lines = [line for gate in failing for line in _gate_lines(gate, added)]
    if not failing:
        lines = [f"the score {score.score} is below the threshold {score.threshold:g}"]
        lines += [_place(one.path, one.line) + one.message for one in score.reasons if one.points > 0]
    told = [plain(line, _LINE_LENGTH) for line in lines[:MAX_LINES]]
    rest = len(lines) - len(told)
    return (*told, f"… and {rest} more") if rest else tuple(told)


def _gate_lines(gate: GateResult, added: Collection[str]) -> Iterator[str]:
    yield f"{gate.gate}: {gate.summary}"
    reasons = [_reason(reason, added) for reason in gate.reasons]
    findings = [
        f"{_place(one.path, one.region.line if one.region else None)}{one.rule} {one.message}"
        for one in gate.findings
        if one.is_new and not one.suppressed
    ]
    told = list(dict.fromkeys(reasons + findings))
    yield from told[:_PER_GATE]
    if len(told) > _PER_GATE:
        yield f"… and {len(told) - _PER_GATE} more of {gate.gate}"


def _reason(reason: Reason, added: Collection[str]) -> str:
    kind = ""
    if reason.component is Component.TESTS and reason.path:
        kind = "new test: " if reason.path in added else "existing test: "
    return f"{_place(reason.path, reason.line)}{kind}{reason.message}"


def _place(path: str | None, line: int | None) -> str:
    if path is None:
        return ""
    return f"{path}:{line}: " if line else f"{path}: "
