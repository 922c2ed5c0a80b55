"""What is said about a change's tests: every point that is lost, and what a reader should know, with its place. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from ci_factory.gates.testing.compare import Remark
from ci_factory.gates.testing.evidence import Evidence
from ci_factory.gates.testing.judged import Judged
from ci_factory.gates.testing.manipulation import unexecuted
from ci_factory.gates.testing.newlines import ranges
from ci_factory.gates.testing.proof import Verdict
from ci_factory.gates.testing.suite import Case, Suite
from ci_factory.model.gate import Component, Reason

_MAX_REASONS = 50
_MAX_NAMES = 5
_COVERAGE_SLACK = 0.5
"""Percentage points by which the total may fall without a remark."""
_FULL = 100.0


def _reason(message: str, path: str | None = None, line: int | None = None, points: float = 0) -> Reason:
    return Reason(component=Component.TESTS, points=points, message=message, path=path or None, line=line)


def told(found: Judged, unproven: float, unnoticed: float) -> Iterator[Reason]:
    """All reasons. `unproven` and `unnoticed` are the points that proof and mutants cost."""
    evidence = found.evidence
    yield from (_reason(f"the test run was manipulated: {text}") for text in found.manipulated)
    yield from _listed(found.failing, _FULL / found.total if found.total else 0)
    yield from _listed(found.taken, 0)
    yield from _listed(_remarks(found), 0)
    if found.untried and unproven + unnoticed:
        yield _reason("nothing is proven while a test fails", points=unproven + unnoticed)
        unproven = unnoticed = 0
    yield from _proof_reasons(evidence, unproven)
    yield from _mutant_reasons(evidence, unnoticed)
    if found.measures_coverage:
        yield from _coverage_reasons(found)
        yield from _total_coverage(evidence.base.suite, evidence.head)
    else:
        yield _reason("the coverage of new lines is not measured: set gates.tests.coverage")
    if found.unknown:
        yield _reason(found.unknown)


def _listed(remarks: Sequence[Remark], points: float) -> list[Reason]:
    told = [_reason(each.text, each.case.file, each.case.line, points) for each in remarks[:_MAX_REASONS]]
    rest = len(remarks) - len(told)
    return [*told, _reason(f"… and {rest} tests more", points=points * rest)] if rest else told


def _remarks(found: Judged) -> list[Remark]:
    """What a reader should know and that costs nothing."""
    evidence = found.evidence
    shown = [
        Remark(case, f"flaky test {case.name}, on the base too: not counted") for case in evidence.flaky.old
    ]
    shown += [Remark(each.case, f"flaky on this change: {each.text}") for each in evidence.old.shaky]
    shown += [
        Remark(each.case, f"{each.case.name} has other parameters now; with the old ones it passes")
        for each in found.replaced
    ]
    shown += [
        Remark(case, f"{case.name} passes without running a line of its own") for case in unexecuted(evidence)
    ]
    return [*shown, *_renamed(evidence.functions.moved, evidence.head)]


def _renamed(moved: Mapping[tuple[str, str], tuple[str, str]], head: Suite) -> list[Remark]:
    first = {(case.file, case.function): case for case in reversed(head.cases)}
    return [
        Remark(first[new], f"{old[1]} of {old[0]} is {new[1]} now: renamed, not lost")
        for old, new in sorted(moved.items())
        if new in first
    ]


def _proof_reasons(evidence: Evidence, points: float) -> Iterator[Reason]:
    proof = evidence.proof
    if proof.verdict is Verdict.UNKNOWN:
        yield _reason(
            f"whether the tests prove the change is unknown: {proof.problem or 'they do not run without it'}"
        )
    elif proof.verdict is Verdict.NO_TEST:
        yield _reason("no new test proves this change", points=points)
    elif proof.verdict is Verdict.UNPROVEN:
        first = proof.passing[0]
        text = f"not proven: the {_names(proof.passing)} of this change also pass on the base's source"
        yield _reason(text, first.file, first.line, points)
    elif proof.verdict is Verdict.BY_ABSENCE:
        yield _reason(f"proven by absence: what the {_names(proof.failing)} ask for is not on the base")
    elif proof.verdict is Verdict.PROVEN and proof.passing:
        yield _reason(f"the {_names(proof.passing)} prove nothing about this change: they pass without it")
    if evidence.flaky.problem:
        yield _reason(f"whether tests are flaky is unknown: {evidence.flaky.problem}")


def _names(cases: Sequence[Case]) -> str:
    names = list(dict.fromkeys(case.name for case in cases))
    rest = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return f"new tests {', '.join(names[:_MAX_NAMES])}{rest}"


def _mutant_reasons(evidence: Evidence, points: float) -> Iterator[Reason]:
    trial = evidence.trial
    missed = [(each, f"no test notices when {each.said}") for each in trial.survivors]
    missed += [(each, f"no test runs this line: {each.said} is not noticed") for each in trial.uncovered]
    for each, text in missed:
        yield _reason(text, each.path, each.line, points / len(missed))
    if trial.untried:
        yield _reason(f"{trial.untried} mutants were not tried in time (gates.tests.mutants.seconds)")
    if trial.problem:
        yield _reason(f"whether tests notice faults in the new lines is unknown: {trial.problem}")


def _coverage_reasons(found: Judged) -> list[Reason]:
    lines, config = found.lines, found.evidence.subject.config.gates.tests
    unknown = [_reason("the coverage report says nothing about this file", path) for path in lines.unknown]
    if lines.percent is None or lines.percent >= config.coverage_target:
        return unknown
    bound = "minimum" if lines.percent < config.coverage_minimum else "target"
    wanted = config.coverage_minimum if bound == "minimum" else config.coverage_target
    text = f"{lines.percent:.0f} % of {lines.total} new lines covered, below the {bound} of {wanted:g} %"
    return unknown + [
        _reason(f"{text}; no test runs {ranges(missed)}", path, missed[0])
        for path, missed in lines.missing[:_MAX_REASONS]
    ]


def _total_coverage(base: Suite | None, head: Suite) -> list[Reason]:
    if base is None or base.percent is None or head.percent is None:
        return []
    if head.percent >= base.percent - _COVERAGE_SLACK:
        return []
    return [_reason(f"coverage of everything fell from {base.percent:.1f} % to {head.percent:.1f} %")]
