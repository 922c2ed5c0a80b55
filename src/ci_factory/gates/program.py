"""A configured program in the checkouts of a subject: found, run within bounds, its report opened as hostile bytes."""

import io
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ci_factory.errors import ToolMissing
from ci_factory.gates import tools
from ci_factory.gates.findings import clean
from ci_factory.gates.judges import Judges, judges
from ci_factory.gates.protocol import Unmeasurable
from ci_factory.gates.subject import SideName, Subject
from ci_factory.model.base import Json, Value
from ci_factory.model.commands import CommandConfig
from ci_factory.system import process

FILES = "{files}"
"""The argument that becomes the changed files."""
_BATCH_CHARS = 100_000
"""Characters of file names in one command line; Linux takes 128 KiB in one argument and 2 MiB in all."""
_VERSION_CHARS = 80


class Missing(Unmeasurable):
    """The program is not installed."""


class Version(Value):
    """What a program says of itself."""

    text: str


@dataclass(frozen=True)
class Program:
    """A command line of the configuration, for one subject."""

    subject: Subject
    config: CommandConfig
    use: str
    """Of the checkouts that it runs in."""
    judges: Judges
    version: tuple[str, ...] = ()
    """Arguments that print its version; none for programs that we do not know."""

    @classmethod
    def make(
        cls, subject: Subject, config: CommandConfig, *, executes: bool = True, version: tuple[str, ...] = ()
    ) -> "Program":
        """Look at what the command runs. One that `executes` code of the project gets checkouts of its own."""
        use = f"gate-{config.name}" if executes else "tools"
        return cls(subject, config, use, judges(subject, config.command) if executes else Judges(), version)

    @property
    def by_file(self) -> bool:
        """Whether it is given the changed files, or looks at everything."""
        return FILES in self.config.command

    def folder(self, side: SideName) -> Path:
        """The checkout that it runs in."""
        return self.subject.folder(side, self.use, self.judges.put, self.judges.drop)

    def path(self, side: SideName) -> str:
        """Where it is.

        Raises:
            Missing: it is not installed.
            Unmeasurable: the setup command failed.
        """
        name = self.config.command[0]
        if tools.may_be_own(self.subject, name):
            self.folder(side)  # with the base's scripts, before anybody else asks for this checkout
        found = tools.program(self.subject, side, self.use, name)
        if found is None:
            raise Missing(f"{name} is not installed", fix=self.config.install or f"install {name}")
        return found

    def key(self) -> Json:
        """What decides its answer besides the subject: the command line and the program itself.

        Raises:
            Missing: it is not installed.
        """
        name = self.config.command[0]
        settings = self.config.model_dump(mode="json")
        if tools.may_be_own(self.subject, name):  # named by the subject: it is in the tree or in the setup
            return [settings, name]
        path = Path(self.path("head"))
        stat = path.stat()
        return [settings, str(path), stat.st_size, stat.st_mtime_ns]

    def tools(self) -> dict[str, str]:
        """Its name and version, for people; nothing when it has no way to tell."""
        if not self.version:
            return {}
        said = self.subject.measure("head", ["version", self.key()], Version, self._version)
        return {self.config.name: said.text} if said.text else {}

    def _version(self) -> Version:
        env = tools.project_environment(self.subject, "head", self.use)
        done = process.run([self.path("head"), *self.version], cwd=self.folder("head"), env=env, timeout=60)
        lines = done.stdout.strip().splitlines()
        return Version(text=clean(lines[0])[:_VERSION_CHARS] if done.ok and lines else "")

    def runs(self, side: SideName, paths: Sequence[str]) -> Iterator[tuple[int, BinaryIO]]:
        """Run it, more than once when the files do not fit into one command line: exit status and report of each.

        Raises:
            Unmeasurable: it is missing, late, ended with a status that is not expected, or left no report.
        """
        batches = _batches(paths) if self.by_file else [[]]
        for batch in batches:
            yield from self._run(side, batch)

    def _run(self, side: SideName, batch: Sequence[str]) -> Iterator[tuple[int, BinaryIO]]:
        folder, path = self.folder(side), self.path(side)
        report = None if self.config.report is None else _fresh(folder, self.config.report)
        done = self._start(folder, [path, *_filled(self.config.command[1:], batch)], side)
        with _opened(report, done, both=self.config.format == "gnu") as stream:
            yield done.returncode, stream

    def _start(self, folder: Path, argv: Sequence[str], side: SideName) -> process.Completed:
        limit = self.config.timeout_seconds or self.subject.config.gates.tool_timeout_seconds
        env = tools.project_environment(self.subject, side, self.use)
        name = self.config.command[0]
        try:
            done = process.run(
                argv, cwd=folder, env=env, timeout=limit, limit=tools.OUTPUT_LIMIT, tethered=True
            )
        except (ToolMissing, OSError) as error:
            raise Unmeasurable(f"{name} can't be started: {clean(str(error))}") from error
        if done.timed_out:
            raise Unmeasurable(f"{name} did not finish in {limit:g} s", fix="raise its timeout_seconds")
        if done.returncode not in self.config.expected:
            raise Unmeasurable(
                f"{name} crashed with exit status {done.returncode}: {clean(tools.last_line(done))}"
            )
        return done


def _batches(paths: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for path in tools.dotted(paths):
        if batch and size + len(path) > _BATCH_CHARS:
            yield batch
            batch, size = [], 0
        batch.append(path)
        size += len(path.encode())
    if batch:
        yield batch


def _filled(words: Sequence[str], batch: Sequence[str]) -> Iterator[str]:
    for word in words:
        yield from batch if word == FILES else [word]


def _fresh(folder: Path, report: str) -> Path:
    """Where the report will be, with nothing there now: one that lies in the tree is nobody's measurement."""
    path = folder / report
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.parent.resolve().is_relative_to(folder.resolve()):
        raise Unmeasurable(f"{report} leads out of the checkout", fix="name another report file")
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    return path


@contextmanager
def _opened(report: Path | None, done: process.Completed, *, both: bool) -> Iterator[BinaryIO]:
    if report is None:
        texts = [done.stdout, done.stderr] if both else [done.stdout]
        whole = [text.encode() for text in texts]
        if any(len(each) >= tools.OUTPUT_LIMIT for each in whole):
            raise Unmeasurable("it printed more than can be read", fix="have it write a report file")
        yield io.BytesIO(b"\n".join(whole))
        return
    if report.is_symlink() or not report.is_file():
        raise Unmeasurable(f"it left no report: {clean(tools.last_line(done))}")
    with report.open("rb") as stream:
        yield stream
