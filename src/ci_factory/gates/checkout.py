"""Writes trees to folders, without a `.git`: the code that runs there finds no way back into the repository."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from ci_factory.system.git import Git

_RAW = (
    # Bytes as they are in the tree, on every machine, and no filter program of anybody's configuration.
    "-c",
    "core.autocrlf=false",
    "-c",
    "filter.lfs.smudge=",
    "-c",
    "filter.lfs.process=",
    "-c",
    "filter.lfs.required=false",
)


@dataclass(frozen=True)
class Entry:
    """One file of a tree."""

    path: str
    mode: str
    blob: str


def entries(repo: Git, tree: str) -> list[Entry]:
    """All files of a tree."""
    found = []
    for row in repo.text("ls-tree", "-r", "-z", tree).split("\0"):
        if row:
            facts, path = row.split("\t", 1)
            mode, _, blob = facts.split(" ")
            found.append(Entry(path, mode, blob))
    return found


def export(
    repo: Git,
    tree: str,
    folder: Path,
    *,
    put: Sequence[Entry] = (),
    drop: Sequence[str] = (),
) -> None:
    """Write a tree into a new folder, some files replaced (`put`) or left out (`drop`).

    The index that is needed for it lies beside the folder. Nothing is written into the repository.
    """
    index = Index(repo, folder)
    index.read(tree)
    index.drop(drop, digits=len(tree))
    index.put(put)
    index.write()


class Index:
    """An index of our own beside a new folder; what is added to it can be written there."""

    def __init__(self, repo: Git, folder: Path) -> None:
        """Make the folder. With nothing read into it, writing is quick however large the tree is."""
        folder.mkdir(parents=True)
        self._repo, self._folder = repo, folder
        self._env = {"GIT_INDEX_FILE": str(folder.with_name(f"{folder.name}.index"))}

    def read(self, tree: str) -> None:
        """Add a whole tree."""
        self._repo.text("read-tree", tree, env=self._env)

    def put(self, files: Collection[Entry]) -> None:
        """Add files, or take others in their place."""
        self._change([f"{entry.mode} {entry.blob}\t{entry.path}\0" for entry in files])

    def drop(self, paths: Collection[str], *, digits: int) -> None:
        """Leave files out. `digits`: length of the repository's object names."""
        self._change([f"0 {'0' * digits}\t{path}\0" for path in paths])

    def write(self, paths: Collection[str] | None = None) -> None:
        """Write all files, or these, into the folder."""
        words = [*_RAW, f"--work-tree={self._folder}", "checkout-index", "--force", "--quiet"]
        if paths is None:
            self._repo.text(*words, "--all", env=self._env)
        else:
            names = "".join(f"{path}\0" for path in paths).encode()
            self._repo.text(*words, "-z", "--stdin", stdin=names, env=self._env)

    def _change(self, rows: Sequence[str]) -> None:
        if rows:
            words = ("update-index", "-z", "--replace", "--index-info")
            self._repo.text(*words, stdin="".join(rows).encode(), env=self._env)
