"""The repository that reports are about: what is in its trees, and which lines the change added."""

from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

from ci_factory.gates.change import Change
from ci_factory.gates.checkout import entries, export
from ci_factory.system.git import Git

_FILES = {"100644", "100755"}
_KEPT_BYTES = 48 * 1024**2
"""What the files may take whose lines are kept; reports jump from file to file."""
_LINE_OVERHEAD = 60
"""Bytes of a line beside its characters."""
_MAX_FILE = 4 * 1024**2
"""Larger files have no snippets; reports on them are told apart by their words."""


@dataclass
class Tree:
    """Files of one tree, checked out when the first one is needed."""

    repo: Git
    tree: str
    folder: Path
    """Does not exist yet."""
    paths: frozenset[str] = field(init=False)
    _lines: OrderedDict[str, list[str]] = field(default_factory=OrderedDict, init=False)
    _kept: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.paths = frozenset(each.path for each in entries(self.repo, self.tree) if each.mode in _FILES)

    def lines(self, path: str) -> list[str]:
        """Lines of a file; none when the tree has no such file or it is very large."""
        if path not in self.paths:
            return []
        if path not in self._lines:
            self._keep(path, self._read(path))
        self._lines.move_to_end(path)
        return self._lines[path]

    def _keep(self, path: str, lines: list[str]) -> None:
        self._lines[path] = lines
        self._kept += _size(lines)
        while self._kept > _KEPT_BYTES and len(self._lines) > 1:
            self._kept -= _size(self._lines.popitem(last=False)[1])

    def _read(self, path: str) -> list[str]:
        if not self.folder.exists():
            export(self.repo, self.tree, self.folder)
        file = self.folder / path
        if file.is_symlink() or not file.is_file() or file.stat().st_size > _MAX_FILE:
            return []
        return file.read_text(encoding="utf-8", errors="replace").split("\n")


def _size(lines: list[str]) -> int:
    return sum(map(len, lines)) + _LINE_OVERHEAD * len(lines)


@dataclass
class Comparison:
    """A change in a repository, as reports see it."""

    change: Change
    base: Tree
    head: Tree

    @classmethod
    def make(cls, repo: Git, change: Change, scratch: Path) -> "Comparison":
        """`scratch` is a folder of ours."""
        base = Tree(repo, change.base_tree, scratch / "base")
        return cls(change, base, Tree(repo, change.head_tree, scratch / "head"))

    @property
    def paths(self) -> frozenset[str]:
        """All files of both sides."""
        return self.head.paths | self.base.paths
