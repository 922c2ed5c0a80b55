"""Runs the programs that measure: found, versioned, bounded, and with an environment that holds no secret."""

import importlib.metadata
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ci_factory.gates.protocol import Unmeasurable
from ci_factory.gates.subject import Subject
from ci_factory.system import ci_env, process

OUTPUT_LIMIT = 64 * 1024 * 1024
"""Bytes of a tool's report that are read."""
INSTALL = "pip install 'ci-factory[gates]'"
_TAIL = 300


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
    ours = {
        "HOME": str(subject.scratch / "home"),
        "TMPDIR": str(subject.scratch / "tmp"),
        "NO_COLOR": "1",
        "GIT_CEILING_DIRECTORIES": str(subject.scratch),
        "SEMGREP_SEND_METRICS": "off",
        "SEMGREP_ENABLE_VERSION_CHECK": "0",
    }
    return {"LANG": "C.UTF-8"} | ci_env.allowed(()) | ours | dict(extra or {})


def last_line(done: process.Completed) -> str:
    """The last thing a program said, on stderr if it said anything there."""
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return lines[-1][:_TAIL] if lines else "it said nothing"


def interpreter(subject: Subject) -> str:
    """Python of the project's environment: `gates.python`, else ours."""
    chosen = subject.config.gates.python
    if chosen is None:
        return sys.executable
    return str(subject.repo.folder / chosen) if "/" in chosen and not Path(chosen).is_absolute() else chosen


def dotted(paths: Sequence[str]) -> list[str]:
    """Paths that no program takes for an option."""
    return [f"./{path}" for path in paths]


def relative(reported: str, folder: Path) -> str:
    """A path as a tool reports it, relative to the checkout."""
    plain = reported.removeprefix(f"{folder}/").removeprefix(f"{folder.resolve()}/")
    return plain.removeprefix("./")
