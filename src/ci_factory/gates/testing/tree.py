"""The project's tests on a tree that nobody proposed: which pass and which do not, by the same rules as in the tests gate.

The same runners, setup, settings of the base, limits and environment; without coverage, proof and mutants, which are about a
change. Nothing is judged here.
"""

import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from ci_factory.config import Config
from ci_factory.gates import command_tests, testsuite
from ci_factory.gates.cache import Measurements
from ci_factory.gates.change import read_change
from ci_factory.gates.command_tests import CommandTestsGate
from ci_factory.gates.plan import Slot, make_plan
from ci_factory.gates.protocol import Unmeasurable
from ci_factory.gates.runner import remove
from ci_factory.gates.subject import SideName, Subject
from ci_factory.gates.testing.suite import BAD
from ci_factory.gates.testsuite import TestsGate
from ci_factory.system.git import Git


class NoTests(Unmeasurable):
    """The project has no gate that runs tests."""


@dataclass(frozen=True)
class Tally:
    """Tests by name, as the gates call them; those of a project in a folder begin with `folder:`."""

    passed: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    anomalies: frozenset[str] = frozenset()
    """What says that the run was tampered with."""

    def __or__(self, other: "Tally") -> "Tally":
        """Both together."""
        return Tally(self.passed | other.passed, self.failed | other.failed, self.anomalies | other.anomalies)


@dataclass(frozen=True)
class TreeTests:
    """Runs the tests of commits in a repository, under the settings of one of them."""

    repo: Git
    base: str
    """Whose settings hold, and whose own files decide how tests are run."""
    config: Config
    scratch: Path
    cache: Path | None = None

    def run(self, head: str, *, side: SideName = "head", only: Collection[str] = (), again: int = 0) -> Tally:
        """Run the tests of `head`, or of the base (`side`); only the files of the tests named `only`, if any.

        Raises:
            NoTests: no gate runs any here.
            Unmeasurable: there is no usable result.
            Tampered: something else wrote the result.
            ArtifactError: the difference between the two is too large to be read.
        """
        change = read_change(self.repo, self.base, head)
        self.scratch.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=self.scratch.resolve(), prefix="tests-"))
        try:
            plan = make_plan(Subject.make(self.repo, change, self.config, work, Measurements(self.cache)))
            slots = [slot for slot in plan.slots if isinstance(slot.gate, TestsGate | CommandTestsGate)]
            if not slots:
                raise NoTests("no gate runs tests here", fix="set gates.tests.command, or enable `tests`")
            found = Tally()
            for slot in slots:
                found |= _run(slot, side, only, again)
            return found
        finally:
            remove(work)


def _run(slot: Slot, side: SideName, only: Collection[str], again: int) -> Tally:
    root = slot.subject.root
    if isinstance(slot.gate, CommandTestsGate):
        ended = command_tests.plain_run(slot.gate.config, slot.subject, side, again=again)
        rows, anomalies = list(ended.items()), frozenset[str]()
    else:
        files = set(_files(only, root))
        if only and not files:
            return Tally()
        suite = testsuite.plain_run(slot.subject, side, only=files, again=again)
        rows, anomalies = [(case.id, case.outcome) for case in suite.cases], frozenset(suite.anomalies)
    return Tally(
        frozenset(_named(name, root) for name, outcome in rows if outcome == "passed"),
        frozenset(_named(name, root) for name, outcome in rows if outcome in BAD),
        anomalies,
    )


def _named(name: str, root: str) -> str:
    return f"{root}:{name}" if root else name


def _files(tests: Collection[str], root: str) -> Iterator[str]:
    prefix = f"{root}:" if root else ""
    for each in tests:
        if each.startswith(prefix) and "::" in each:
            yield each.removeprefix(prefix).split("::", 1)[0]
