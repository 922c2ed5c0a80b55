"""The `dependencies` job of the autofix agent: asks about each pin, and writes the manifests."""

from collections.abc import Iterable
from pathlib import Path

from ci_factory.errors import TicketError
from ci_factory.manifests.model import ManifestError, normalised
from ci_factory.system import process
from ci_factory.work.agents.autofix_block import DependencyBumps
from ci_factory.work.agents.autofix_dependencies import (
    Bump,
    NoAnswer,
    Pin,
    has_lock,
    newest_patch,
    pins,
    replaced,
)


def run(job: DependencyBumps) -> str:
    """Bump what can be bumped in the worktree; what was done, and what was not and why, in one line.

    Raises:
        TicketError: a file is no manifest, or a lock file lies beside it.
        ToolMissing: pip or npm is not installed.
    """
    wanted = [pin for path in job.files for pin in _pins(path, job.names)]
    told: list[str] = []
    bumps: list[Bump] = []
    for pin in wanted:
        try:
            newer = newest_patch(pin)
        except NoAnswer as error:
            told.append(error.what)
            continue
        if newer is None:
            told.append(f"{pin.name} {pin.version} has no newer patch release")
        else:
            bumps.append(Bump(pin, newer))
    told = [f"{each.pin.name} {each.pin.version} -> {each.to}" for each in _written(bumps)] + told
    return "; ".join(told) or "nothing of what the ticket names is pinned in its files"


def _pins(path: str, names: Iterable[str]) -> list[Pin]:
    tracked = process.run(("git", "--literal-pathspecs", "ls-files", "-z", "--", str(Path(path).parent)))
    if has_lock(path, tracked.stdout.split("\0")):
        raise TicketError(f"{path} has a lock file beside it, which its own tool has to write")
    try:
        found = list(pins(path, Path(path).read_text(encoding="utf-8")))
    except (ManifestError, UnicodeDecodeError) as error:
        raise TicketError(f"{path} can't be read as a manifest") from error
    wanted = set(names)
    return [pin for pin in found if wanted & {pin.name, normalised(pin.ecosystem, pin.name)}]


def _written(bumps: Iterable[Bump]) -> list[Bump]:
    by_path: dict[str, list[Bump]] = {}
    for bump in bumps:
        by_path.setdefault(bump.pin.path, []).append(bump)
    for path, each in by_path.items():
        text = Path(path).read_bytes().decode("utf-8")
        Path(path).write_bytes(replaced(text, each).encode())
    return [bump for each in by_path.values() for bump in each]
