"""A project's own command that runs tests besides those of the tests gate, and reports them as JUnit or `go test -json`.

Score: passed / (passed + failed) x 100, as of the tests gate.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ci_factory.errors import ArtifactError
from ci_factory.gates.command import remarks, skip, touches
from ci_factory.gates.findings import clean
from ci_factory.gates.program import Program
from ci_factory.gates.protocol import Judgement, Unmeasurable
from ci_factory.gates.reports.formats import read_tests
from ci_factory.gates.subject import SideName, Subject
from ci_factory.model.base import Value
from ci_factory.model.commands import CommandConfig
from ci_factory.model.gate import Component, GateStatus, Reason

_BAD = ("failed", "error")
_ABSENT = ("skipped", "xfailed")
_MAX_REASONS = 50


class Outcome(Value):
    """How one test ended."""

    outcome: str
    message: str = ""


class Outcomes(Value):
    """Every test of one side by name."""

    tests: dict[str, Outcome] = {}


@dataclass(frozen=True)
class CommandTestsGate:
    """Fails on a failing test, blocks on a lost one; without any test it is inconclusive."""

    config: CommandConfig
    component = Component.TESTS

    def judge(self, subject: Subject) -> Judgement:
        """Run the command on both sides."""
        if not touches(subject, self.config):
            return Judgement(GateStatus.PASS, "the change touches no file that it is about", score=100)
        program = Program.make(subject, self.config)
        if skipped := skip(program):
            return skipped
        head, base = _outcomes(program, "head"), _outcomes(program, "base")
        counted = {name: each for name, each in head.items() if each.outcome not in _ABSENT}
        if not counted:
            raise Unmeasurable("no test ran", fix="correct the command, or disable the gate")
        failing = {name: each.message for name, each in counted.items() if each.outcome in _BAD}
        return _judgement(program, len(counted), failing, list(_lost(base, head)))


def plain_run(
    config: CommandConfig, subject: Subject, side: SideName, *, again: int = 0
) -> Mapping[str, str]:
    """How every test of one side ended, by name; `again` numbers repetitions, which are not answered from the store.

    Raises:
        Unmeasurable: there is no usable result.
    """
    program = Program.make(subject, config)
    if skip(program):
        return {}
    return {name: each.outcome for name, each in _outcomes(program, side, again).items()}


def _outcomes(program: Program, side: SideName, again: int = 0) -> Mapping[str, Outcome]:
    key = ["tests", program.key(), *([again] if again else [])]
    return program.subject.measure(side, key, Outcomes, lambda: _read(program, side)).tests


def _read(program: Program, side: SideName) -> Outcomes:
    name, found = program.config.command[0], {}
    for status, stream in program.runs(side, ()):
        try:
            for case in read_tests(stream, program.config.format):
                words = (case.file, case.classname, case.name)
                message = clean(case.message)
                found[" ".join(word for word in words if word)] = Outcome(
                    outcome=case.outcome, message=message
                )
        except ArtifactError as error:
            raise Unmeasurable(f"the report of {name} {error.what}", fix=error.fix) from error
        if (status != 0) != any(each.outcome in _BAD for each in found.values()):
            raise Unmeasurable(f"{name} ended with status {status}, which its report contradicts")
    return Outcomes(tests=found)


def _lost(base: Mapping[str, Outcome], head: Mapping[str, Outcome]) -> Iterable[str]:
    for name, before in base.items():
        after = head.get(name)
        if after is None:
            yield f"existing test {name} is gone"
        elif after.outcome in _ABSENT and before.outcome not in _ABSENT:
            yield f"existing test {name} is now skipped"


def _judgement(program: Program, total: int, failing: Mapping[str, str], lost: list[str]) -> Judgement:
    status = GateStatus.BLOCKED if lost else GateStatus.FAIL if failing else GateStatus.PASS
    passed = total - len(failing)
    told = [f"{name} fails: {message}" for name, message in failing.items()][:_MAX_REASONS]
    points = 100 / total * len(failing) / len(told) if told else 0
    reasons = [_reason(text, points) for text in told] + [_reason(text) for text in lost[:_MAX_REASONS]]
    return Judgement(
        status,
        f"{passed} of {total} tests pass{f', {len(lost)} existing tests lost' if lost else ''}",
        score=100 * passed / total,
        reasons=(*reasons, *remarks(program)),
        figures={"total": total, "passed": passed, "failed": len(failing), "lost": len(lost)},
        tools=program.tools(),
    )


def _reason(text: str, points: float = 0) -> Reason:
    return Reason(component=Component.TESTS, points=points, message=clean(text))
