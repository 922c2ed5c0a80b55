"""What every gate is given: the change, checkouts of both sides, settings, and a store of measurements."""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal, TypeVar

from pydantic import BaseModel

from ci_factory.config import Config
from ci_factory.gates.cache import Measurements
from ci_factory.gates.change import Change
from ci_factory.gates.checkout import Entry, entries, export
from ci_factory.gates.configuration import Overlay, is_settings, overlay
from ci_factory.gates.setup import Setup
from ci_factory.model.base import Json
from ci_factory.system.git import Git

ModelT = TypeVar("ModelT", bound=BaseModel)
SideName = Literal["base", "head"]


class Checkouts:
    """Folders of trees, written when first asked for."""

    def __init__(self, repo: Git, root: Path) -> None:
        """Write below `root`."""
        self._repo, self._root = repo, root
        self._made: set[str] = set()
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def folder(
        self,
        name: str,
        tree: str,
        put: tuple[Entry, ...] = (),
        drop: tuple[str, ...] = (),
        only: tuple[str, ...] | None = None,
    ) -> Path:
        """The folder of this name; the first call decides what is in it."""
        path = self._root / name
        with self._guard:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            if name not in self._made:
                export(self._repo, tree, path, put=put, drop=drop, only=only)
                self._made.add(name)
        return path


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
        base = {entry.path: entry for entry in entries(repo, change.base_tree)}
        for name in ("home", "tmp"):
            (scratch / name).mkdir(parents=True, exist_ok=True)
        checkouts = Checkouts(repo, scratch / "trees")
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
            for each in entries(self.repo, self.change.head_tree)
            if each.path.startswith(prefix)
        ]

    def part(self, side: SideName) -> Path:
        """A clean checkout of what the change touches and of settings only: quick, in a repository of any size."""
        name, settings = f"part-{side}", {path for path in self.base_entries if is_settings(path)}
        if side == "base":
            touched = {each.old_path for each in self.change.files if each.status != "A"}
            return self.checkouts.folder(name, self.change.base_tree, only=tuple(sorted(touched | settings)))
        laid = self.overlay
        here = ({each.path for each in self.head_entries()} - {*laid.drop}) | {each.path for each in laid.put}
        only = tuple(sorted(here & ({*self.change.present()} | settings)))
        return self.checkouts.folder(name, self.change.head_tree, laid.put, laid.drop, only)

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


def slug(root: str) -> str:
    """Start of the names of a root's folders; empty for the repository itself."""
    return f"{hashlib.sha256(root.encode()).hexdigest()[:12]}." if root else ""
