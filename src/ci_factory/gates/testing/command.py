"""Runs the tests of any language by a command line and reads the reports that it writes."""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from ci_factory.errors import ArtifactError, ToolMissing
from ci_factory.gates import tools
from ci_factory.gates.findings import clean
from ci_factory.gates.judges import Judges, judges
from ci_factory.gates.presets.model import TestsCommand
from ci_factory.gates.protocol import Unmeasurable
from ci_factory.gates.reports.formats import read_coverage, read_tests
from ci_factory.gates.reports.model import CoverageReport, TestCase
from ci_factory.gates.subject import Subject
from ci_factory.gates.testing.places import Place
from ci_factory.gates.testing.run import Wanted, workspace
from ci_factory.gates.testing.suite import Case, Lines, Suite
from ci_factory.model.base import Json
from ci_factory.system import process

_MAX_FILES = 2000


@dataclass(frozen=True)
class CommandRunner:
    """Runs one command. It runs everything; single tests can't be asked for."""

    subject: Subject
    command: TestsCommand
    judges: Judges
    """Scripts of the repository that the command runs: the base's judge."""
    by_test = False

    @classmethod
    def make(cls, subject: Subject, command: TestsCommand) -> "CommandRunner":
        """Look at what the command runs."""
        return cls(subject, command, judges(subject, command.command))

    @property
    def key(self) -> Json:
        """What decides the outcome besides the tree."""
        made = self.command
        words = [made.command, made.report, made.report_format, made.coverage, made.coverage_format]
        return {
            "command": words,
            "environment": made.environment,
            "judges": self.judges.paths,
            "limit": self.subject.config.gates.tests.timeout_seconds,
        }

    def run(self, place: Place, *, only: Sequence[str] = (), wanted: Wanted | None = None) -> Suite:
        """All tests of a checkout.

        Raises:
            Unmeasurable: the program is missing or late, or its report is missing, damaged or contradicts its exit status.
        """
        del only
        if place.side == "head":
            place = replace(place, put=(*place.put, *self.judges.put), drop=(*place.drop, *self.judges.drop))
        folder = place.folder(self.subject)
        for pattern in filter(None, (self.command.report, self.command.coverage)):
            _clear(folder, pattern)
        done = self._start(place, folder)
        suite = Suite(cases=tuple(self._cases(folder, done)))
        self._check(done, suite)
        return suite if wanted is None else suite.model_copy(update=self._covered(place, folder, wanted))

    def _start(self, place: Place, folder: Path) -> process.Completed:
        subject, name = self.subject, self.command.command[0]
        path = tools.program(subject, place.side, place.use, name)
        if path is None:
            raise Unmeasurable(
                f"{name} is not installed", fix=self.command.install or f"install {name}, or set gates.setup"
            )
        env = tools.project_environment(subject, place.side, place.use) | dict(self.command.environment)
        env["TMPDIR"] = str(workspace(subject) / "tmp")
        limit = subject.config.gates.tests.timeout_seconds
        try:
            done = process.run(
                [path, *self.command.command[1:]],
                cwd=folder,
                env=env,
                timeout=limit,
                limit=tools.OUTPUT_LIMIT,
                tethered=True,
            )
        except (ToolMissing, OSError) as error:
            raise Unmeasurable(f"{name} can't be started: {clean(str(error))}") from error
        if done.timed_out:
            raise Unmeasurable(
                f"the tests did not finish in {limit:g} s", fix="raise gates.tests.timeout_seconds"
            )
        return done

    def _cases(self, folder: Path, done: process.Completed) -> Iterator[Case]:
        try:
            for stream in self._reports(folder, done):
                for found in read_tests(stream, self.command.report_format):
                    yield _case(found, folder)
        except ArtifactError as error:
            raise Unmeasurable(f"the report of the tests {error.what}", fix=error.fix) from error

    def _reports(self, folder: Path, done: process.Completed) -> Iterator[BinaryIO]:
        if not self.command.report:
            yield io.BytesIO(done.stdout.encode())
            return
        found = list(_files(folder, self.command.report))
        if not found:
            said = clean(tools.last_line(done))
            raise Unmeasurable(f"{self.command.command[0]} left no report {self.command.report}: {said}")
        for path in found:
            with path.open("rb") as stream:
                yield stream

    def _check(self, done: process.Completed, suite: Suite) -> None:
        """The exit status must say what the report says."""
        if (done.returncode != 0) != bool(suite.bad):
            what = f"{self.command.command[0]} ended with status {done.returncode}"
            said = f"{len(suite.bad)} of {len(suite.cases)} tests failed by its report"
            raise Unmeasurable(f"{what}, but {said}: {clean(tools.last_line(done))}")

    def _covered(self, place: Place, folder: Path, wanted: Wanted) -> dict[str, object]:
        """Fields of a suite; nothing when the command measures no coverage or its report is not usable."""
        if not self.command.coverage:
            return {}
        try:
            found = list(self._coverage(folder))
        except (ArtifactError, OSError):
            return {}
        clean_folder = self.subject.folder(place.side)
        covered = {
            path: _lines(found, path) for path in wanted.files if any(path in each.files for each in found)
        }
        if not found or not all(_exists(clean_folder / path, lines) for path, lines in covered.items()):
            return {}
        every = {path: _lines(found, path) for each in found for path in each.files}
        return {"covered": covered, "percent": _percent(every.values())}

    def _coverage(self, folder: Path) -> Iterator[CoverageReport]:
        for path in _files(folder, self.command.coverage or ""):
            with path.open("rb") as stream:
                yield read_coverage(stream, self.command.coverage_format or "", root=str(folder))


def _clear(folder: Path, pattern: str) -> None:
    """A report that lies in the tree is nobody's measurement."""
    for path in list(folder.glob(pattern)):
        if path.is_file() or path.is_symlink():
            path.unlink()


def _files(folder: Path, pattern: str) -> Iterator[Path]:
    found = sorted(path for path in folder.glob(pattern) if path.is_file() and not path.is_symlink())
    if len(found) > _MAX_FILES:
        raise Unmeasurable(f"there are more than {_MAX_FILES} reports {pattern}")
    inside = folder.resolve()
    return (path for path in found if path.resolve().is_relative_to(inside))


def _case(found: TestCase, folder: Path) -> Case:
    file = tools.relative(found.file, folder) if found.file else ""
    return Case(
        file=clean(file),
        name=clean(f"{found.classname}::{found.name}" if found.classname else found.name),
        line=found.line or None,
        outcome=found.outcome,
        message=clean(found.message.replace(f"{folder}/", "")),
    )


def _lines(reports: Sequence[CoverageReport], path: str) -> Lines:
    every = [each.files[path] for each in reports if path in each.files]
    executed = set().union(*(each.executed for each in every))
    missing = set().union(*(each.missing for each in every))
    return Lines(executed=tuple(sorted(executed)), missing=tuple(sorted(missing - executed)))


def _percent(files: Iterable[Lines]) -> float | None:
    counts = [(len(lines.executed), len(lines.missing)) for lines in files]
    total = sum(executed + missing for executed, missing in counts)
    return 100 * sum(executed for executed, _ in counts) / total if total else None


def _exists(path: Path, lines: Lines) -> bool:
    """Whether the file has all these lines: a report that knows more is about another file."""
    if not path.is_file():
        return False
    return max([*lines.executed, *lines.missing], default=0) <= path.read_bytes().count(b"\n") + 1
