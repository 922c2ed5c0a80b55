"""The process behind `autofix`: python -m ci_factory.work.agents.autofix_runner TICKET OUT, in the worktree."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from ci_factory.errors import FactoryError, TicketError, ToolMissing
from ci_factory.model.ticket import Ticket
from ci_factory.system import process
from ci_factory.system.records import read_model
from ci_factory.work.agents import autofix_block, autofix_bumps, autofix_semgrep
from ci_factory.work.agents.autofix_block import DependencyBumps, Job, RuffFix, RuffFormat
from ci_factory.work.agents.python_version import supported_python

_RUFF_PROBLEMS_LEFT = 1
_TIMEOUT = 600.0
_LARGEST = 1_000_000


def main(argv: Sequence[str]) -> int:
    """Fix what the ticket names. Nothing to do is said, and is no failure; a wrong block changes nothing."""
    ticket_file, out = map(Path, argv)
    try:
        ticket = read_model(ticket_file, Ticket)
        job = autofix_block.parse(ticket.body)
        if job is None:
            _say("the ticket has no autofix block, and without a model there is nothing else to go by")
            return 0
        _check_files(job.files)
        _say(_run(job, out) or f"{job.tool} went over {len(job.files)} files")
    except TicketError as error:
        _say(error.what)
        return 0
    except FactoryError as error:
        print(error, file=sys.stderr)  # noqa: T201 - an agent speaks on its own stderr
        return 126 if isinstance(error, ToolMissing) else 1
    return 0


def _run(job: Job, out: Path) -> str:
    """Do it; what there is to say beside that it was done."""
    if isinstance(job, DependencyBumps):
        return autofix_bumps.run(job)
    if isinstance(job, RuffFix):
        target = job.target_version or supported_python(_read("pyproject.toml"), _read("setup.cfg"))
        _ruff(*ruff_check_arguments(job.rules, target), "--fix", "--quiet", "--", *job.files)
    elif isinstance(job, RuffFormat):
        _ruff("format", "--no-cache", "--quiet", "--", *job.files)
    else:
        autofix_semgrep.fix(job.rules, job.files, out)
    return ""


def _read(name: str) -> str | None:
    """A file of the worktree's root, reached through no link."""
    path = Path(name)
    if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST:
        return None
    return path.read_text(encoding="utf-8", errors="replace")


def ruff_check_arguments(rules: Sequence[str], target_version: str | None) -> tuple[str, ...]:
    """`ruff check` for exactly these rules, whatever is configured in the folder; fixes are the safe ones."""
    target = ("--target-version", target_version) if target_version else ()
    return ("check", "--isolated", "--no-cache", "--no-unsafe-fixes", "--select", ",".join(rules), *target)


def _ruff(*args: str) -> None:
    """Run ruff; problems that it can't fix are not a failure, an error of its own is.

    Raises:
        FactoryError: ruff failed.
        ToolMissing: it is not installed.
    """
    done = process.run((_program("ruff"), *args), timeout=_TIMEOUT)
    if done.returncode not in {0, _RUFF_PROBLEMS_LEFT} or done.timed_out:
        raise FactoryError(f"ruff failed: {done.stderr.strip()[-500:]}")


def _check_files(files: Sequence[str]) -> None:
    """Only regular files that git tracks, reached through no link.

    Raises:
        TicketError: one is not.
    """
    listed = process.run(("git", "--literal-pathspecs", "ls-files", "-z", "--", *files))
    tracked = set(listed.stdout.split("\0"))
    for name in files:
        path = Path(name)
        linked = any(part.is_symlink() for part in (path, *path.parents))
        if not listed.ok or name not in tracked or linked or not path.is_file():
            raise TicketError(f"the autofix block can't be used: {name!r} is not a tracked file")


def _program(name: str) -> str:
    """Beside our interpreter, else on PATH.

    Raises:
        ToolMissing: it is nowhere.
    """
    found = process.which(name, beside=sys.executable) or shutil.which(name)
    if found is None:
        raise ToolMissing(f"{name} is not installed", fix="pip install 'ci-factory[gates]'")
    return found


def _say(text: str) -> None:
    print(text)  # noqa: T201 - an agent speaks on its own stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
