"""New dependencies (architecture) and major upgrades (compatibility), from both sides of the manifests."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from ci_factory.manifests.compare import Difference, Step, compare
from ci_factory.manifests.model import Dependency, Manifest, ManifestError, Source
from ci_factory.manifests.registry import is_lock, parser_of, read
from ci_factory.model.attempt import Trigger
from ci_factory.work.triggers.change import Change, ChangedFile, is_aside
from ci_factory.work.triggers.signal import Signal

_LINES = {
    "*.gradle": re.compile(
        r"^\s*\w*(?:[iI]mplementation|[cC]ompile(?:Only)?|api|[rR]untimeOnly|kapt|annotationProcessor)\b[\s(]+[\"']([\w.-]+:[\w.-]+)",
        re.MULTILINE,
    ),
    "Gemfile": re.compile(r"^\s*gem[\s(]+[\"']([\w-]+)", re.MULTILINE),
    "*.csproj": re.compile(r"<PackageReference\s+Include=\"([^\"]+)\""),
    "mix.exs": re.compile(r"^\s*\{:(\w+),", re.MULTILINE),
}
_LINES["*.gradle.kts"] = _LINES["*.gradle"]
_VERSION = re.compile(r"(\d+)(?:\.(\d+))?")


def dependencies(change: Change) -> Iterator[Signal]:
    """What the change does to what the project depends on. Patch and minor updates are none."""
    yield from _by_manifest(change)
    for file in change.files:
        if (pattern := _listed(file)) is not None:
            yield from _by_line(file, pattern)


def _listed(file: ChangedFile) -> re.Pattern[str] | None:
    """Of files that are programs, or have no parser here: the lines that name a dependency."""
    found = (pattern for name, pattern in _LINES.items() if fnmatchcase(file.name, name))
    return None if is_aside(file.path) else next(found, None)


def _by_line(file: ChangedFile, pattern: re.Pattern[str]) -> Iterator[Signal]:
    known = set(pattern.findall(file.before or ""))
    for line in file.added:
        if (found := pattern.search(line.text)) and found[1] not in known:
            yield _new(found[1], file.path, line.number)


def _by_manifest(change: Change) -> Iterator[Signal]:
    changed = [each for each in change.files if parser_of(each.path) and not is_aside(each.path)]
    if not changed:
        return
    renamed = {each.path: each.old_path for each in changed if each.old_path}
    base = {each.old_path or each.path: _manifest(each.path, each.before) for each in changed if not each.new}
    head = {each.path: _manifest(each.path, each.after) for each in changed if not each.gone}
    others = {path: _manifest(path, text) for path, text in change.manifests.items()}
    found = compare({**others, **base}, {**others, **head}, renamed, [each.path for each in changed])
    asked = [each for each in found.dependencies if not each.dependency.locked and not is_lock(each.path)]
    only_locks = all(is_lock(each.path) for each in found.dependencies)
    for each in found.dependencies if only_locks else asked:
        yield from _signal(each)


def _new(name: str, path: str, line: int) -> Signal:
    return Signal(Trigger.ARCHITECTURE, "new-dependency", f"adds the dependency {name}", path, line)


def _manifest(path: str, text: str | None) -> Manifest:
    """An unreadable manifest declares nothing here; the gate of dependencies is the one to say that it is unreadable."""
    try:
        return read(path, text or "") if text else Manifest()
    except ManifestError:
        return Manifest()


def _signal(each: Difference) -> Iterator[Signal]:
    now, then = each.dependency, each.before
    if each.step is Step.NEW and not each.known and now.source is not Source.INSIDE:
        yield _new(now.spelled, each.path, now.line)
    if each.step is Step.CHANGED and then is not None and _is_major(then, now):
        what = f"takes {now.spelled} from {then.spec or 'any version'} to {now.spec or 'any version'}"
        yield Signal(Trigger.COMPATIBILITY, "major-upgrade", what, each.path, now.line)


def _is_major(then: Dependency, now: Dependency) -> bool:
    """Whether the lowest version that is asked for has another leading number (below 1.0: another second one)."""
    old, new = _VERSION.search(then.spec), _VERSION.search(now.spec)
    if now.source is not Source.INDEX or old is None or new is None:
        return False
    return old[1] != new[1] or (old[1] == "0" and (old[2] or "0") != (new[2] or "0"))
