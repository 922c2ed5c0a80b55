"""What a change brings, as the applied tree tells it: modes, sizes, contents; never the text of a patch."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ci_factory.model.protected import pipeline_files
from ci_factory.publishing.paths import endless, folded
from ci_factory.system.git import FileChange, Git

_BINARY_SAMPLE = 8000
"""Bytes in which git looks for a zero byte."""
_POINTER = "version https://git-lfs.github.com/spec/"
_POINTER_BYTES = 1024
_HIDING = re.compile(
    r"(?:^|\s)(?:[-!]diff|diff=|binary|filter=|merge=|export-|working-tree-encoding=|(?:linguist|gitlab)-(?!language)[a-z]+)",
)
"""Attributes that run a filter, or keep a file out of a diff or an archive."""
_HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+\d+(?:,(?P<count>\d+))? @@", re.MULTILINE)
"""Every other line of a hunk without context begins with a sign."""
_CHUNK = 500
_PIPELINE = ".gitlab-ci.yml"
_BASES = 4
"""Commits of which the files are remembered: the changes of a batch share theirs."""
_LITERAL = {"GIT_LITERAL_PATHSPECS": "1"}


@dataclass(frozen=True)
class File:
    """One changed file. What only content tells is false for files that are gone, are no files, or are too large to read."""

    change: FileChange
    size: int
    """Bytes after the change."""
    binary: bool = False
    pointer: bool = False
    """A stand-in of Git LFS: the content is elsewhere, and nobody has judged it."""
    hides: bool = False
    """New attributes that hide something."""

    @property
    def path(self) -> str:
        """Where it is after the change."""
        return self.change.path


@dataclass(frozen=True)
class Patch:
    """A change, and what it changes."""

    files: tuple[File, ...]
    added_lines: int
    modes: Mapping[str, str]
    """Mode of every file of the base, by path."""
    includes: tuple[str, ...]
    """Patterns of files that the pipeline is made of, before or after."""


def read_patch(repo: Git, base: str, head: str, *, most: int, largest: int) -> Patch:
    """Compare two commits. Contents are read of the first `most` files, of each at most `largest` bytes."""
    changes = repo.changes(base, head, renames=False)
    present = [change.path for change in changes[:most] if change.status != "D" and _is_inside(change.path)]
    sizes = _sizes(repo, head, present)
    files = tuple(_file(repo, base, head, change, sizes.get(change.path, 0), largest) for change in changes)
    modes, includes = _modes(repo, base), set(_includes(repo, base))
    if any(change.path == _PIPELINE for change in changes):
        includes |= {*_includes(repo, head)}
    return Patch(files, _added_lines(repo, base, head), modes, tuple(sorted(includes)))


def _is_inside(path: str) -> bool:
    """Whether git may be asked about a path at all; one that is not is refused by its name alone."""
    return not endless(path) and not {"", ".", ".."} & set(path.split("/"))


def excerpt(repo: Git, base: str, head: str, paths: Sequence[str]) -> str:
    """The change of some files as text for people; no attribute can hide a line of it."""
    flags = ("-r", "-p", "--text", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color")
    return repo.text("diff-tree", *flags, base, head, "--", *paths[:_CHUNK], env=_LITERAL)


def _file(repo: Git, base: str, head: str, change: FileChange, size: int, largest: int) -> File:
    if change.status == "D" or change.new_mode not in {"100644", "100755"} or not 0 < size <= largest:
        return File(change, size)
    text = repo.show(head, change.path) or ""
    return File(
        change,
        size,
        binary="\0" in text[:_BINARY_SAMPLE],
        pointer=size <= _POINTER_BYTES and text.startswith(_POINTER),
        hides=folded(change.path.rpartition("/")[2]) == ".gitattributes"
        and _hides(repo.show(base, change.path) or "", text),
    )


def _hides(before: str, after: str) -> bool:
    known = set(before.splitlines())
    return any(
        _HIDING.search(line) for line in after.splitlines() if line not in known and not line.startswith("#")
    )


def _sizes(repo: Git, head: str, paths: list[str]) -> dict[str, int]:
    found = {}
    for start in range(0, len(paths), _CHUNK):
        some = paths[start : start + _CHUNK]
        listing = repo.text("ls-tree", "-r", "-z", "-l", "--full-tree", head, "--", *some, env=_LITERAL)
        for entry, path in _entries(listing):
            found[path] = int(entry[3]) if entry[3].isdigit() else 0
    return found


@lru_cache(maxsize=_BASES)
def _includes(repo: Git, commit: str) -> tuple[str, ...]:
    return pipeline_files(lambda path: repo.show(commit, path) or "", lambda: _modes(repo, commit))


@lru_cache(maxsize=_BASES)
def _modes(repo: Git, commit: str) -> Mapping[str, str]:
    listing = repo.text("ls-tree", "-r", "-z", "--full-tree", commit)
    return {path: entry[0] for entry, path in _entries(listing)}


def _entries(listing: str) -> Iterator[tuple[list[str], str]]:
    for row in listing.split("\0"):
        entry, tab, path = row.partition("\t")
        if tab:
            yield entry.split(), path


def _added_lines(repo: Git, base: str, head: str) -> int:
    # From hunk headers: with --text no attribute can hide a file's lines, as it can from --numstat.
    flags = ("-r", "-p", "-U0", "--text", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color")
    found = _HUNK.finditer(repo.text("diff-tree", *flags, base, head))
    return sum(int(hunk["count"] or 1) for hunk in found)
