"""Runs the programs that measure: found, versioned, bounded, and with an environment that holds no secret."""

import importlib.metadata
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ci_factory.gates import environment as clean_environment
from ci_factory.gates.presets.registry import PRESETS
from ci_factory.gates.protocol import Unmeasurable
from ci_factory.gates.subject import SideName, Subject
from ci_factory.system import ci_env, process

OUTPUT_LIMIT = 64 * 1024 * 1024
"""Bytes of a tool's report that are read."""
INSTALL = "pip install 'ci-factory[gates]'"
_TAIL = 300
_WRAPPERS = {"mvn": "mvnw", "gradle": "gradlew"}
"""Programs of the project that stand for a build tool."""


@dataclass(frozen=True)
class Tool:
    """A program that `ci-factory[gates]` installs."""

    program: str
    """Also the name of its distribution."""

    def path(self) -> str:
        """Where it is: beside the interpreter that runs us, else on PATH.

        Raises:
            Unmeasurable: it is not installed.
        """
        found = process.which(self.program, beside=sys.executable)
        if found is None:
            raise Unmeasurable(f"{self.program} is not installed", fix=INSTALL)
        return found

    def installed(self) -> bool:
        """Whether it is there."""
        return process.which(self.program, beside=sys.executable) is not None

    def version(self) -> str:
        """Its version; asked of the package's metadata where possible, since starting a tool takes long."""
        found = self.path()
        if Path(found).parent == Path(sys.executable).parent:
            try:
                return importlib.metadata.version(self.program)
            except importlib.metadata.PackageNotFoundError:
                pass
        done = process.run([found, "--version"], timeout=60)
        return done.stdout.strip().splitlines()[0] if done.ok and done.stdout.strip() else "unknown"

    def run(
        self,
        subject: Subject,
        args: Sequence[str],
        *,
        cwd: Path,
        expected: frozenset[int],
        extra: Mapping[str, str] | None = None,
    ) -> process.Completed:
        """Run it in a folder.

        Raises:
            Unmeasurable: it is missing, late, or ended with an exit status that is not `expected`.
        """
        path = self.path()
        env = environment(subject, extra)
        env["PATH"] = f"{Path(path).parent}:{env.get('PATH', '')}"
        limit = subject.config.gates.tool_timeout_seconds
        done = process.run([path, *args], cwd=cwd, env=env, timeout=limit, limit=OUTPUT_LIMIT)
        if done.timed_out:
            raise Unmeasurable(
                f"{self.program} did not finish in {limit:g} s", fix="raise gates.tool_timeout_seconds"
            )
        if done.returncode not in expected:
            raise Unmeasurable(
                f"{self.program} crashed with exit status {done.returncode}: {last_line(done)}"
            )
        return done


def environment(subject: Subject, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Variables for a tool or for tests: an allowlist, with home and temporary folders of our own."""
    return clean_environment.clean(subject.scratch, extra)


def project_environment(subject: Subject, side: SideName, use: str) -> dict[str, str]:
    """Variables for a program of the project's own environment, run in the checkout of this use.

    Its home folder, virtual environment and folders of tools are copies for this use alone. Proxies and package
    indexes are passed on unless they hold credentials.

    Raises:
        Unmeasurable: the setup command failed.
    """
    folder, python = subject.folder(side, use), subject.python(side, use)
    places = [str(python.parent)] if python else []
    places += [str(folder / path) for path in program_folders(subject)]
    env = environment(subject, ci_env.registries() | ci_env.toolchains())
    extra = {"HOME": str(subject.home(side, use)), "CI": "true"}
    extra["PATH"] = ":".join([*places, env.get("PATH", "")])
    if python:
        extra["VIRTUAL_ENV"] = str(python.parent.parent)
    return env | extra


def program_folders(subject: Subject) -> tuple[str, ...]:
    """Where the project keeps tools of its own, relative to the root; nothing that only the change brings."""
    setup = subject.setup.recipe.paths if subject.setup and subject.setup.recipe.command else ()
    found = {folder: None for preset in PRESETS.values() for folder in preset.programs}
    return tuple(folder for folder in found if _ours(subject, folder, setup))


def _ours(subject: Subject, folder: str, setup: tuple[str, ...]) -> bool:
    top = folder.split("/", 1)[0]
    if any(PurePosixPath(path).parts[0] == top for path in setup):
        return True
    touched = any(each.path.startswith(f"{top}/") for each in (*subject.change.files, *subject.change.odd))
    return not touched and any(path.startswith(f"{folder}/") for path in subject.base_entries)


def program(subject: Subject, side: SideName, use: str, name: str) -> str | None:
    """Where a program is: the project's own, else its wrapper on the base, beside our interpreter, on PATH.

    A name with a slash is a file of the base's tree. `None`: it is not installed.

    Raises:
        Unmeasurable: the setup command failed.
    """
    if not may_be_own(subject, name):
        return process.which(name, beside=sys.executable)
    folder, python = subject.folder(side, use), subject.python(side, use)
    if "/" in name:
        path = str(PurePosixPath(name))
        return _file(folder / path, known=path in subject.base_entries)
    own = [folder / place / name for place in program_folders(subject)]
    own += [folder / _WRAPPERS[name]] if _WRAPPERS.get(name) in subject.base_entries else []
    own += [python.parent / name] if python else []
    found = (_file(path, known=True) for path in own)
    return next((path for path in found if path), None) or process.which(name, beside=sys.executable)


def may_be_own(subject: Subject, name: str) -> bool:
    """Whether a program may be the project's own, so that its checkout has to be looked at."""
    if Path(name).is_absolute():
        return False
    installed = subject.setup is not None and bool(subject.setup.recipe.command)
    wrapped = _WRAPPERS.get(name) in subject.base_entries
    return "/" in name or installed or wrapped or bool(program_folders(subject))


def _file(path: Path, *, known: bool) -> str | None:
    return str(path) if known and path.is_file() else None


def last_line(done: process.Completed) -> str:
    """The last thing a program said, on stderr if it said anything there."""
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return lines[-1][:_TAIL] if lines else "it said nothing"


def interpreter(subject: Subject, side: SideName = "head", use: str = "scan") -> str:
    """Python of the project's environment: `gates.python`, else what its setup made, else ours.

    Code that may leave something behind in it (tests) gets a copy of its own (`use`).

    Raises:
        Unmeasurable: the setup command failed.
    """
    chosen = subject.config.gates.python
    if chosen is None:
        return str(subject.python(side, use) or sys.executable)
    return str(subject.repo.folder / chosen) if "/" in chosen and not Path(chosen).is_absolute() else chosen


def interpreter_identity(subject: Subject) -> str:
    """Names the interpreter the same way in every run, for keys of measurements. Installs nothing.

    What a setup made is named by the subject already.
    """
    setup = subject.setup
    made = subject.config.gates.python is None and setup and setup.recipe.command and setup.recipe.venv
    return "setup" if made else interpreter(subject)


def dotted(paths: Sequence[str]) -> list[str]:
    """Paths that no program takes for an option."""
    return [f"./{path}" for path in paths]


def relative(reported: str, folder: Path) -> str:
    """A path as a tool reports it, relative to the checkout."""
    plain = reported.removeprefix(f"{folder}/").removeprefix(f"{folder.resolve()}/")
    return plain.removeprefix("./")
