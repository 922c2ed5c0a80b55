"""The project's tests: all pass, none is lost or weakened, and they run the new lines.

Score: passed / (passed + failed) x 100.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ci_factory.gates import configuration
from ci_factory.gates.change import is_test, is_test_module
from ci_factory.gates.protocol import Judgement, Unmeasurable
from ci_factory.gates.subject import Subject
from ci_factory.gates.testing import compare
from ci_factory.gates.testing.compare import Remark
from ci_factory.gates.testing.environment import Interpreter, ask
from ci_factory.gates.testing.newlines import NewLines, new_lines, ranges, sources
from ci_factory.gates.testing.run import run_suite
from ci_factory.gates.testing.suite import Suite
from ci_factory.gates.tools import INSTALL
from ci_factory.model.gate import Component, GateStatus, Reason

_MAX_REASONS = 50
_COVERAGE_SLACK = 0.5
"""Percentage points by which the total may fall without a remark."""


@dataclass(frozen=True)
class _BaseSide:
    """What the base says; `problem` when it could not be asked."""

    suite: Suite | None = None
    weakened: Sequence[Remark] = ()
    problem: str = ""


class TestsGate:
    """Fails on a failing test or too little coverage of new lines; blocks on a lost or weakened test."""

    __test__ = False  # not a test class, whatever pytest thinks of its name
    component = Component.TESTS

    def judge(self, subject: Subject) -> Judgement:
        """Run the tests of both sides at the same time, and the base's version of changed tests on the head."""
        python = ask(subject)
        with ThreadPoolExecutor(2) as pool:
            running = pool.submit(_run_base, subject, python)
            head = _run_head(subject, python)
            suite, problem = running.result()
        if not head.counted:
            fix = "add a test, or put `tests` in gates.disabled"
            raise Unmeasurable("no test ran" if head.cases else "no test was collected", fix=fix)
        return _judge(subject, head, _compare(subject, python, suite, problem, head))


def _settings(subject: Subject, python: Interpreter) -> dict[str, object]:
    config, base = subject.config.gates.tests, subject.folder("base")
    return {
        "tool": "tests",
        "files": [configuration.pytest_file(base), configuration.coverage_file(base)],
        "python": [python.path, python.versions],
        "limits": [config.timeout_seconds, config.test_timeout_seconds],
        "args": list(config.args),
    }


def _run_head(subject: Subject, python: Interpreter) -> Suite:
    wanted = sources(subject)
    key = {**_settings(subject, python), "coverage_of": wanted}
    folder = subject.folder("head", "tests")
    return subject.measure("head", key, Suite, lambda: run_suite(subject, folder, python, coverage_of=wanted))


def _run_base(subject: Subject, python: Interpreter) -> tuple[Suite | None, str]:
    key = {**_settings(subject, python), "coverage_of": []}

    def run() -> Suite:
        return run_suite(subject, subject.folder("base", "tests"), python, coverage_of=())

    try:
        return subject.measure("base", key, Suite, run), ""
    except Unmeasurable as error:
        return None, f"on the base, {error.what}"


def _compare(
    subject: Subject, python: Interpreter, base: Suite | None, problem: str, head: Suite
) -> _BaseSide:
    if base is None:
        return _BaseSide(problem=problem)
    try:
        return _BaseSide(base, _weakened(subject, python, base, head))
    except Unmeasurable as error:
        return _BaseSide(base, problem=f"with the base's version of the changed tests, {error.what}")


def _weakened(subject: Subject, python: Interpreter, base: Suite, head: Suite) -> list[Remark]:
    """Run the base's version of the test files that the change touches on the head's source."""
    holders = {case.file for case in base.cases}
    touched = [
        change.old_path
        for change in subject.change.files
        if change.status != "A" and (is_test(change.old_path) or change.old_path in holders)
    ]
    modules = sorted(path for path in touched if path in holders)
    helpers = [path for path in touched if path not in holders and not is_test_module(path)]
    if not modules and not helpers:
        return []
    only = [] if helpers else modules
    put = tuple(subject.base_entries[path] for path in touched)
    key = {
        **_settings(subject, python),
        "old tests": [[entry.path, entry.mode, entry.blob] for entry in put],
        "only": only,
    }

    def run() -> Suite:
        tree, laid = subject.change.head_tree, subject.overlay
        folder = subject.checkouts.folder("old-tests", tree, (*laid.put, *put), laid.drop)
        return run_suite(subject, folder, python, only=only)

    again = subject.measure("head", key, Suite, run)
    return compare.weakened(base, again, head, subject.change.renames, only or None)


