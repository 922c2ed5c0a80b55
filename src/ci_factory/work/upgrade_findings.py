"""What our own upgrade rules and patch releases could mend in a commit."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ci_factory.errors import FactoryError
from ci_factory.manifests.model import ManifestError
from ci_factory.manifests.registry import is_lock, parser_of
from ci_factory.system.git import Git
from ci_factory.work.agents import autofix_semgrep
from ci_factory.work.agents.autofix_dependencies import Bump, NoAnswer, Pin, has_lock, newest_patch, pins
from ci_factory.work.paths import path_problem
from ci_factory.work.ruff_findings import Findings

_MOST_ASKED, _MOST_SILENT = 100, 2
_LARGEST = 1_000_000


def upgrades(folder: Path, scratch: Path) -> Findings:
    """Places for the rules of our pack in a folder's Python files; none where semgrep is missing.

    Raises:
        FactoryError: semgrep failed.
    """
    wanted: dict[str, set[str]] = {}
    for path in sorted(folder.rglob("*.py")):
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= _LARGEST:
            rules = autofix_semgrep.likely(path.read_text(encoding="utf-8", errors="replace"))
            if rules:
                wanted[str(path.relative_to(folder))] = rules
    if not wanted or not autofix_semgrep.is_installed():
        return {}
    chosen = sorted(set().union(*wanted.values()))
    findings: Findings = {}
    for name, rule in autofix_semgrep.find(chosen, sorted(wanted), folder, scratch):
        findings.setdefault(name, Counter())[rule] += 1
    return findings


@dataclass(frozen=True)
class Releases:
    """Newer patch releases, and what the index did not say."""

    bumps: tuple[Bump, ...]
    silent: tuple[str, ...] = ()
    """Why there may be more, in words."""


def patch_releases(repo: Git) -> Releases:
    """Ask the configured index about every pin of HEAD's manifests; after two failures it is taken to be away.

    Raises:
        RepositoryError: HEAD can't be read.
    """
    bumps: list[Bump] = []
    silent: list[str] = []
    for pin, _ in zip(_pins(repo), range(_MOST_ASKED), strict=False):
        if len(silent) >= _MOST_SILENT:
            break
        try:
            if newer := newest_patch(pin):
                bumps.append(Bump(pin, newer))
        except NoAnswer as error:
            silent.append(error.what)
        except FactoryError as error:
            return Releases(tuple(bumps), (*silent, error.what))
    return Releases(tuple(bumps), tuple(silent))


def _pins(repo: Git) -> Iterator[Pin]:
    present = repo.files("HEAD")
    for path in sorted(present):
        if not parser_of(path) or is_lock(path) or path_problem(path) or has_lock(path, present):
            continue
        try:
            yield from pins(path, repo.show("HEAD", path) or "")
        except ManifestError:
            continue  # the gate of dependencies says so whenever it changes
