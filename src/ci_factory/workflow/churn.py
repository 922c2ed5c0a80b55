"""How much of a merged change is left after a while, as git's blame sees it."""

from collections.abc import Iterable
from dataclasses import dataclass

from ci_factory.errors import RepositoryError
from ci_factory.metrics.branch import Change
from ci_factory.metrics.landings import Landing, Landings
from ci_factory.system.git import FileChange, Git
from ci_factory.system.history import Line, Past

MOST_FILES = 200
"""A change of more files is not counted."""
_MOST_NEW = 20
"""New files in which lines are looked for that a file has lost."""
_REGULAR = frozenset({"100644", "100755"})
_Identity = tuple[str, str, int]


@dataclass(frozen=True)
class Churn:
    """Lines that a change added, blank ones aside, and how many of them were gone or changed at a later commit."""

    added: int
    gone: int
    at: str
    """The later commit."""


def churn(git: Git, landings: Landings, change: Change, later: Landing) -> Churn | None:
    """Count them; `None` when the change is too large, or git can't say in time.

    White space alone changes no line, and a line that moved, also into another file of the same commit, is still there.
    """
    since = _before(landings, change)
    if since is None:
        return None
    try:
        files = [each for each in git.changes(since, change.landed) if _has_text(each)]
        if len(files) > MOST_FILES:
            return None
        added = _added(Past(git), change, since, files)
        gone = _gone(git, change, since, later.commit.sha, added)
    except RepositoryError:
        return None
    return Churn(sum(map(len, added.values())), gone, later.commit.sha)


def _before(landings: Landings, change: Change) -> str | None:
    """What the branch was without the change: the first of its first parents that is not its own."""
    sha: str | None = change.landed
    while sha is not None and sha in change.commits:
        commit = landings.commits[sha]
        sha = commit.parents[0] if commit.parents else None
    return sha


def _has_text(file: FileChange) -> bool:
    return file.status != "D" and file.new_mode in _REGULAR


def _added(
    past: Past, change: Change, since: str, files: Iterable[FileChange]
) -> dict[str, frozenset[_Identity]]:
    return {
        file.path: frozenset(
            line.identity
            for line in past.blame(change.landed, file.path, since=since)
            if line.sha in change.commits and line.text.strip()
        )
        for file in files
    }


def _gone(git: Git, change: Change, since: str, later: str, added: dict[str, frozenset[_Identity]]) -> int:
    if later == change.landed:
        return 0
    moves = {file.old_path: file for file in git.changes(change.landed, later)}
    touched = {path: lines for path, lines in added.items() if path in moves and lines}
    wanted = frozenset().union(*touched.values())
    places = [moves[path].path for path in touched if moves[path].status != "D"]
    left = wanted - _found(Past(git), places, since, later)
    new = [file.path for file in moves.values() if file.status == "A" and _has_text(file)]
    return len(left - _found(Past(git), new[:_MOST_NEW], since, later)) if left and new else len(left)


def _found(past: Past, places: Iterable[str], since: str, later: str) -> set[_Identity]:
    lines: list[Line] = []
    for path in places:
        lines += past.blame(later, path, since=since)
    return {line.identity for line in lines}