def _judge(subject: Subject, head: Suite, base: _BaseSide) -> Judgement:
    renames = subject.change.renames
    failing = compare.failures(base.suite, head, renames)
    lost = compare.lost(base.suite, head, renames) if base.suite else []
    lines = new_lines(subject, head)
    unknown = base.problem or _coverage_problem(lines)
    status = _status(subject, failing, [*lost, *base.weakened], lines, unknown)
    total = len(head.counted)
    passed = total - len(failing)
    reasons = [
        *_reasons(failing, 100 / total),
        *_reasons([*lost, *base.weakened], 0),
        *_coverage_reasons(subject, lines),
        *_total_coverage(base.suite, head),
        *([_reason(unknown)] if unknown else []),
    ]
    return Judgement(
        status,
        _summary(passed, total, len(lost), len(base.weakened), lines, unknown),
        score=None if status is GateStatus.INCONCLUSIVE else 100 * passed / total,
        reasons=tuple(reasons),
        figures=_figures(head, base, len(lost), lines),
        tools=head.tools,
    )


def _figures(head: Suite, base: _BaseSide, lost: int, lines: NewLines) -> dict[str, float | None]:
    return {
        "total": len(head.counted),
        "passed": len(head.counted) - len(head.bad),
        "failed": len(head.bad),
        "not_run": len(head.cases) - len(head.counted),
        "lost": lost if base.suite else None,
        "weakened": len(base.weakened) if base.suite else None,
        "new_lines": lines.total,
        "coverage_new": lines.percent,
        "coverage": head.percent,
        "coverage_base": base.suite.percent if base.suite else None,
    }


def _coverage_problem(lines: NewLines) -> str:
    if lines.total and lines.covered is None:
        return f"coverage of {lines.total} new lines could not be measured; {INSTALL} for the project's interpreter"
    return ""


def _status(
    subject: Subject, failing: Sequence[Remark], taken: Sequence[Remark], lines: NewLines, unknown: str
) -> GateStatus:
    if taken:
        return GateStatus.BLOCKED
    bare = lines.percent is not None and lines.percent < subject.config.gates.tests.coverage_minimum
    if failing or bare:
        return GateStatus.FAIL
    return GateStatus.INCONCLUSIVE if unknown else GateStatus.PASS


def _summary(passed: int, total: int, lost: int, weakened: int, lines: NewLines, unknown: str) -> str:
    parts = [f"{passed} of {total} tests pass"]
    if lost:
        parts.append(f"{lost} existing tests lost")
    if weakened:
        parts.append(f"{weakened} existing tests weakened")
    if lines.percent is not None:
        parts.append(f"{lines.percent:.0f} % of new lines covered")
    elif not lines.total:
        parts.append("no new executable line")
    return ", ".join([*parts, unknown] if unknown else parts)


def _reason(message: str, path: str | None = None, line: int | None = None, points: float = 0) -> Reason:
    return Reason(component=Component.TESTS, points=points, message=message, path=path or None, line=line)


def _reasons(remarks: Sequence[Remark], points: float) -> list[Reason]:
    told = [_reason(each.text, each.case.file, each.case.line, points) for each in remarks[:_MAX_REASONS]]
    rest = len(remarks) - len(told)
    return [*told, _reason(f"… and {rest} tests more", points=points * rest)] if rest else told


def _coverage_reasons(subject: Subject, lines: NewLines) -> list[Reason]:
    config = subject.config.gates.tests
    if lines.percent is None or lines.percent >= config.coverage_target:
        return []
    bound = "minimum" if lines.percent < config.coverage_minimum else "target"
    wanted = config.coverage_minimum if bound == "minimum" else config.coverage_target
    text = f"{lines.percent:.0f} % of {lines.total} new lines covered, below the {bound} of {wanted:g} %"
    return [
        _reason(f"{text}; no test runs {ranges(missed)}", path, missed[0])
        for path, missed in lines.missing[:_MAX_REASONS]
    ]


def _total_coverage(base: Suite | None, head: Suite) -> list[Reason]:
    if base is None or base.percent is None or head.percent is None:
        return []
    if head.percent >= base.percent - _COVERAGE_SLACK:
        return []
    return [_reason(f"coverage of everything fell from {base.percent:.1f} % to {head.percent:.1f} %")]
