"""Runs pytest in a checkout and reads what it says and what coverage saw. Nothing of it is believed without a check."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ci_factory.gates import configuration, tools
from ci_factory.gates.protocol import Unmeasurable
from ci_factory.gates.subject import Subject
from ci_factory.gates.testing import channel, records
from ci_factory.gates.testing.coverage import read_data
from ci_factory.gates.testing.environment import Interpreter
from ci_factory.gates.testing.places import Place
from ci_factory.gates.testing.suite import Suite
from ci_factory.model.base import Json


@dataclass(frozen=True)
class Wanted:
    """What is to be known of coverage."""

    files: tuple[str, ...] = ()
    """Whose lines are wanted; percent of everything comes anyway."""
    contexts: bool = False
    """Also by which test each line was run."""


@dataclass(frozen=True)
class PytestRunner:
    """Runs the tests of a Python project. One for each side: their environments may differ."""

    subject: Subject
    python: Interpreter
    by_test = True
    """Single tests can be asked for."""

    @property
    def key(self) -> Json:
        """What decides the outcome besides the tree."""
        config, base = self.subject.config.gates.tests, self.subject.part("base")
        return {
            "tool": "tests",
            "files": [configuration.pytest_file(base), configuration.coverage_file(base)],
            "python": [_stable(self.python.path, self.subject), self.python.versions],
            "limits": [config.timeout_seconds, config.test_timeout_seconds],
            "args": list(config.args),
        }

    def run(self, place: Place, *, only: Sequence[str] = (), wanted: Wanted | None = None) -> Suite:
        """All tests of a checkout, or those of the files or ids in `only`. No test at all is an empty suite.

        Without `wanted`, coverage is not measured.

        Raises:
            Unmeasurable: the run did not finish, or its report is missing or incomplete.
            Tampered: the report was written by somebody else.
        """
        if self.python.packages.get("coverage") is None:
            wanted = None
        suite = self._once(place, only, wanted)
        slow = [case.id for case in suite.bad if case.timed_out]
        if wanted is None or not slow:
            return suite
        # Tracing makes some code several times slower. The limit is meant for the program: ask again without.
        try:
            again = self._once(place, slow, None)
        except Unmeasurable:
            return suite
        return _with_second_opinion(suite, again)

    def _once(self, place: Place, only: Sequence[str], wanted: Wanted | None) -> Suite:
        try:
            return self._run(place, only, wanted, canaries=True)
        except records.InternalError:
            # A hook of the project may break over a test that is not its own. Once without ours; other checks stay.
            return self._run(place, only, wanted, canaries=False)

    def _run(self, place: Place, only: Sequence[str], wanted: Wanted | None, *, canaries: bool) -> Suite:
        folder, work = place.folder(self.subject), workspace(self.subject)
        tracing = None if wanted is None else _tracing(self.subject, work, wanted)
        order = {
            "task": "tests",
            "folder": str(folder),
            "paths": import_paths(folder),
            "args": [*pytest_flags(self.subject, folder, work, self.python), *only],
            "coverage": tracing,
            "canaries": canaries,
        }
        answer = self.ask(place, order, work, self.subject.config.gates.tests.timeout_seconds)
        suite = records.read(answer, str(folder), self.python.versions)
        if tracing is None or wanted is None:
            return suite
        clean = self.subject.folder(place.side)
        seen = read_data(self.subject, self.python, tracing, folder, clean, wanted.files)
        return suite if seen is None else suite.model_copy(update=seen)

    def ask(self, place: Place, order: Mapping[str, Json], work: Path, timeout: float) -> channel.Answer:
        """Send an order to the bootstrap script in a checkout; `timeout` is in seconds.

        Raises:
            Unmeasurable: there is no whole answer in time.
            Tampered: it was written by somebody else.
        """
        subject, folder = self.subject, place.folder(self.subject)
        env = tools.project_environment(subject, place.side, place.use) | {"TMPDIR": str(work / "tmp")}
        python = tools.interpreter(subject, place.side, place.use)
        return channel.ask(python, order, cwd=folder, env=env, timeout=timeout)


def workspace(subject: Subject) -> Path:
    """A new folder for the files of one run, outside of its checkout."""
    work = Path(tempfile.mkdtemp(dir=subject.scratch, prefix="tests-"))
    (work / "tmp").mkdir()
    return work


def _stable(path: str, subject: Subject) -> str:
    """The interpreter's path, unless it is a copy made for this run; then the subject's identity names it."""
    return "" if path.startswith(f"{subject.scratch}/") else path


def _with_second_opinion(suite: Suite, again: Suite) -> Suite:
    newer = {case.id: case for case in again.cases}
    return suite.model_copy(update={"cases": tuple(newer.get(case.id, case) for case in suite.cases)})


def import_paths(folder: Path) -> list[str]:
    """Where the checkout's modules are: before whatever is installed, an installation for editing included."""
    return [*([str(folder / "src")] if (folder / "src").is_dir() else []), str(folder)]


def pytest_flags(subject: Subject, folder: Path, work: Path, python: Interpreter) -> list[str]:
    """Options of every run; the last word is ours."""
    config = subject.config.gates.tests
    # The base decides which file holds the settings; the checkout has the base's version of it.
    settings = configuration.pytest_file(subject.part("base")) or configuration.pytest_file(folder)
    if settings is None:  # an empty file of ours: pytest must not find one above the checkout
        settings = str(work / "pytest.ini")
        Path(settings).write_text("[pytest]\n", encoding="utf-8")
    flags = [*config.args, "-c", settings, "--rootdir", str(folder)]
    flags += ["-p", "no:cacheprovider", "--color=no", "--tb=short"]
    flags += ["--continue-on-collection-errors", "--maxfail=0"]  # a report of everything
    flags += [f"--ci-factory-seconds={config.test_timeout_seconds:g}"]
    said = f"{(folder / settings).read_text(encoding='utf-8', errors='replace')} {' '.join(config.args)}"
    for plugin, option in _tamed(config.test_timeout_seconds).items():
        if python.packages.get(f"pytest-{plugin}") and f"no:{plugin}" not in said:
            flags += option
    return flags


def _tamed(seconds: float) -> dict[str, list[str]]:
    """Options for installed plugins, where the project does not turn them off itself."""
    return {
        "timeout": [f"--timeout={seconds:g}", "--timeout-method=signal"],
        "cov": ["--no-cov"],  # two tracers at once measure nothing
        "xdist": ["-n0"],  # one process: its lines are traced, and its reports are its own
        "randomly": ["--randomly-seed=1"],  # the same order on both sides and in every run
    }


def _tracing(subject: Subject, work: Path, wanted: Wanted) -> dict[str, Json]:
    empty = work / "coveragerc"
    empty.touch()
    settings = str(configuration.coverage_file(subject.part("base")) or empty)
    return {"data": str(work / "data"), "settings": settings, "contexts": wanted.contexts}
