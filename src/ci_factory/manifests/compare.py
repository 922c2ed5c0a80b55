"""What a change does to the dependencies of a project: both sides of its manifests, compared."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from ci_factory.manifests.model import Dependency, Ecosystem, Manifest, Setting, Source
from ci_factory.manifests.registry import is_lock

Key = tuple[Ecosystem, str]


class Step(StrEnum):
    """What happened to a dependency."""

    NEW = "new"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True)
class Difference:
    """One dependency of one manifest that the change touches."""

    step: Step
    path: str
    dependency: Dependency
    before: Dependency | None = None
    known: bool = False
    """Another manifest of the base names it too: new here, not new to the project."""

    @property
    def moved_source(self) -> bool:
        """Whether it now comes from another place: an address, a repository or a folder that the base does not name."""
        now, then = self.dependency, self.before
        if now.source in {Source.INDEX, Source.INSIDE}:
            return False
        return then is None or then.source is not now.source or address(then.spec) != address(now.spec)


@dataclass(frozen=True)
class Differences:
    """All of them, and what else the manifests now say."""

    dependencies: tuple[Difference, ...] = ()
    settings: tuple[tuple[str, Setting], ...] = ()
    """(path, setting) that only the head has."""
    computed: tuple[str, ...] = ()
    """Manifests whose computed dependencies the change touches."""
    known: Mapping[Ecosystem, frozenset[str]] = field(default_factory=dict)
    """Names that the base depends on."""


def compare(
    base: Mapping[str, Manifest],
    head: Mapping[str, Manifest],
    renamed: Mapping[str, str],
    changed: Sequence[str],
) -> Differences:
    """Compare the manifests of both sides. `renamed` maps head's paths to base's; `changed` are head's or base's paths."""
    names = _names(base.values())
    rows: list[Difference] = []
    settings: list[tuple[str, Setting]] = []
    computed: list[str] = []
    for path in sorted(changed):
        old, new = base.get(renamed.get(path, path), Manifest()), head.get(path, Manifest())
        rows += _rows(path, old, new, names)
        settings += [
            (path, each)
            for each in new.settings
            if _said(each) not in {_said(other) for other in old.settings}
        ]
        if new.computed and new.computed != old.computed:
            computed.append(path)
    known: dict[Ecosystem, set[str]] = {}
    for ecosystem, name in names:
        known.setdefault(ecosystem, set()).add(name)
    frozen = {ecosystem: frozenset(each) for ecosystem, each in known.items()}
    return Differences(tuple(rows), tuple(settings), tuple(computed), frozen)


def asked_for(manifests: Mapping[str, Manifest]) -> set[Key]:
    """Names that people wrote, lock files left out."""
    return _names(manifest for path, manifest in manifests.items() if not is_lock(path))


def _names(manifests: Iterable[Manifest]) -> set[Key]:
    return {each.key for manifest in manifests for each in manifest.dependencies}


def _said(setting: Setting) -> tuple[str, str, str]:
    return setting.kind, setting.name, setting.value


def _rows(path: str, old: Manifest, new: Manifest, names: set[Key]) -> Iterator[Difference]:
    before, after = _by_key(old), _by_key(new)
    for key, entries in after.items():
        previous = before.get(key, [])
        told = {(each.spec, each.source) for each in previous}
        for each in _distinct(entries):
            if (each.spec, each.source) not in told:
                step = Step.CHANGED if previous else Step.NEW
                yield Difference(step, path, each, _closest(each, previous), key in names)
    for key, entries in before.items():
        if key not in after:
            yield Difference(Step.REMOVED, path, entries[0], entries[0], known=True)


def _distinct(entries: Sequence[Dependency]) -> list[Dependency]:
    """One of each specification: groups and markers repeat them."""
    return list({(each.spec, each.source): each for each in reversed(entries)}.values())[::-1]


def _closest(now: Dependency, previous: Sequence[Dependency]) -> Dependency | None:
    """The entry of the base that it came from: one of the same source, if there is one."""
    return next((each for each in previous if each.source is now.source), previous[0] if previous else None)


def _by_key(manifest: Manifest) -> dict[Key, list[Dependency]]:
    found: dict[Key, list[Dependency]] = {}
    for each in manifest.dependencies:
        found.setdefault(each.key, []).append(each)
    return found


def address(spec: str) -> str:
    """An address without its revision, so that a newer commit of the same repository is the same place."""
    return re.split(r"[#?]", re.sub(r"@[^@/:]+(?=$|#)", "", spec))[0]
