"""One agent's place to work: a fresh clone, and a safe way to take the change out of it.

The clone's `.git` and everything else the agent can reach is only for the agent. The change is taken with a git
folder and an index of our own, so that neither settings, hooks, filters nor commits of the agent have a say in it.
"""

import contextlib
import secrets
import shutil
import stat
import threading
from dataclasses import dataclass
from pathlib import Path

from ci_factory.errors import FactoryError, RepositoryError
from ci_factory.model.attempt import DiffStat
from ci_factory.system.git import FileChange, Git
from ci_factory.work.clone import clone
from ci_factory.work.disk import used

_sealing = threading.Lock()
"""Held while the hub's settings are put back; without a sandbox an agent finds the hub."""

_LINK, _SUBMODULE = "120000", "160000"
_CONTROL, _HOME, _TEMPORARY = ".control", ".home", ".tmp"
_MEGABYTE = 1024 * 1024
_AGENT_IDENTITY = "[user]\n\tname = agent\n\temail = agent@localhost\n"
"""Some agents commit by themselves and would stop without a name; their commits are not used."""


class Unacceptable(FactoryError):
    """What the agent left can't become a change at all."""


@dataclass(frozen=True)
class Change:
    """What a worktree holds beyond the base."""

    tree: str
    diff: DiffStat
    added: frozenset[str] = frozenset()
    """Files that the base does not have."""


@dataclass
class Workspace:
    """A clone and what lies beside it, all in one folder with a name that is used once."""

    hub: Git
    base: str
    root: Path
    tree: Path
    """The clone's files: the agent's current folder."""
    disk_mb: int | None = None
    """What an agent may add; `None` is no limit."""
    size: int = 0
    """Bytes before the agent came."""
    dirty: bool = False
    """Whether anything was ever staged in our index; saves asking git for the change of an idle agent."""

    @property
    def home(self) -> Path:
        """The agent's home: a fresh folder."""
        return self.root / _HOME

    @property
    def temporary(self) -> Path:
        """For temporary files: a fresh folder."""
        return self.root / _TEMPORARY

    def overfull(self) -> str:
        """Why it holds more than it may, in words; empty when it does not."""
        if self.disk_mb is None or used([self.root]) - self.size <= self.disk_mb * _MEGABYTE:
            return ""
        return f"the agent wrote more than {self.disk_mb} MB (sandbox.disk_mb)"

    def touched(self) -> bool:
        """Whether the agent changed any file since the last look; what it changed is staged in our index.

        Raises:
            Unacceptable: the folder can't be read as a tree of files, or holds too much.
        """
        if why := self.overfull():
            raise Unacceptable(why)
        with _sealing:
            self.hub.seal_hub()
        touched = bool(self._git("add", "--all", "--verbose", "."))
        self.dirty = self.dirty or touched
        return touched

    def change(self) -> Change | None:
        """The change as it is now; `None` when it comes to nothing.

        Raises:
            Unacceptable: it adds symbolic links or submodules, or can't be read.
        """
        self.touched()
        if not self.dirty:
            return None
        tree = self._git("write-tree")
        changes = self.hub.changes(self.base, tree, renames=False)
        if not changes:
            return None
        if problems := [problem for change in changes if (problem := _policy_problem(change))]:
            raise Unacceptable("; ".join(problems[:5]))
        added, removed = self.hub.line_counts(self.base, tree)
        diff = DiffStat(files=tuple(change.path for change in changes), added=added, removed=removed)
        return Change(tree, diff, frozenset(change.path for change in changes if change.status == "A"))

    def put(self, tree: str) -> None:
        """Make the files those of a tree of the hub, for an agent that goes on with it.

        Raises:
            Unacceptable: git can't write them.
        """
        self._git("read-tree", "--reset", "-u", tree)
        self.dirty = True

    def close(self) -> None:
        """Remove everything; what can't be removed is left to the next cleaning."""
        remove(self.root)

    def _git(self, *args: str) -> str:
        """Run git on the worktree with our own index and without anybody's settings but the user's."""
        if self.tree.is_symlink() or not self.tree.is_dir():
            raise Unacceptable("the agent removed the folder it works in")
        control = self.root / _CONTROL
        env = {
            "GIT_DIR": str(control),
            "GIT_WORK_TREE": str(self.tree),
            "GIT_INDEX_FILE": str(control / "index"),
            "GIT_OBJECT_DIRECTORY": str(self.hub.folder.absolute() / "objects"),
        }
        try:
            return Git(self.tree).text(*args, env=env)
        except RepositoryError as error:
            raise Unacceptable(f"git can't read what the agent left: {error.what}") from error


def create(
    hub: Git, worktrees: Path, base: str, name: str, attempt: int, disk_mb: int | None = None
) -> Workspace:
    """Make a clone in a folder that no other attempt, nor the rest of a killed one, can have."""
    root = worktrees.absolute() / f"{name}-{attempt}-{secrets.token_hex(6)}"
    tree = root / name
    tree.mkdir(parents=True)
    with _sealing:
        hub.seal_hub()
    clone(hub, tree, base)
    _make_control(root / _CONTROL, tree, base)
    (root / _TEMPORARY).mkdir()
    (root / _HOME).mkdir()
    (root / _HOME / ".gitconfig").write_text(_AGENT_IDENTITY, encoding="utf-8")
    return Workspace(hub, base, root, tree, disk_mb, used([root]))


def remove(folder: Path) -> None:
    """Delete a folder, also one whose owner took away its own permissions."""
    shutil.rmtree(folder, ignore_errors=True)
    if not folder.exists():
        return
    for path in (folder, *folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            with contextlib.suppress(OSError):
                path.chmod(stat.S_IRWXU)
    shutil.rmtree(folder, ignore_errors=True)


def _make_control(control: Path, tree: Path, base: str) -> None:
    """The least that git takes for a repository, with the index as it was before the agent came."""
    (control / "refs").mkdir(parents=True)
    (control / "HEAD").write_text(f"{base}\n", encoding="ascii")
    shutil.copy2(tree / ".git" / "index", control / "index")


def _policy_problem(change: FileChange) -> str | None:
    shown = ascii(change.path)
    if change.new_mode == _LINK:
        return f"{shown} is a symbolic link; changes may not bring any"
    if change.new_mode == _SUBMODULE:
        return f"{shown} is a repository of its own (submodule); changes may not bring any"
    if change.path.rsplit("/", 1)[-1].lower() == ".gitmodules" and change.status != "D":
        return f"{shown} declares submodules; changes may not bring any"
    return None
