"""Projects inside a repository: each gets a subject in which everything is relative to its own folder.

So a gate needs to know nothing of roots. Files that belong to no root are seen by the gates of the repository alone.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from ci_factory.config import Config
from ci_factory.gates.change import Change
from ci_factory.gates.checkout import Entry
from ci_factory.gates.configuration import Overlay, is_settings
from ci_factory.gates.presets.model import Preset
from ci_factory.gates.presets.registry import PRESETS, detected, files_of
from ci_factory.gates.protocol import Unmeasurable
from ci_factory.gates.setup import Recipe, Setup
from ci_factory.gates.subject import Checkouts, Grow, Read, SideName, Subject, slug
from ci_factory.model.gate import Finding, GateResult, Reason
from ci_factory.model.gate_settings import GatesConfig, RootConfig
from ci_factory.system.git import FileChange

ValueT = TypeVar("ValueT")


def equipped(whole: Subject) -> Subject:
    """The repository with what its own setup installs."""
    return replace(whole, setup=_setup(whole))


def subjects(whole: Subject) -> tuple[Subject, ...]:
    """One subject for each configured root; the repository itself when there is none."""
    roots = whole.config.gates.roots
    return tuple(_rooted(whole, root) for root in roots) or (whole,)


def lifted(result: GateResult) -> GateResult:
    """A root's result with paths from the top of the repository, and fingerprints that no other root has."""
    root = result.root

    def finding(each: Finding) -> Finding:
        mark = hashlib.sha256(f"{root}\0{each.fingerprint}".encode()).hexdigest()[:40]
        return each.model_copy(
            update={"path": f"{root}/{each.path}" if each.path else "", "fingerprint": mark}
        )

    def reason(each: Reason) -> Reason:
        return each.model_copy(update={"path": f"{root}/{each.path}"}) if each.path else each

    findings, reasons = map(finding, result.findings), map(reason, result.reasons)
    return result.model_copy(update={"findings": tuple(findings), "reasons": tuple(reasons)})


@dataclass(frozen=True)
class _Territory:
    """Which paths belong to a root: those below it that no deeper root has."""

    root: str
    others: tuple[str, ...]

    def has(self, path: str) -> bool:
        return _below(path, self.root) and not any(_below(path, other) for other in self.others)

    def local(self, path: str) -> str:
        return path[len(self.root) + 1 :] if self.root else path

    def keys(self, values: Mapping[str, ValueT]) -> dict[str, ValueT]:
        return {self.local(path): value for path, value in values.items() if self.has(path)}


def _below(path: str, root: str) -> bool:
    return not root or path.startswith(f"{root}/")


class _RootedCheckouts(Checkouts):
    """Checkouts of the whole repository, seen from one root. The paths it is given are the root's."""

    def __init__(self, whole: Subject, root: str) -> None:
        self._whole, self._in = whole, root

    def folder(self, name: str, tree: str, put: tuple[Entry, ...] = (), drop: tuple[str, ...] = ()) -> Path:
        """The root's folder in a checkout of this name; settings outside of the root are the base's too."""
        name = name if name in {"scan-base", "scan-head"} else f"{slug(self._in)}{name}"
        return _enter(self._whole.checkouts.folder(name, tree, *self._laid(tree, put, drop)), self._in)

    def some(
        self, name: str, tree: str, grow: Grow, put: tuple[Entry, ...] = (), drop: tuple[str, ...] = ()
    ) -> Path:
        """As `folder`, with chosen files only, and with settings above the root, where tools look for them too."""

        def grow_root(paths: Collection[str], read: Read, last: frozenset[str]) -> Collection[str]:
            inside = (frozenset(self._local(each)) for each in (paths, last))
            chosen = map(self._full, grow(next(inside), lambda path: read(self._full(path)), next(inside)))
            above = () if last else filter(is_settings, self._whole.base_entries)
            return [*chosen, *(path for path in above if not _below(path, self._in))]

        name, laid = f"{slug(self._in)}{name}", self._laid(tree, put, drop)
        return _enter(self._whole.checkouts.some(name, tree, grow_root, *laid), self._in)

    def entries(self, tree: str) -> tuple[Entry, ...]:
        """All files of the repository."""
        return self._whole.checkouts.entries(tree)

    def _laid(
        self, tree: str, put: tuple[Entry, ...], drop: tuple[str, ...]
    ) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
        """The root's replacements with the repository's paths, after the repository's own."""
        full = tuple(replace(each, path=self._full(each.path)) for each in put)
        gone = tuple(map(self._full, drop))
        if tree != self._whole.change.head_tree:
            return full, gone
        return (*self._whole.overlay.put, *full), (*self._whole.overlay.drop, *gone)

    def _local(self, paths: Collection[str]) -> Iterator[str]:
        prefix = f"{self._in}/" if self._in else ""
        return (path.removeprefix(prefix) for path in paths if _below(path, self._in))

    def _full(self, path: str) -> str:
        return f"{self._in}/{path}" if self._in else path


