"""Branches of the repository as the embedded forge sees them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ci_factory.errors import Conflict, ForgeError
from ci_factory.system.git import Git

ALWAYS_PROTECTED = frozenset({"main", "master", "HEAD"})
_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_MANY = 100
_FORMAT = "--format=%(objectname)%00%(refname)%00%(worktreepath)%00"


@dataclass(frozen=True)
class Tip:
    """Where a branch is."""

    commit: str
    worktree: Path | None
    """The folder in which it is checked out."""


@dataclass(frozen=True)
class Branches:
    """`refs/heads` of one repository."""

    git: Git

    def tips(self, names: Iterable[str]) -> dict[str, Tip]:
        """Where these branches are (one git process); those that do not exist are left out."""
        wanted = {name for name in names if "\0" not in name}
        if not wanted:
            return {}
        patterns = sorted(map(_ref, wanted)) if len(wanted) <= _MANY else ["refs/heads"]
        fields = self.git.text("for-each-ref", _FORMAT, *patterns).split("\0")
        found = {}
        for commit, ref, worktree in zip(fields[::3], fields[1::3], fields[2::3], strict=False):
            name = ref.removeprefix("refs/heads/")
            if name in wanted:
                found[name] = Tip(commit.lstrip("\n"), _folder(worktree))
        return found

    def tip(self, name: str) -> Tip | None:
        """Where one branch is, or `None`."""
        return self.tips([name]).get(name)

    def existing(self, name: str) -> Tip:
        """Where one branch is.

        Raises:
            ForgeError: there is none.
        """
        tip = self.tip(name)
        if tip is None:
            raise ForgeError(f"there is no branch {name!r}", fix="push it first")
        return tip

    def check_name(self, name: str) -> str:
        """The name, if git takes it as a branch name word for word.

        Raises:
            ForgeError: it is not a branch name, or would be read as an option.
        """
        sound = name.isprintable() and not name.startswith("-") and "@{" not in name
        if not sound or not self.git.run("check-ref-format", "--branch", name).ok:
            raise ForgeError(f"{name!r} is not a branch name", fix="use letters, digits, `/`, `-` and `_`")
        return name

    def file(self, path: str, ref: str) -> str | None:
        """Text of a file on a branch or at a commit.

        Raises:
            ForgeError: there is no such branch or commit.
        """
        tip = self.tip(ref)
        if tip is None and not (_SHA.fullmatch(ref) and self.git.ref(f"{ref}^{{commit}}")):
            raise ForgeError(f"there is no branch or commit {ref!r}", where=str(self.git.folder))
        if path.startswith(("./", "../")):  # git would read it as relative to where it was started
            return None
        return self.git.show(tip.commit if tip else ref, path)

    def move(self, name: str, commit: str, expected: str | None) -> None:
        """Move a branch that nobody has checked out, by compare-and-swap.

        Raises:
            Conflict: it is elsewhere, or checked out.
            ForgeError: there is no such commit here.
        """
        if not _SHA.fullmatch(commit):
            raise ForgeError(f"{commit!r} is not a full commit id")
        tip = self.tip(name)
        now = tip.commit if tip else None
        if now == commit:
            return
        if now != expected:
            raise Conflict(
                f"{name} moved in the meantime: it is at {now}, not at {expected}", fix="run again"
            )
        if tip and tip.worktree:
            raise Conflict(
                f"{name} is checked out",
                where=str(tip.worktree),
                fix=f"git -C {tip.worktree} switch --detach",
            )
        try:
            self.git.update_ref(_ref(name), commit, expected)
        except Conflict:
            if self.git.run("cat-file", "-e", f"{commit}^{{commit}}").ok:
                raise
            raise ForgeError(f"there is no commit {commit}", where=str(self.git.folder)) from None

    def committer(self, commit: str) -> str:
        """Name of a commit's committer."""
        return self.git.text("log", "-1", "--format=%cn", commit)

    def merge_of(self, head: str, old: str, new: str) -> tuple[str, str] | None:
        """Commit and committer of the merge that brought `head` in between two states of a branch.

        `None` when it was no merge commit (a fast-forward, say).
        """
        log = self.git.run("log", "--merges", "--first-parent", "--format=%H %P%x09%cn", f"{old}..{new}")
        for line in log.stdout.splitlines() if log.ok else ():
            commits, _, name = line.partition("\t")
            commit, _, *others = commits.split(" ")
            if head in others:
                return commit, name
        return None


def _ref(name: str) -> str:
    return f"refs/heads/{name}"


def _folder(worktree: str) -> Path | None:
    """The checkout at a path; git names a bare repository and a deleted folder here too, which have no files."""
    path = Path(worktree)
    return path if worktree and (path / ".git").exists() else None
