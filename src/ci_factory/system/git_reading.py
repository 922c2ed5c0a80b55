"""Two long looks at a repository: what its last commits touched, and where its files have certain words. Both bounded."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ci_factory.system.git import Git

_LIMIT = 64 * 1024 * 1024
"""Characters of git's answer that are read; what is cut off is not told."""
_COMMIT = "\x01"
_MESSAGE = 4_000
"""Characters of a commit's message that are kept."""


@dataclass(frozen=True)
class Commit:
    """What somebody did, and to which files."""

    message: str
    files: tuple[str, ...]


def committed(git: Git, revision: str, commits: int) -> list[Commit]:
    """The last commits, newest first; a renamed file has both names.

    Merges are left out, and so is the first commit, or the last one of a shallow clone, which has every file.
    """
    wanted = (
        "--min-parents=1",
        "--max-parents=1",
        "--no-renames",
        "--no-ext-diff",
        "--name-only",
        f"--format={_COMMIT}%B",
    )
    listing = git.text("log", "-z", *wanted, "-n", str(commits), "--end-of-options", revision, "--")
    return list(_commits(listing[:_LIMIT].split("\0")))


def matches(git: Git, revision: str, expression: str) -> list[tuple[str, str]]:
    """(path, match) of every place in the text files of a tree that a POSIX extended expression matches as whole words.

    Bytes are compared one by one, so the expression is ASCII. Nothing is found where git finds none, or fails.
    """
    flags = ("-z", "-I", "-o", "-w", "-E", "--full-name", "--no-color", "--no-line-number", "--no-column")
    env = {"LC_ALL": "C"}  # several times quicker than in UTF-8
    done = git.run(
        "grep", *flags, "--no-recurse-submodules", "-f", "-", revision, stdin=expression.encode(), env=env
    )
    return list(_found(done.stdout[:_LIMIT], f"{revision}:")) if done.ok else []


def _commits(fields: list[str]) -> Iterator[Commit]:
    message: str | None = None
    files: list[str] = []
    for text in fields:
        if text.startswith(_COMMIT):
            if message is not None:
                yield Commit(message, tuple(files))
            message, files = text[1 : _MESSAGE + 1], []
        elif text:
            files.append(text if files else text.removeprefix("\n"))
    if message is not None:
        yield Commit(message, tuple(files))


def _found(listing: str, prefix: str) -> Iterator[tuple[str, str]]:
    """From `prefix path NUL match NEWLINE`; a match has no line end in it, a path may."""
    for record in re.finditer(rf"{re.escape(prefix)}(?P<path>[^\0]+)\0(?P<match>[^\n]*)\n", listing):
        yield record["path"], record["match"]
