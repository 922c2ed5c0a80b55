"""An agent's own repository: a commit of the project, and nothing by which to reach further.

It has no remote, no branch, no credential and no setting of anybody's, and writes into no other repository. The
project's objects are borrowed, so that it costs no copy; they are read-only in a sandbox.
"""

import shutil
from pathlib import Path

from ci_factory.system.git import Git

_CONFIG = b"[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n[gc]\n\tauto = 0\n"
_DEPTH = 5
"""Of stores that borrow from stores; git itself follows five."""
_LOOKED_BACK = 200
"""Commits that a stack of changes can have above what the project knows."""


def clone(hub: Git, tree: Path, base: str) -> None:
    """Make the folder with the files of a commit, a repository with HEAD detached there in its `.git`.

    Raises:
        RepositoryError: git failed.
    """
    folder = tree / ".git"
    (folder / "objects" / "info").mkdir(parents=True)
    (folder / "objects" / "pack").mkdir()
    (folder / "refs").mkdir()
    (folder / "HEAD").write_text(f"{base}\n", encoding="ascii")
    (folder / "config").write_bytes(_CONFIG)
    lines = "".join(f"{store}\n" for store in stores(hub)[:1])
    (folder / "objects" / "info" / "alternates").write_text(lines, encoding="utf-8")
    if (shallow := hub.folder / "shallow").exists():
        shutil.copyfile(shallow, folder / "shallow")
    git = Git(tree)
    if not _has(git, base):
        _bring(hub, git, base)
    git.fill_worktree()


def stores(hub: Git) -> tuple[Path, ...]:
    """Folders of objects that a clone borrows from, the project's own first; the hub's, with all tickets' work, is none."""
    found: list[Path] = []
    layer = _borrowed(hub.folder / "objects") or [hub.folder / "objects"]
    for _ in range(_DEPTH):
        found += (new := [path for path in dict.fromkeys(layer) if path not in found])
        layer = [path for store in new for path in _borrowed(store)]
    return tuple(found)


def _borrowed(store: Path) -> list[Path]:
    """What a store names as its alternates; a relative one is relative to it."""
    try:
        text = (store / "info" / "alternates").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return []
    return [(store / line).resolve() for line in text.splitlines() if line and not line.startswith("#")]


def _has(git: Git, commit: str) -> bool:
    return git.run("cat-file", "-e", f"{commit}^{{tree}}").ok


def _bring(hub: Git, git: Git, base: str) -> None:
    """Copy the changes of tickets below: commits that the hub has and the project has not."""
    names = hub.text("rev-list", "--first-parent", f"--max-count={_LOOKED_BACK}", base).splitlines()
    known = next((name for name in names if _has(git, name)), None)
    wanted = f"{base}\n" + (f"^{known}\n" if known else "")
    pack = git.folder.absolute() / ".git" / "objects" / "pack" / "pack"
    hub.text("pack-objects", "--quiet", "--revs", str(pack), stdin=wanted.encode())
