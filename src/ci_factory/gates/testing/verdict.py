"""What the evidence says: status, score and reasons. Pure but for asking what the change removed.

Score: passed / (passed + failed) x 100, less the points for what is not proven: `points.unproven` when no test fails
without the change, and `points.mutants` x the share of mutants that no test notices. While a test fails neither is tried,
and both cost everything: a failing change may not score above one that was put to the proof. What else is unknown costs
nothing.
"""

from ci_factory.gates.protocol import Judgement
from ci_factory.gates.survey import survey
from ci_factory.gates.testing import compare, presented, reasons
from ci_factory.gates.testing.compare import Remark
from ci_factory.gates.testing.evidence import Evidence
from ci_factory.gates.testing.judged import Judged
from ci_factory.gates.testing.manipulation import manipulations
from ci_factory.gates.testing.newlines import NewLines
from ci_factory.gates.testing.suite import Case
from ci_factory.gates.tools import INSTALL
from ci_factory.model.gate import GateStatus

_FULL = 100.0


def judge(evidence: Evidence, lines: NewLines, *, measures_coverage: bool) -> Judgement:
    """Judge the tests of a change. `measures_coverage`: whether coverage was asked for at all."""
    found = _sort(evidence, lines, measures_coverage=measures_coverage)
    status = _status(found)
    unproven, unnoticed = _proof_points(found), _mutant_points(found)
    score = _FULL * found.passed / found.total if found.total else 0.0
    unscored = status is GateStatus.INCONCLUSIVE or found.manipulated
    return Judgement(
        status,
        _summary(found),
        score=None if unscored else max(0.0, score - unproven - unnoticed),
        reasons=tuple(reasons.told(found, unproven, unnoticed)),
        figures=_figures(found),
        tools=evidence.head.tools,
        cases=presented.cases(evidence.head),
        coverage=presented.coverage(evidence.head),
    )


def _sort(evidence: Evidence, lines: NewLines, *, measures_coverage: bool) -> Judged:
    head, base, moved = evidence.head, evidence.base.suite, evidence.functions.moved
    renames = evidence.subject.change.renames
    shaky_before = {case.id for case in evidence.flaky.old}
    failing = [
        each
        for each in compare.failures(base, head, renames, moved)
        if each.case.id not in shaky_before | {case.id for case in evidence.flaky.new}
    ]
    failing += [Remark(case, _new_flaky(case, evidence)) for case in evidence.flaky.new]
    lost = compare.lost(base, head, renames, moved) if base else []
    spared = compare.replaced(lost, base, head, renames) if base and evidence.old.clean else []
    unknown = evidence.base.problem or evidence.old.problem
    if measures_coverage and not unknown:
        unknown = _coverage_problem(lines)
    remaining = [_with_subject(each, evidence) for each in lost if each not in spared]
    return Judged(
        evidence=evidence,
        lines=lines,
        failing=failing,
        lost=remaining,
        replaced=spared,
        manipulated=manipulations(evidence),
        unknown=unknown,
        measures_coverage=measures_coverage,
    )


def _new_flaky(case: Case, evidence: Evidence) -> str:
    known = "steady on the base" if case.id in evidence.before else "a new test"
    times = evidence.flaky.reruns
    said = f": {case.message}" if case.message else ""
    return f"new flaky test {case.name}: it passed and failed in {times + 1} runs ({known}){said}"


def _with_subject(remark: Remark, evidence: Evidence) -> Remark:
    """Say so when what a lost test tested went with it."""
    if not remark.text.endswith("is gone"):
        return remark
    function = evidence.functions.before.get((remark.case.file, remark.case.function))
    gone = sorted(_removed(evidence) & function.mentions) if function else []
    return Remark(remark.case, f"{remark.text}, with {', '.join(gone)} that it tests") if gone else remark


def _removed(evidence: Evidence) -> set[str]:
    """Public names that the change takes away."""
    names = [
        {
            name.name.rsplit(".", 1)[-1]
            for facts in survey(evidence.subject, side).values()
            for name in facts.names
        }
        for side in ("base", "head")
    ]
    return names[0] - names[1]


def _coverage_problem(lines: NewLines) -> str:
    if lines.total and lines.covered is None:
        return f"coverage of {lines.total} new lines could not be measured; {INSTALL} for the project's interpreter"
    return ""


def _status(found: Judged) -> GateStatus:
    if found.manipulated or found.taken:
        return GateStatus.BLOCKED
    config = found.evidence.subject.config.gates.tests
    bare = found.lines.percent is not None and found.lines.percent < config.coverage_minimum
    if found.failing or bare:
        return GateStatus.FAIL
    return GateStatus.INCONCLUSIVE if found.unknown or not found.total else GateStatus.PASS


def _proof_points(found: Judged) -> float:
    config = found.evidence.subject.config.gates.tests
    untried = config.proof and found.untried
    return config.points.unproven if untried or found.evidence.proof.proven is False else 0.0


def _mutant_points(found: Judged) -> float:
    config, share = found.evidence.subject.config.gates.tests, found.evidence.trial.share
    if share is None:
        return config.points.mutants if config.mutants.sample and found.untried else 0.0
    return config.points.mutants * (1 - share)


def _summary(found: Judged) -> str:
    evidence, lines = found.evidence, found.lines
    parts = [f"{found.passed} of {found.total} tests pass"]
    if found.manipulated:
        parts.insert(0, "the test run was manipulated")
    for count, what in (
        (len(found.lost), "existing tests lost"),
        (len(evidence.old.weakened), "existing tests weakened"),
        (len(evidence.flaky.new), "new flaky tests"),
    ):
        parts += [f"{count} {what}"] if count else []
    if lines.percent is not None:
        parts.append(f"{lines.percent:.0f} % of new lines covered")
    elif not lines.total:
        parts.append("no new executable line")
    if evidence.trial.total:
        parts.append(f"{evidence.trial.killed} of {evidence.trial.total} mutants noticed")
    return ", ".join([*parts, found.unknown] if found.unknown else parts)


def _figures(found: Judged) -> dict[str, float | None]:
    evidence, head, base = found.evidence, found.evidence.head, found.evidence.base.suite
    proven, trial = evidence.proof.proven, evidence.trial
    return {
        "total": found.total,
        "passed": found.passed,
        "failed": len(found.failing),
        "not_run": len(head.cases) - len(head.counted),
        "lost": len(found.lost) if base else None,
        "weakened": len(evidence.old.weakened) if base else None,
        "renamed": len(evidence.functions.moved) if base else None,
        "flaky": len(evidence.flaky.ids) + len(evidence.old.shaky),
        "flaky_new": len(evidence.flaky.new),
        "new_lines": found.lines.total,
        "coverage_new": found.lines.percent,
        "coverage": head.percent,
        "coverage_base": base.percent if base else None,
        "proof": None if proven is None else float(proven),
        "mutants_total": trial.total or None,
        "mutants_killed": trial.killed if trial.total else None,
    }
