"""What every gate is given: the change, checkouts of both sides, settings, and a store of measurements."""

import hashlib
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal, TypeVar

from pydantic import BaseModel

from ci_factory.config import Config
from ci_factory.gates.cache import Measurements
from ci_factory.gates.change import Change
from ci_factory.gates.checkout import Entry, Index, entries, export
from ci_factory.gates.configuration import Overlay, is_settings, overlay
from ci_factory.gates.setup import Setup
from ci_factory.model.base import Json
from ci_factory.system.git import Git

ModelT = TypeVar("ModelT", bound=BaseModel)
SideName = Literal["base", "head"]
_REGULAR = frozenset({"100644", "100755"})


Read = Callable[[str], str]
"""Text of a file by its path; empty for what is no regular file."""
Grow = Callable[[Collection[str], Read, frozenset[str]], Collection[str]]
"""Chooses files of a tree: given all paths, a reader, and what was chosen last (nothing at first), it says what else."""


class Checkouts:
    """Folders of trees, written when first asked for."""

    def __init__(self, repo: Git, root: Path, change: Change) -> None:
        """Write below `root`."""
        self._repo, self._root, self._change = repo, root, change
        self._made: dict[str, Any] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def folder(self, name: str, tree: str, put: tuple[Entry, ...] = (), drop: tuple[str, ...] = ()) -> Path:
        """The folder of this name; the first call decides what is in it."""
        path = self._root / name
        self._once(name, lambda: export(self._repo, tree, path, put=put, drop=drop))
        return path

    def some(
        self, name: str, tree: str, grow: Grow, put: tuple[Entry, ...] = (), drop: tuple[str, ...] = ()
    ) -> Path:
        """As `folder`, with chosen files only. `grow` is asked until it wants nothing new."""
        path = self._root / name
        self._once(name, lambda: self._grow(tree, path, grow, put, drop))
        return path

    def entries(self, tree: str) -> tuple[Entry, ...]:
        """All files of a tree, listed once; those of the head follow from the base's and the change."""
        base, head = self._change.base_tree, self._change.head_tree

        def listed() -> tuple[Entry, ...]:
            return (
                after(self.entries(base), self._change)
                if tree == head != base
                else tuple(entries(self._repo, tree))
            )

        found: tuple[Entry, ...] = self._once(f"entries:{tree}", listed)
        return found

    def _grow(self, tree: str, path: Path, grow: Grow, put: tuple[Entry, ...], drop: tuple[str, ...]) -> None:
        there = {each.path: each for each in (*self.entries(tree), *put)}
        for each in drop:
            there.pop(each, None)
        every, chosen, last = frozenset(there), set[str](), frozenset[str]()
        with self._repo.blobs() as blobs:

            def read(name: str) -> str:
                entry = there[name]
                return blobs(entry.blob).decode("utf-8", "replace") if entry.mode in _REGULAR else ""

            while last := (frozenset(grow(every, read, last)) & every) - chosen:
                chosen |= last
        index = Index(self._repo, path)
        index.put([there[each] for each in sorted(chosen)])
        index.write(sorted(chosen))

    def _once(self, name: str, make: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever is made
        with self._guard:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            if name not in self._made:
                self._made[name] = make()
            return self._made[name]


@dataclass(frozen=True)
class Subject:
    """One change under judgement."""

    repo: Git
    change: Change
    config: Config
    scratch: Path
    """Empty at first, ours alone, removed afterwards. Holds `home` and `tmp` for tools."""
    measurements: Measurements
    checkouts: Checkouts
    base_entries: dict[str, Entry] = field(repr=False)
    overlay: Overlay = field(repr=False)
    root: str = ""
    """Folder inside the repository that everything here is relative to; empty is the repository itself."""
    setup: Setup | None = field(default=None, repr=False)
    setup_root: str = ""
    """Where the setup belongs: the root, or the repository that it is inherited from."""

    @classmethod
    def make(
        cls, repo: Git, change: Change, config: Config, scratch: Path, measurements: Measurements
    ) -> "Subject":
        """Look at the base's tree and decide which settings hold."""
        checkouts = Checkouts(repo, scratch / "trees", change)
        base = {entry.path: entry for entry in checkouts.entries(change.base_tree)}
        for name in ("home", "tmp"):
            (scratch / name).mkdir(parents=True, exist_ok=True)
        return cls(repo, change, config, scratch, measurements, checkouts, base, overlay(change, base))

    def folder(
        self, side: SideName, use: str = "scan", put: tuple[Entry, ...] = (), drop: tuple[str, ...] = ()
    ) -> Path:
        """A checkout of one side, in it the folder of the root. Code that runs gets one of its own (`use`).

        So scanners (`scan`) see clean files, and every other use has what the setup installed. `put` replaces files of
        the head, `drop` leaves some out; the first call decides.

        Raises:
            Unmeasurable: the setup command failed.
        """
        name = f"{use}-{side}"
        if side == "base":
            folder = self.checkouts.folder(name, self.change.base_tree)
        else:
            folder = self.checkouts.folder(
                name, self.change.head_tree, (*self.overlay.put, *put), (*self.overlay.drop, *drop)
            )
        if use != "scan":
            self.equip(side, folder, self.home(side, use))
        return folder

    def head_entries(self) -> list[Entry]:
        """All files of the head's tree below the root, with paths relative to it, as the change has them."""
        prefix = f"{self.root}/" if self.root else ""
        return [
            Entry(each.path[len(prefix) :], each.mode, each.blob)
            for each in self.checkouts.entries(self.change.head_tree)
            if each.path.startswith(prefix)
        ]

    def part(self, side: SideName) -> Path:
        """A clean checkout of what the change touches and of settings only: quick, in a repository of any size."""
        touched = {
            "base": {each.old_path for each in self.change.files if each.status != "A"},
            "head": {*self.change.present()},
        }[side]
        return self.some(side, "part", lambda _paths, _read, last: () if last else touched)

    def some(self, side: SideName, use: str, grow: Grow) -> Path:
        """A clean checkout of chosen files and of settings; the first call for a `use` decides."""

        def grow_settings(paths: Collection[str], read: Read, last: frozenset[str]) -> Collection[str]:
            first = () if last else filter(is_settings, self.base_entries)
            return {*grow(paths, read, last), *first}

        name, laid = f"{use}-{side}", self.overlay
        if side == "base":
            return self.checkouts.some(name, self.change.base_tree, grow_settings)
        return self.checkouts.some(name, self.change.head_tree, grow_settings, laid.put, laid.drop)

    def equip(self, side: SideName, folder: Path, home: Path) -> None:
        """Lay what the setup installed for a side into a checkout (its folder of the root) and a home folder.

        Raises:
            Unmeasurable: the setup command failed.
        """
        home.mkdir(parents=True, exist_ok=True)
        if self.setup is not None:
            depth = len(PurePosixPath(self.root).parts) - len(PurePosixPath(self.setup_root).parts)
            self.setup.lay(side, folder.parents[depth - 1] if depth else folder, home)

    def home(self, side: SideName, use: str) -> Path:
        """The home folder of the programs that run in a checkout."""
        return self.scratch / "homes" / f"{slug(self.root)}{use}-{side}"

    def python(self, side: SideName, use: str) -> Path | None:
        """The interpreter that the setup made for a side, in a copy for this use; `None` without one.

        Raises:
            Unmeasurable: the setup command failed.
        """
        venv = self.scratch / "venvs" / f"{slug(self.root)}{use}-{side}" / "venv"
        return self.setup.python(side, venv) if self.setup else None

    def identity(self, side: SideName) -> str:
        """Names the content of a side's checkout, what is installed in it, and the root."""
        installed = self.setup.digest(side) if self.setup else ""
        return "+".join(
            [self._content(side), *([f"{installed}@{self.root}"] if installed or self.root else [])]
        )

    def _content(self, side: SideName) -> str:
        if side == "base":
            return self.change.base_tree
        puts = [f"{entry.mode} {entry.blob} {entry.path}" for entry in self.overlay.put]
        extra = hashlib.sha256("\0".join([*puts, "", *self.overlay.drop]).encode()).hexdigest()
        return f"{self.change.head_tree}+{extra}" if self.overlay.paths else self.change.head_tree

    def measure(self, side: SideName, key: Json, kind: type[ModelT], produce: Callable[[], ModelT]) -> ModelT:
        """A measurement of one side, from the store when it is there. `key` names tool, version and settings."""
        return self.measurements.get([self.identity(side), key], kind, produce)


def after(base: Collection[Entry], change: Change) -> tuple[Entry, ...]:
    """The files of the head's tree, from those of the base's."""
    files = {each.path: each for each in base}
    changes = (*change.files, *change.odd)
    for each in changes:
        if each.status in {"D", "R"}:
            files.pop(each.old_path, None)
    present = (each for each in changes if each.status != "D")
    return tuple(
        (files | {each.path: Entry(each.path, each.new_mode, each.blob) for each in present}).values()
    )


def slug(root: str) -> str:
    """Start of the names of a root's folders; empty for the repository itself."""
    return f"{hashlib.sha256(root.encode()).hexdigest()[:12]}." if root else ""
