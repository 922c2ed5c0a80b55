"""What every gate is given: the change, checkouts of both sides, settings, and a store of measurements."""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel

from ci_factory.config import Config
from ci_factory.gates.cache import Measurements
from ci_factory.gates.change import Change
from ci_factory.gates.checkout import Entry, entries, export
from ci_factory.gates.configuration import Overlay, overlay
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
        self._lock = threading.Lock()

    def folder(self, name: str, tree: str, put: tuple[Entry, ...] = (), drop: tuple[str, ...] = ()) -> Path:
        """The folder of this name; the first call decides what is in it."""
        path = self._root / name
        with self._lock:
            if name not in self._made:
                export(self._repo, tree, path, put=put, drop=drop)
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

    def folder(self, side: SideName, use: str = "scan") -> Path:
        """A checkout of one side. Code that runs gets one of its own (`use`), so that scanners see clean files."""
        name = f"{use}-{side}"
        if side == "base":
            return self.checkouts.folder(name, self.change.base_tree)
        return self.checkouts.folder(name, self.change.head_tree, self.overlay.put, self.overlay.drop)

    def identity(self, side: SideName) -> str:
        """Names the content of a side's checkout."""
        if side == "base":
            return self.change.base_tree
        puts = [f"{entry.mode} {entry.blob} {entry.path}" for entry in self.overlay.put]
        extra = hashlib.sha256("\0".join([*puts, "", *self.overlay.drop]).encode()).hexdigest()
        return f"{self.change.head_tree}+{extra}" if self.overlay.paths else self.change.head_tree

    def measure(self, side: SideName, key: Json, kind: type[ModelT], produce: Callable[[], ModelT]) -> ModelT:
        """A measurement of one side, from the store when it is there. `key` names tool, version and settings."""
        return self.measurements.get([self.identity(side), key], kind, produce)
