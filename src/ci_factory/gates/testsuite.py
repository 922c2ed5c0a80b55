"""The project's tests: all pass, none is lost or weakened, they run the new lines, and they would notice if those were wrong."""

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from ci_factory.gates import configuration, tools
from ci_factory.gates.change import is_test_module
from ci_factory.gates.presets.model import TestsCommand
from ci_factory.gates.presets.registry import tests_command
from ci_factory.gates.protocol import Judgement, Unmeasurable
from ci_factory.gates.subject import SideName, Subject
from ci_factory.gates.testing import verdict
from ci_factory.gates.testing.channel import Tampered
from ci_factory.gates.testing.command import CommandRunner
from ci_factory.gates.testing.environment import ask
from ci_factory.gates.testing.evidence import Base, gather
from ci_factory.gates.testing.newlines import new_lines, sources
from ci_factory.gates.testing.places import Place
from ci_factory.gates.testing.run import PytestRunner, Wanted
from ci_factory.gates.testing.runner import Runner
from ci_factory.gates.testing.suite import Suite
from ci_factory.model.gate import Component, GateStatus, Reason

_ADD = "add a test, or put `tests` in gates.disabled"
_TELLING = ("conftest.py", "pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml")


class TestsGate:
    """Fails on a failing test or too little coverage of new lines; blocks on a lost or weakened test and on manipulation."""

    __test__ = False  # not a test class, whatever pytest thinks of its name
    component = Component.TESTS

    def judge(self, subject: Subject) -> Judgement:
        """Run the tests of both sides at the same time, and then what only the two together can ask for."""
        try:
            return _judge(subject)
        except Tampered as error:
            return _manipulated(error)


def plain_run(subject: Subject, side: SideName, *, only: Collection[str] = (), again: int = 0) -> Suite:
    """The tests of one side, and nothing but whether they pass; those of the files `only`, where files can be asked for.

    `again` numbers repetitions, which are not answered from the store.

    Raises:
        Unmeasurable: there is no usable result.
        Tampered: something else wrote the result.
    """
    runner = _runners(subject, _command(subject))[side]
    files: list[str] = []
    if only and runner.by_test:
        there = {each.path for each in subject.head_entries()} if side == "head" else subject.base_entries
        files = sorted(set(only) & set(there))
        if not files:
            return Suite()
    if side == "base" and not files and not again:  # as every change's own gates ask for it
        return _run(subject, runner, "base", Wanted())
    key = {"tests": runner.key, "plain": [files, again]}
    return subject.measure(side, key, Suite, lambda: runner.run(Place(side, "plain"), only=files))


def _judge(subject: Subject) -> Judgement:
    command = _command(subject)
    if command is None and _nothing_to_collect(subject):
        raise Unmeasurable("no test was collected", fix=_ADD)
    runners = _runners(subject, command)
    files = sources(subject, python=command is None)
    base, head = _both(subject, runners, files)
    if not head.counted:
        _refuse_nothing(base, head)
    evidence = gather(subject, runners, base, head, files)
    measured = command is None or command.coverage is not None
    return verdict.judge(evidence, new_lines(subject, head, files), measures_coverage=measured)


def _refuse_nothing(base: Base, head: Suite) -> None:
    """No test gave a result: somebody saw to it, or there is none."""
    usual = base.suite.anomalies if base.suite else ()
    if odd := [text for text in head.anomalies if text not in usual]:
        raise Tampered("; ".join(odd))
    raise Unmeasurable("no test ran" if head.cases else "no test was collected", fix=_ADD)


def _nothing_to_collect(subject: Subject) -> bool:
    """Whether neither side has a file that pytest looks into, or anything that could tell it to look elsewhere."""
    base = subject.part("base")
    if subject.config.gates.tests.args or configuration.pytest_file(base):
        return False
    head = (entry.path for entry in subject.head_entries())
    names = (*subject.base_entries, *head)
    return not any(is_test_module(path) or path.endswith(_TELLING) for path in names)


def _command(subject: Subject) -> TestsCommand | None:
    """The project's own command, else what its presets know; `None` is pytest."""
    config = subject.config.gates.tests
    if not config.command:
        return tests_command(subject)
    return TestsCommand(
        command=config.command,
        report=config.report or "",
        report_format=config.format,
        coverage=config.coverage,
        coverage_format=config.coverage_format,
    )


def _runners(subject: Subject, command: TestsCommand | None) -> Mapping[SideName, Runner]:
    if command is not None:
        runner = CommandRunner.make(subject, command)
        return {"base": runner, "head": runner}
    head = PytestRunner(subject, ask(subject, "head"))
    if tools.interpreter(subject, "base") == head.python.path:
        return {"base": head, "head": head}
    try:
        return {"base": PytestRunner(subject, ask(subject, "base")), "head": head}
    except Unmeasurable:  # the base's run will say so
        return {"base": head, "head": head}


def _both(subject: Subject, runners: Mapping[SideName, Runner], files: Sequence[str]) -> tuple[Base, Suite]:
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(_run_base, subject, runners["base"])
        head = _run(subject, runners["head"], "head", Wanted(tuple(files), contexts=True))
        return running.result(), head


def _run(subject: Subject, runner: Runner, side: SideName, wanted: Wanted) -> Suite:
    key = {"tests": runner.key, "coverage_of": wanted.files, "contexts": wanted.contexts}
    place = Place(side, "tests")
    return subject.measure(side, key, Suite, lambda: runner.run(place, wanted=wanted))


def _run_base(subject: Subject, runner: Runner) -> Base:
    try:
        return Base(_run(subject, runner, "base", Wanted()))
    except (Unmeasurable, Tampered) as error:
        return Base(None, f"on the base, {error.what}")


def _manipulated(error: Tampered) -> Judgement:
    text = f"the test run was manipulated: {error.what}"
    return Judgement(
        GateStatus.BLOCKED, text, reasons=(Reason(component=Component.TESTS, points=0, message=text),)
    )
