"""Git as the factory needs it: no hooks, no prompts, machine-readable output."""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from ci_factory.errors import ArtifactError, Conflict, RepositoryError
from ci_factory.system import process, records

HUB_CONFIG = b"[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n"
_OWNED = ("-c", "safe.directory=*")
"""Runners clone as another user than their jobs; whether that is fine, the settings that `isolated` leaves out have said."""
_QUIET = (
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.quotePath=false",
    "-c",
    "gc.auto=0",
    "-c",
    "advice.detachedHead=false",
)
_NO_NAME = dict.fromkeys(map(ord, "<>\n\0"))
"""What would end a name in a commit."""
_MERGE_TREE = ("merge-tree", "--write-tree", "--name-only", "--no-messages")
_REPOSITORY_VARIABLES = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_COMMON_DIR",
)


@dataclass(frozen=True)
class Person:
    """Author or committer."""

    name: str
    email: str


@dataclass(frozen=True)
class FileChange:
    """One row of a diff between two trees, decided by git and not by patch text."""

    status: str
    """A, M, D, T (type changed) or R (renamed)."""
    path: str
    old_path: str
    old_mode: str
    new_mode: str
    blob: str = ""
    """The new content's object name; zeros when there is none."""


@dataclass(frozen=True)
class Merge:
    """What merging two commits would give: a tree, or the paths in conflict."""

    tree: str
    conflicts: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Whether it merges without a person."""
        return not self.conflicts


def _environment() -> dict[str, str]:
    inherited = {key: value for key, value in os.environ.items() if key not in _REPOSITORY_VARIABLES}
    return inherited | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8", "GIT_OPTIONAL_LOCKS": "0"}


@dataclass(frozen=True)
class Git:
    """One repository, bare or not, or one of its worktrees."""

    folder: Path

    @classmethod
    def open(cls, folder: Path) -> "Git":
        """The repository at this very folder.

        Raises:
            RepositoryError: there is none, or it has no commit yet.
        """
        git = cls(folder)
        if not folder.is_dir():
            raise RepositoryError(
                "there is no such folder", where=str(folder), fix="pass --repo PATH of a git repository"
            )
        found = git.run("rev-parse", "--git-dir")
        if "dubious ownership" in found.stderr:
            raise RepositoryError(
                "belongs to another user, so git does not read it",
                where=str(folder),
                fix=f"git config --global --add safe.directory {folder.absolute()}",
            )
        if not found.ok:
            raise RepositoryError(
                "is not a git repository", where=str(folder), fix=f"git -C {folder} init && git commit"
            )
        if not git.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}").ok:
            raise RepositoryError("has no commit yet", where=str(folder), fix="make a first commit")
        return git

    def run(
        self,
        *args: str,
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> process.Completed:
        """Run a git command; a failure is told in the result, as is that it took longer than `timeout` seconds."""
        argv, variables = ("git", *_QUIET, *args), {**_environment(), **(env or {})}
        return process.run(
            argv, cwd=self.folder, env=variables, stdin=stdin, timeout=timeout, limit=256 * 1024 * 1024
        )

    @contextmanager
    def blobs(self) -> Iterator[Callable[[str], bytes]]:
        """Reads contents by object name, one after the other, with one process for all of them.

        Reading raises:
            RepositoryError: there is no such object.
        """
        argv = ("git", *_QUIET, "cat-file", "--batch")
        with process.conversation(argv, cwd=self.folder, env=_environment()) as git:

            def read(name: str) -> bytes:
                words = git.ask(name.encode("ascii")).split()
                if len(words) != len(("name", "type", "size")):
                    raise RepositoryError("there is no such object", where=name)
                return git.more(int(words[2]) + 1)[:-1]

            yield read

    def isolated(
        self,
        *args: str,
        env: Mapping[str, str],
        stdin: bytes | None = None,
        timeout: float | None = None,
        pass_fds: Sequence[int] = (),
    ) -> process.Completed:
        """Run a git command that leaves this machine: tethered, with this environment only.

        The settings of the system and of the user are not read; those of this repository are.
        """
        variables = {
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "",
            "SSH_ASKPASS": "",
            "LC_ALL": "C.UTF-8",
            **env,
        }
        return process.run(
            ("git", *_OWNED, *_QUIET, *args),
            cwd=self.folder,
            env=variables,
            stdin=stdin,
            timeout=timeout,
            tethered=True,
            pass_fds=pass_fds,
        )

    def text(self, *args: str, stdin: bytes | None = None, env: Mapping[str, str] | None = None) -> str:
        """Output of a git command that has to succeed, without its last newline.

        Raises:
            RepositoryError: git failed; its words are in the message.
        """
        done = self.run(*args, stdin=stdin, env=env)
        if not done.ok:
            raise RepositoryError(
                f"git {args[0]} failed: {done.stderr.strip() or done.stdout.strip()}", where=str(self.folder)
            )
        return done.stdout.removesuffix("\n")

    def common_dir(self) -> Path:
        """The folder that all worktrees of the repository share."""
        return self._common_dir

    @cached_property
    def _common_dir(self) -> Path:
        return (self.folder / self.text("rev-parse", "--git-common-dir")).resolve()

    def resolve(self, revision: str) -> str:
        """The commit that a revision names.

        Raises:
            RepositoryError: there is no such commit.
        """
        done = self.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        if not done.ok:
            raise RepositoryError(
                f"there is no commit {revision!r}",
                where=str(self.folder),
                fix="name a branch, tag or commit that exists",
            )
        return done.stdout.strip()

    def tree_of(self, commit: str) -> str:
        """The tree of a commit."""
        return self.text("rev-parse", "--verify", f"{commit}^{{tree}}")

    def current_branch(self) -> str | None:
        """Short name of the checked-out branch; `None` when HEAD is detached."""
        done = self.run("symbolic-ref", "--quiet", "--short", "HEAD")
        return done.stdout.strip() if done.ok else None

    def changed_in_worktree(self) -> list[str]:
        """Tracked files with changes that are not committed."""
        listing = self.text("status", "--porcelain=v1", "-z", "--untracked-files=no", "--no-renames")
        return [entry[3:] for entry in listing.split("\0") if entry]

    def config(self, key: str) -> str | None:
        """A value of git's configuration, or `None`."""
        done = self.run("config", "--get", key)
        return done.stdout.strip() if done.ok else None

    def files(self, revision: str) -> list[str]:
        """Paths of all files of a tree."""
        return [
            path for path in self.text("ls-tree", "-r", "-z", "--name-only", revision).split("\0") if path
        ]

    def show(self, revision: str, path: str) -> str | None:
        """Text of a file at a revision, `None` when it isn't there."""
        done = self.run("cat-file", "blob", f"{revision}:{path}")
        return done.stdout if done.ok else None

    def changes(self, base: str, head: str, *, renames: bool = True) -> list[FileChange]:
        """Files that differ between two trees."""
        found = "-M" if renames else "--no-renames"
        listing = self.text("diff-tree", "-r", "-z", found, base, head)
        return list(_parse_raw_diff(listing.split("\0")))

    def merge_base(self, ours: str, theirs: str) -> str | None:
        """The best common ancestor of two commits, `None` when they have no common history."""
        done = self.run("merge-base", ours, theirs)
        return done.stdout.strip() if done.ok else None

    def brought(self, target: str, head: str) -> list[FileChange]:
        """Files that merging `head` would change: against where it left `target`, not against where that is now."""
        return self.changes(self.merge_base(target, head) or target, head)

    def line_counts(self, base: str, head: str) -> tuple[int, int]:
        """Lines added and removed between two trees; binary files count none."""
        added = removed = 0
        for row in self.text(
            "diff", "--numstat", "--no-renames", "--no-ext-diff", "--no-textconv", base, head
        ).splitlines():
            plus, minus, _ = row.split("\t", 2)
            added += int(plus) if plus.isdigit() else 0
            removed += int(minus) if minus.isdigit() else 0
        return added, removed

    def patch_id(self, base: str, head: str) -> str | None:
        """Git's stable id of a change: the same on another base as long as its lines are; `None` for no change."""
        patch = self.run("diff-tree", "-p", "--full-index", "--no-ext-diff", "--no-textconv", base, head)
        text = patch.stdout.encode("utf-8", "replace")
        found = self.run("patch-id", "--stable", stdin=text).stdout.split() if patch.ok else []
        return found[0] if found else None

    def diff(self, base: str, head: str, *paths: str, context: int = 3) -> str:
        """The change as a patch, for people and prompts."""
        flags = (f"-U{context}", "--no-ext-diff", "--no-textconv", "--no-color")
        return self.text("diff", *flags, base, head, "--", *paths)

    def init_hub(self, origin: "Git") -> None:
        """Make this folder a bare repository that sees the origin's objects but not its remotes, refs or settings.

        Agents' worktrees hang off a hub, so that what an agent does to refs or configuration stays there.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self.text("init", "--quiet", "--bare", "--template=", ".")
        self.borrow_from(origin)
        self.seal_hub()

    def borrow_from(self, origin: "Git") -> None:
        """See the origin's objects where they are now: the project, or a cache of this folder, may have moved."""
        common = origin.common_dir()
        alternates = self.folder / "objects" / "info" / "alternates"
        alternates.parent.mkdir(parents=True, exist_ok=True)
        records.write_text(alternates, f"{common / 'objects'}\n")
        if (common / "shallow").exists():
            (self.folder / "shallow").write_bytes((common / "shallow").read_bytes())

    def seal_hub(self) -> bool:
        """Put a hub's settings back when somebody changed them; whether that was so. Other repositories are left alone.

        An agent's worktree shares them, and a filter set there would run with the next checkout.
        """
        config, attributes = self.folder / "config", self.folder / "info" / "attributes"
        if not (self.folder / "objects" / "info" / "alternates").is_file():
            return False
        same = config.is_file() and not config.is_symlink() and config.read_bytes() == HUB_CONFIG
        if same and not attributes.exists():
            return False
        attributes.unlink(missing_ok=True)
        records.write_bytes(config, HUB_CONFIG)
        return True

    def add_worktree(self, path: Path, commit: str) -> "Git":
        """Check a commit out into a new folder."""
        worktree = self.register_worktree(path, commit)
        worktree.fill_worktree()
        return worktree

    def register_worktree(self, path: Path, commit: str) -> "Git":
        """Make a worktree without its files; quick, and not to be done by two at a time."""
        self.text("worktree", "add", "--quiet", "--no-checkout", "--detach", str(path), commit)
        return Git(path)

    def fill_worktree(self) -> None:
        """Write the files of HEAD into a worktree that has none; many can do so at the same time."""
        self.text("reset", "--quiet", "--hard", "--no-recurse-submodules")

    def write_tree(self) -> str:
        """Stage everything in this worktree, ignored files left out, and write its tree."""
        self.text("add", "--all", ".")
        return self.text("write-tree")

    def commit_tree(
        self,
        tree: str,
        *,
        parents: tuple[str, ...],
        message: str,
        author: Person,
        committer: Person,
        when: datetime,
    ) -> str:
        """Make a commit object; the same arguments give the same commit."""
        date = f"{int(when.timestamp())} +0000"
        env = {
            "GIT_AUTHOR_NAME": author.name,
            "GIT_AUTHOR_EMAIL": author.email,
            "GIT_AUTHOR_DATE": date,
            "GIT_COMMITTER_NAME": committer.name,
            "GIT_COMMITTER_EMAIL": committer.email,
            "GIT_COMMITTER_DATE": date,
        }
        flags = [flag for parent in parents for flag in ("-p", parent)]
        return self.text("commit-tree", "--no-gpg-sign", tree, *flags, stdin=message.encode(), env=env)

    @cached_property
    def empty_tree(self) -> str:
        """The tree without files."""
        return self.text("mktree", stdin=b"")

    def empty_commits(self, messages: Sequence[str], *, author: Person, when: datetime) -> list[str]:
        """Make a commit without files or parents for each message, all by one process."""
        name, email = (word.translate(_NO_NAME) for word in (author.name, author.email))
        who = f"{name} <{email}> {int(when.timestamp())} +0000"
        head = f"tree {self.empty_tree}\nauthor {who}\ncommitter {who}\n\n"
        with tempfile.TemporaryDirectory(prefix="ci-factory-commits-") as folder:
            paths = [Path(folder) / str(number) for number in range(len(messages))]
            for path, message in zip(paths, messages, strict=True):
                path.write_text(head + message, encoding="utf-8")
            listed = "".join(f"{path}\n" for path in paths).encode()
            return self.text("hash-object", "-w", "-t", "commit", "--stdin-paths", stdin=listed).split()

    def ref(self, name: str) -> str | None:
        """The object a full ref name points at, or `None`."""
        done = self.run("rev-parse", "--verify", "--quiet", "--end-of-options", name)
        return done.stdout.strip() if done.ok else None

    def update_ref(self, name: str, new: str, old: str | None) -> None:
        """Move a ref if it still points at `old` (`None`: if it does not exist yet).

        Raises:
            Conflict: it points elsewhere.
        """
        expected = old if old is not None else "0" * len(new)
        done = self.run("update-ref", "-m", "ci-factory", name, new, expected)
        if not done.ok:
            raise Conflict(
                f"{name} moved in the meantime: {done.stderr.strip()}",
                where=str(self.folder),
                fix="run again",
            )

    def bundle(self, path: Path, base: str, head: str) -> None:
        """Write the commits from base (exclusive) to head as a bundle file."""
        ref = f"refs/bundle/{head}"
        self.update_ref(ref, head, self.ref(ref))
        partial = path.with_name(f".{path.name}.part")
        self.text("bundle", "create", "--quiet", str(partial), f"^{base}", ref)
        partial.replace(path)

    def unbundle(self, path: Path) -> str:
        """Take a bundle's objects in and return its one head. No ref is made.

        Raises:
            ArtifactError: it is not a bundle, lacks its base here, or has not exactly one head.
        """
        done = self.run("bundle", "unbundle", str(path.resolve()))
        heads = [line.split(" ", 1)[0] for line in done.stdout.splitlines() if line]
        if not done.ok or len(heads) != 1:
            detail = done.stderr.strip() or f"{len(heads)} heads"
            raise ArtifactError(f"is not a bundle of one change on a known base: {detail}", where=str(path))
        return heads[0]

    def merge(self, ours: str, theirs: str) -> Merge:
        """Merge two commits in memory (`git merge-tree --write-tree`)."""
        done = self.run(*_MERGE_TREE, "-z", ours, theirs)
        if done.returncode not in {0, 1} or not done.stdout:
            raise RepositoryError(f"git merge-tree failed: {done.stderr.strip()}", where=str(self.folder))
        tree, *paths = done.stdout.split("\0")
        return Merge(tree.strip(), _in_conflict(paths, clean=done.ok))

    def merges(self, pairs: Sequence[tuple[str, str]]) -> list[Merge | None]:
        """`merge` for many pairs with one process; `None` where git can't merge at all, as when two share no history."""
        rows = "".join(f"{ours} {theirs}\n" for ours, theirs in pairs)
        done = self.run(*_MERGE_TREE, "--stdin", stdin=rows.encode("ascii"))
        found: list[Merge | None] = list(_parse_merges(done.stdout.split("\0")))
        if done.ok and len(found) == len(pairs):
            return found
        return [self._merge_if_possible(ours, theirs) for ours, theirs in pairs]

    def _merge_if_possible(self, ours: str, theirs: str) -> Merge | None:
        try:
            return self.merge(ours, theirs)
        except RepositoryError:
            return None

    def brought_commits(self, base: str, head: str) -> tuple[frozenset[str], frozenset[str]]:
        """Commits of `head` that `base` lacks, and those of `base` that they begin at."""
        rows = self.text("rev-list", "--boundary", f"{base}..{head}").split()
        boundary = frozenset(row[1:] for row in rows if row.startswith("-"))
        return frozenset(row for row in rows if not row.startswith("-")), boundary

    def folders(self, revision: str) -> frozenset[str]:
        """Paths of all folders of a tree."""
        listing = self.text("ls-tree", "-r", "-d", "-z", "--name-only", revision)
        return frozenset(path for path in listing.split("\0") if path)

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether `new` contains `old`."""
        return self.run("merge-base", "--is-ancestor", old, new).ok

    def count(self, base: str, head: str) -> int:
        """Commits in head that base does not have."""
        return int(self.text("rev-list", "--count", f"{base}..{head}"))

    def authors(self, revision: str, path: str, *, commits: int = 50) -> list[str]:
        """Author names of the last commits that touched a path, newest first, with repetition."""
        return self.text("log", "--format=%an", "-n", str(commits), revision, "--", path).splitlines()


def _parse_raw_diff(fields: list[str]) -> Iterator[FileChange]:
    index = 0
    while index < len(fields) and fields[index]:
        old_mode, new_mode, _, blob, status = fields[index].removeprefix(":").split(" ")
        if status[0] in "RC":
            old_path, path = fields[index + 1], fields[index + 2]
            index += 3
        else:
            old_path = path = fields[index + 1]
            index += 2
        yield FileChange(status[0], path, old_path, old_mode, new_mode, blob)


def _parse_merges(fields: Sequence[str]) -> Iterator[Merge]:
    """Sections of status, tree and paths, each ended by an empty field."""
    rest = iter(fields)
    for status in rest:
        if status not in {"0", "1"}:
            return
        tree, paths = next(rest, ""), []
        while path := next(rest, ""):
            paths.append(path)
        yield Merge(tree, _in_conflict(paths, clean=status == "1"))


def _in_conflict(paths: Sequence[str], *, clean: bool) -> tuple[str, ...]:
    """Each path once. A few conflicts, such as a folder renamed to several places, have none: `.` stands for the whole tree."""
    return tuple(dict.fromkeys(path for path in paths if path)) or (() if clean else (".",))
