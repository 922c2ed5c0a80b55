"""Writes trees to folders, without a `.git`: the code that runs there finds no way back into the repository."""

from collections.abc import Sequence
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
    only: Sequence[str] | None = None,
) -> None:
    """Write a tree, or `only` these files of it, into a new folder, some replaced (`put`) or left out (`drop`).

    The index that is needed for it lies beside the folder. Nothing is written into the repository.
    """
    folder.mkdir(parents=True)
    env = {"GIT_INDEX_FILE": str(folder.with_name(f"{folder.name}.index"))}
    repo.text("read-tree", tree, env=env)
    nothing = "0" * len(tree)
    rows = [f"0 {nothing}\t{path}\0" for path in drop]
    rows += [f"{entry.mode} {entry.blob}\t{entry.path}\0" for entry in put]
    if rows:
        repo.text("update-index", "-z", "--replace", "--index-info", stdin="".join(rows).encode(), env=env)
    where = f"--work-tree={folder}"
    words = [*_RAW, where, "checkout-index", "--force", "--quiet"]
    if only is None:
        repo.text(*words, "--all", env=env)
    else:
        repo.text(*words, "-z", "--stdin", stdin="".join(f"{path}\0" for path in only).encode(), env=env)