def _enter(top: Path, root: str) -> Path:
    folder = top / root
    if folder.resolve() != top.resolve() / root or (folder.exists() and not folder.is_dir()):
        raise Unmeasurable(f"{root} is not a plain folder", fix="correct gates.roots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _rooted(whole: Subject, root: RootConfig) -> Subject:
    others = [each.path for each in whole.config.gates.roots if each.path != root.path]
    territory = _Territory(root.path, tuple(path for path in others if path and _below(path, root.path)))
    overlay = whole.overlay
    subject = replace(
        whole,
        change=_change(whole.change, territory),
        config=_config(whole.config, root),
        checkouts=_RootedCheckouts(whole, root.path),
        base_entries={
            path: replace(entry, path=path) for path, entry in territory.keys(whole.base_entries).items()
        },
        overlay=Overlay(
            tuple(
                replace(each, path=territory.local(each.path))
                for each in overlay.put
                if territory.has(each.path)
            ),
            tuple(territory.local(path) for path in overlay.drop if territory.has(path)),
        ),
        root=root.path,
    )
    return replace(subject, setup=_setup(subject), setup_root=root.path) if root.setup else subject


def _change(change: Change, territory: _Territory) -> Change:
    files = tuple(_files(change.files, territory))
    added = territory.keys(change.added)
    here = {territory.local(each.path): each for each in change.files if territory.has(each.path)}
    lines = {path: lines for path, lines in added.items() if path in here}
    return replace(change, files=files, odd=tuple(_files(change.odd, territory)), added=lines)


def _files(changes: Iterable[FileChange], territory: _Territory) -> Iterator[FileChange]:
    """A file that moves over the border is new on one side and gone on the other."""
    for each in changes:
        came, went = territory.has(each.path), territory.has(each.old_path)
        new, old = territory.local(each.path), territory.local(each.old_path)
        if came and went:
            yield replace(each, path=new, old_path=old)
        elif came:
            yield replace(each, status="A", path=new, old_path=new, old_mode="000000")
        elif went and each.status == "R":
            yield replace(each, status="D", path=old, old_path=old, new_mode="000000")


def _config(config: Config, root: RootConfig) -> Config:
    given: dict[str, object] = {
        "presets": root.presets,
        "commands": root.commands,
        "disabled": (*config.gates.disabled, *root.disabled),
    }
    if root.setup:
        given |= {"setup": root.setup, "setup_paths": root.setup_paths}
    given |= {name: value for name in ("tests", "python") if (value := getattr(root, name)) is not None}
    gates: GatesConfig = config.gates.model_copy(update=given)
    return config.model_copy(update={"gates": gates})


def _setup(subject: Subject) -> Setup:
    gates = subject.config.gates
    presets = detected(gates.presets, files_of(subject))
    return Setup(
        _recipe(gates, presets),
        locks=lambda side: _tree(subject, side),
        checkout=lambda side: _plain(subject, side),
        scratch=subject.scratch,
        store=subject.measurements.folder / "setup" if subject.measurements.folder else None,
    )


def _recipe(gates: GatesConfig, presets: tuple[Preset, ...]) -> Recipe:
    usual = {path: None for preset in presets for path in preset.setup_paths}
    locks = {name: None for preset in PRESETS.values() for name in preset.locks}
    python = any(preset.name == "python" for preset in presets)
    return Recipe(
        command=gates.setup,
        paths=gates.setup_paths or tuple(usual),
        locks=tuple(locks),
        venv=python and gates.python is None,
        timeout=gates.setup_timeout_seconds,
    )


def _plain(subject: Subject, side: SideName) -> Path:
    """A checkout in which the setup command itself runs."""
    if side == "base":
        return subject.checkouts.folder("setup-base", subject.change.base_tree)
    laid = subject.overlay
    return subject.checkouts.folder("setup-head", subject.change.head_tree, laid.put, laid.drop)


def _tree(subject: Subject, side: SideName) -> list[Entry]:
    """All files of a side's checkout, relative to the root."""
    if side == "base":
        return list(subject.base_entries.values())
    found = {each.path: each for each in subject.head_entries()}
    found |= {each.path: each for each in subject.overlay.put}
    return [entry for path, entry in found.items() if path not in subject.overlay.drop]
