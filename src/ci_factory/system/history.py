"""A branch's past as git tells it: commits with their messages, and who wrote which line."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple

from ci_factory.errors import RepositoryError
from ci_factory.system.git import Git
from ci_factory.system.process import Completed

IGNORED_REVISIONS = ".git-blame-ignore-revs"
"""Commits that blame looks through, such as those that only format; the name that forges know."""
MOST_COMMITS = 500_000
_MESSAGE = 20_000
"""Characters of a message that are looked at."""
_FORMAT = "--format=%H %P%x09%ct%x09%an%x0a%B"
_GROUP = re.compile(r"(?P<sha>[0-9a-f]{40}|[0-9a-f]{64}) (?P<old>\d+) (?P<new>\d+)(?: \d+)?")
_SECONDS = 20.0
_FIRST, _LAST = (datetime(year, 1, 2, tzinfo=UTC).timestamp() for year in (1, 9999))
"""What a calendar can show; anybody can write any date into a commit."""
_NO_NAME = "\0"


class Logged(NamedTuple):
    """A commit as the log tells it; moments in seconds since the epoch, by the committer's clock."""

    sha: str
    parents: tuple[str, ...]
    at: float
    author: str
    message: str

    @property
    def subject(self) -> str:
        """First line of the message."""
        return self.message.split("\n", 1)[0]

    @property
    def moment(self) -> datetime:
        """`at` as a moment in UTC."""
        return datetime.fromtimestamp(self.at, UTC)


class Line(NamedTuple):
    """One line of a file, and the commit that wrote it as it is."""

    sha: str
    path: str
    """Where that commit had it."""
    number: int
    """In that file, from 1."""
    now: int
    """In the file that was asked about, from 1."""
    text: str

    @property
    def identity(self) -> tuple[str, str, int]:
        """The same for a line that was only moved since."""
        return self.sha, self.path, self.number


@dataclass(frozen=True)
class Past:
    """Reads the history of one repository. Nothing here changes it, and nothing in it is run."""

    git: Git

    def commit(self, sha: str) -> Logged | None:
        """One commit, `None` when it is not here."""
        done = self.git.run("log", "-1", "-z", "--no-show-signature", _FORMAT, "--end-of-options", sha, "--")
        return next(_parse(done.stdout), None) if done.ok else None

    def chain(self, tip: str) -> list[str]:
        """First parents of a commit, itself first: the states that a branch went through."""
        return self.git.text("rev-list", "--first-parent", f"--max-count={MOST_COMMITS}", tip, "--").split()

    def log(self, tip: str, without: str | None = None) -> list[Logged]:
        """Commits of `tip` that `without` lacks, parents before children."""
        span = [tip, f"^{without}"] if without else [tip]
        words = ("--topo-order", "--reverse", f"--max-count={MOST_COMMITS}", "-z", "--no-show-signature")
        return list(_parse(self.git.text("log", *words, _FORMAT, *span, "--")))

    def brought(self, base: str, head: str, most: int) -> list[str]:
        """Commits of `head` that `base` lacks, the newest first, at most so many; none when one is not here."""
        done = self.git.run("rev-list", f"--max-count={most}", head, f"^{base}", "--")
        return done.stdout.split() if done.ok else []

    def is_cut(self) -> bool:
        """Whether the clone is shallow, so that older commits are missing."""
        return self.git.text("rev-parse", "--is-shallow-repository") == "true"

    def blame(
        self, commit: str, path: str, *, since: str | None = None, only: int | None = None
    ) -> list[Line]:
        """Who wrote each line of a file, white space aside; lines that `since` lacks, or one line, when that is given.

        Lines are followed within the file and from other files of the same commit (git's -M -C). Commits named in the
        file `.git-blame-ignore-revs` are looked through.

        Raises:
            RepositoryError: there is no such file, or git takes longer than it is worth.
        """
        span = [commit, f"^{since}"] if since else [commit]
        part = [f"-L{only},{only}"] if only else []
        done = self._blamed(
            ["blame", "--no-textconv", "--porcelain", "-w", "-M", "-C", *part, *span, "--", path]
        )
        if not done.ok:
            why = "takes too long" if done.timed_out else done.stderr.strip().split("\n")[0]
            raise RepositoryError(f"git blame: {why}", where=path)
        edge = {sha for sha, boundary in _boundaries(done.stdout) if boundary} if since else set()
        return [line for line in _lines(done.stdout) if line.sha not in edge]

    def line_commits(self, commit: str, path: str, line: int, most: int) -> list[str]:
        """Commits that changed one line, the newest first, at most so many; none when git can't say in time."""
        shown = ("--format=%H", "--no-patch", "--no-textconv", "--no-ext-diff", f"--max-count={most}")
        done = self.git.run("log", *shown, f"-L{line},{line}:{path}", commit, timeout=_SECONDS)
        return list(islice(done.stdout.split(), most)) if done.ok else []

    def _blamed(self, words: Sequence[str]) -> Completed:
        """Without the list of commits to look through when git can't read it: anybody may have written it."""
        ignored = self.git.folder / IGNORED_REVISIONS
        if ignored.is_file() and not ignored.is_symlink():
            done = self.git.run(
                words[0], f"--ignore-revs-file={ignored.absolute()}", *words[1:], timeout=_SECONDS
            )
            if done.ok:
                return done
        return self.git.run(*words, timeout=_SECONDS)


def _parse(text: str) -> Iterator[Logged]:
    for record in text.split("\0"):
        commits, _, rest = record.lstrip("\n").partition("\t")
        at, _, rest = rest.partition("\t")
        author, _, message = rest.partition("\n")
        if at:
            sha, *parents = commits.split()
            moment = min(max(float(at), _FIRST), _LAST)
            yield Logged(sha, tuple(parents), moment, author, message[:_MESSAGE])


def _lines(text: str) -> Iterator[Line]:
    """Lines of `git blame --porcelain`: what is known of a commit stands at its first line only."""
    names: dict[str, str] = {}
    sha, old, new = "", 0, 0
    for row in text.split("\n"):
        if row.startswith("\t"):
            yield Line(sha, names.get(sha, _NO_NAME), old, new, row[1:])
        elif row.startswith("filename "):
            names[sha] = row.removeprefix("filename ")
        elif group := _GROUP.fullmatch(row):
            sha, old, new = group["sha"], int(group["old"]), int(group["new"])


def _boundaries(text: str) -> Iterator[tuple[str, bool]]:
    sha = ""
    for row in text.split("\n"):
        if group := _GROUP.fullmatch(row):
            sha = group["sha"]
        elif row == "boundary":
            yield sha, True
