"""Gates on a one-file change in a tree of 150,000 lines, against the tools alone.

    python bench/gates_scale.py [--tree FOLDER] [--file PATH]

Without --tree, Django's sources are installed by pip into a temporary folder. A run that is not measured brings programs and
files into the machine's memory, as the tools alone find them there too. Then, in each of some rounds, one run of all gates with
an empty cache is measured (wall time), then a second one with the cache of the first, and, for information, a run of another
change of the same file on the same base. Then every tool that the gates started runs again, alone, in the same checkout and
with an empty cache of its own: the bound of the first run is 1.15 x max(slowest tool, CPU seconds of all / cores). Tools on the
base's checkout count like those on the head's; git does not count. The figure is the median of the rounds' ratios, as a single
one moves by a sixth between runs on a machine that others use too. Exit status 1 when a bound is missed.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from figures import Figure, told

from ci_factory.config import Config
from ci_factory.gates import runner
from ci_factory.model.gate import GateReport
from ci_factory.system import process
from ci_factory.system.clock import SystemClock
from ci_factory.system.git import Git

ALONE, AGAIN = 1.15, 0.6
PERSON = ("-c", "user.name=bench", "-c", "user.email=bench@example.org")


@dataclass(frozen=True)
class Command:
    """A program that a gate started."""

    argv: tuple[str, ...]
    cwd: Path
    env: dict[str, str]
    stdin: bytes | None


@dataclass
class Recorder:
    """Stands before the door of processes and takes notes; everything goes through."""

    commands: list[Command] = field(default_factory=list)

    def __enter__(self) -> Self:
        """Begin."""
        self._run, self._remove = process.run, runner.remove  # checkouts must outlive the run
        process.run = self.run  # type: ignore[assignment]
        runner.remove = lambda _folder: None
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        process.run, runner.remove = self._run, self._remove

    def run(self, argv: Sequence[str], **options: Any) -> process.Completed:  # noqa: ANN401 - passed on
        """Note and run."""
        cwd = options.get("cwd")
        if Path(argv[0]).name != "git" and cwd is not None and options.get("env") is not None:
            self.commands.append(Command(tuple(argv), cwd, dict(options["env"]), options.get("stdin")))
        return self._run(argv, **options)


def main() -> int:
    """Measure and print."""
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="scale-") as root:
        tree = options.tree or installed(Path(root) / "site")
        repo, lines = repository(tree, Path(root) / "repo", options.file)
        print(f"{lines:,} lines of Python; change of {options.file}")
        return judge(Git(repo), Path(root), options.rounds)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tree", type=Path, help="folder of sources; Django's, if not given")
    parser.add_argument("--file", default="django/utils/text.py", help="the file that changes")
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured")
    return parser.parse_args()


def installed(folder: Path) -> Path:
    """Django, as pip installs it."""
    flags = ["--quiet", "--no-deps", "--disable-pip-version-check", "--target", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "install", *flags, "django"], check=True)
    return folder


def repository(tree: Path, repo: Path, file: str) -> tuple[Path, int]:
    """A repository of the tree with two branches that each change one file; and how many lines it holds."""
    subprocess.run(["cp", "-r", str(tree), str(repo)], check=True)
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", str(repo)], check=True)
    commit(repo, "base")
    original = (repo / file).read_text(encoding="utf-8")
    for name in ("first", "second"):
        subprocess.run(["git", "-C", str(repo), "checkout", "--quiet", "-B", name, "main"], check=True)
        function = (
            f'\n\ndef {name}_of(words: list[str]) -> str:\n    """The {name} word."""\n    return words[0]\n'
        )
        (repo / file).write_text(original + function, encoding="utf-8")
        commit(repo, name)
    lines = sum(len(path.read_bytes().splitlines()) for path in repo.rglob("*.py"))
    return repo, lines


def commit(repo: Path, message: str) -> None:
    """Commit everything."""
    subprocess.run(["git", "-C", str(repo), "add", "--all", "--force"], check=True)
    subprocess.run(["git", "-C", str(repo), *PERSON, "commit", "--quiet", "-m", message], check=True)


def judge(git: Git, root: Path, rounds: int) -> int:
    """All rounds; the process's exit status."""
    timed(git, "second", root / "scratch", root / "cache")
    measured = [measure(git, Path(tempfile.mkdtemp(dir=root))) for _ in range(rounds)]
    first, second, other = (statistics.median(ratios) for ratios in zip(*measured, strict=True))
    print(f"medians of {rounds}; another change of the base / first run: {other:.2f}")
    return told(
        Figure("gates on one file of a large tree / max(slowest tool, CPU / cores)", first, ALONE),
        Figure("gates again, with the base's cache / first run", second, AGAIN),
    )


def measure(git: Git, root: Path) -> tuple[float, float, float]:
    """One round: first run against the tools alone, second and other run against the first."""
    cache = root / "cache"
    with Recorder() as recorder:
        first, report = timed(git, "first", root / "scratch", cache)
    second, _ = timed(git, "first", root / "scratch-2", cache)
    other, _ = timed(git, "second", root / "scratch-3", cache)
    alone = [(command, *cost(command, root)) for command in recorder.commands]
    tell(report, alone)
    together = sum(cpu for *_, cpu in alone) / (os.cpu_count() or 1)
    bound = max(together, *(wall for _, wall, _ in alone))
    print(f"first run {first:.2f} s, slowest tool or CPU / cores {bound:.2f} s: {first / bound:.2f}\n")
    return first / bound, second / first, other / first


def tell(report: GateReport, alone: Sequence[tuple[Command, float, float]]) -> None:
    """What the gates said, and what each tool costs alone."""
    for gate in report.gates:
        print(f"  {gate.gate:<14} {gate.status:<13} {gate.seconds:6.1f} s  {gate.summary[:70]}")
    for command, wall, cpu in sorted(alone, key=lambda each: -each[1]):
        print(f"  alone {wall:6.2f} s wall {cpu:6.2f} s CPU  {' '.join(command.argv)[-70:]}")


def timed(git: Git, head: str, scratch: Path, cache: Path) -> tuple[float, GateReport]:
    """Wall seconds of all gates on a branch."""
    started = time.monotonic()
    report = runner.run_gates(
        git, "main", head, config=Config(), scratch=scratch, cache=cache, clock=SystemClock()
    )
    return time.monotonic() - started, report


def cost(command: Command, root: Path) -> tuple[float, float]:
    """Wall and CPU seconds of a command alone, without a cache that an earlier run filled."""
    argv = [
        f"--cache-dir={tempfile.mkdtemp(dir=root)}" if word.startswith("--cache-dir=") else word
        for word in command.argv
    ]
    started = time.monotonic()
    child = subprocess.Popen(
        argv,
        cwd=command.cwd,
        env=command.env,
        stdin=subprocess.PIPE if command.stdin is not None else subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if child.stdin is not None:
        child.stdin.write(command.stdin or b"")
        child.stdin.close()
    _, _, usage = os.wait4(child.pid, 0)
    return time.monotonic() - started, usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    sys.exit(main())
