"""A project's bare repository."""

import os
import subprocess
from functools import lru_cache
from pathlib import Path

from tests.gitlab_standin import refs
from tests.gitlab_standin.store import Row

HOOKS = Path(__file__).with_name("hooks")
_SECONDS = 60
_CONFIG = """[uploadpack]
	allowAnySHA1InWant = true
	allowFilter = true
[http]
	receivepack = true
[receive]
	autogc = false
	hideRefs = refs/merge-requests
	advertisePushOptions = true
[gc]
	auto = 0
[core]
	hooksPath = {hooks}
"""


class GitFailed(Exception):
    """Git said no."""


def environment() -> dict[str, str]:
    """For git: nothing of whoever started the server but the PATH."""
    return {
        "PATH": os.environ["PATH"],  # the same git as everywhere
        "HOME": "/nonexistent",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "LC_ALL": "C.UTF-8",
    }


class Repo:
    """Reads and changes one bare repository; what is written in stone is remembered."""

    def __init__(self, path: Path, branches: refs.Branches | None = None) -> None:
        self.path = path
        self._branches = branches
        """Where they were, for a stale read."""

    def create(self, default_branch: str, source: Path | None) -> None:
        """Make it, with the branches and tags of another repository or empty."""
        self._run(
            [
                "git",
                "init",
                "--quiet",
                "--bare",
                f"--initial-branch={default_branch}",
                "--template=",
                str(self.path),
            ]
        )
        with (self.path / "config").open("a", encoding="utf-8") as config:
            config.write(_CONFIG.format(hooks=HOOKS))
        if source is None:
            return
        self.git("fetch", "--quiet", str(source), "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
        if self.head(default_branch) is None:
            self.git("fetch", "--quiet", str(source), f"HEAD:refs/heads/{default_branch}")

    def git(self, *args: str, stdin: bytes | None = None, env: dict[str, str] | None = None) -> str:
        """What git says.

        Raises:
            GitFailed: it failed.
        """
        return self.raw(*args, stdin=stdin, env=env).decode("utf-8", "replace").strip()

    def raw(self, *args: str, stdin: bytes | None = None, env: dict[str, str] | None = None) -> bytes:
        """What git says, as it says it.

        Raises:
            GitFailed: it failed.
        """
        return self._run(["git", "--git-dir", str(self.path), *args], stdin, env)

    def patch_id(self, base: str, head: str) -> str | None:
        """Git's stable id of a change; `None` for no change."""
        return _patch_id(str(self.path), base, head)

    def _run(self, argv: list[str], stdin: bytes | None = None, env: dict[str, str] | None = None) -> bytes:
        done = subprocess.run(
            argv,
            input=stdin or b"",
            capture_output=True,
            env=environment() | (env or {}),
            timeout=_SECONDS,
            check=False,
        )
        if done.returncode:
            raise GitFailed(done.stderr.decode("utf-8", "replace"))
        return done.stdout

    # References

    def head(self, branch: str) -> str | None:
        """Commit of a branch."""
        if self._branches is not None:
            return self._branches.get(branch)
        return refs.head(self.path, branch)

    def branches(self) -> refs.Branches:
        """Every branch and its commit."""
        return refs.branches(self.path) if self._branches is None else self._branches

    def resolve(self, name: str) -> str | None:
        """The commit of a branch, tag, ref or commit id."""
        if name.startswith("-"):
            return None
        return self.head(name) or self._commit(f"refs/tags/{name}") or self._commit(name)

    def _commit(self, name: str) -> str | None:
        try:
            return self.git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        except GitFailed:
            return None

    def move(self, ref: str, new: str | None, old: str | None = None) -> None:
        """Move a ref, or delete it.

        Raises:
            GitFailed: it is no longer at `old`.
        """
        expected = [old] if old else []
        if new is None:
            self.git("update-ref", "-d", ref, *expected)
        else:
            self.git("update-ref", ref, new, *expected)

    # History; all of it never changes, so it is asked once

    def merge_base(self, one: str, other: str) -> str | None:
        """The best common ancestor."""
        return _merge_base(self, one, other)

    def merged_tree(self, target: str, head: str) -> str | None:
        """Tree of a merge, or `None` when files are in conflict."""
        return _merged_tree(self, target, head)

    def knows_merge(self, target: str, head: str) -> bool:
        """Whether that merge was tried already."""
        return (str(self.path), target, head) in _TRIED

    def changed_files(self, base: str, head: str) -> int:
        """How many files differ."""
        return _changed_files(self, base, head)

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether `new` contains `old`."""
        return old == new or self.merge_base(old, new) == old

    def log(self, span: str, count: int = 100) -> list[tuple[str, str]]:
        """(commit, whole message), newest first."""
        text = self.git("log", f"-{count}", "--format=%H%x00%B%x01", span)
        pairs = (entry.strip().split("\0", 1) for entry in text.split("\x01") if entry.strip())
        return [(pair[0], pair[1]) for pair in pairs]

    def commit(self, tree: str, parents: list[str], message: str, user: Row, at: str) -> str:
        """A commit by a user."""
        who = {"NAME": user["name"], "EMAIL": user["email"], "DATE": at}
        env = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who.items()}
        flags = [flag for parent in parents for flag in ("-p", parent)]
        return self.git("commit-tree", tree, *flags, stdin=message.encode(), env=env)

    def __hash__(self) -> int:
        return hash(self.path)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Repo) and other.path == self.path


_TRIED: set[tuple[str, str, str]] = set()


@lru_cache(maxsize=20_000)
def _merge_base(repo: Repo, one: str, other: str) -> str | None:
    try:
        return repo.git("merge-base", one, other)
    except GitFailed:
        return None


@lru_cache(maxsize=20_000)
def _merged_tree(repo: Repo, target: str, head: str) -> str | None:
    _TRIED.add((str(repo.path), target, head))
    try:
        return repo.git("merge-tree", "--write-tree", target, head).splitlines()[0]
    except GitFailed:
        return None


@lru_cache(maxsize=20_000)
def _changed_files(repo: Repo, base: str, head: str) -> int:
    return len(repo.raw("diff-tree", "-r", "--name-only", "-z", "-M", base, head).split(b"\0")) - 1


@lru_cache(maxsize=10_000)
def _patch_id(path: str, base: str, head: str) -> str | None:
    git = Repo(Path(path))
    patch = git.raw("diff-tree", "-p", "--full-index", base, head)
    return next(iter(git.git("patch-id", "--stable", stdin=patch).split()), None)
