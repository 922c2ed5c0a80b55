"""Branches of a bare repository, read from its files: no process, and a copy can be kept."""

from pathlib import Path

_HEADS = "refs/heads/"
Branches = dict[str, str]


def head(repository: Path, branch: str) -> str | None:
    """Commit of one branch."""
    path = repository / _HEADS / branch
    if ".." not in branch and path.is_file():
        return path.read_text(encoding="ascii").strip()
    return _packed(repository).get(branch)


def branches(repository: Path) -> Branches:
    """Every branch and its commit."""
    top = repository / _HEADS
    loose = {
        str(path.relative_to(top)): path.read_text(encoding="ascii").strip()
        for path in top.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    }
    return _packed(repository) | loose


def _packed(repository: Path) -> Branches:
    path = repository / "packed-refs"
    if not path.is_file():
        return {}
    pairs = (line.split(" ", 1) for line in path.read_text(encoding="utf-8").splitlines() if " " in line)
    return {ref.removeprefix(_HEADS): sha for sha, ref in pairs if ref.startswith(_HEADS)}
