"""What a push does: new versions, merge requests merged by hand or closed, issues closed by commits."""

from dataclasses import dataclass

from tests.gitlab_standin import issuables, merging, versions
from tests.gitlab_standin.context import db
from tests.gitlab_standin.issuables import Target
from tests.gitlab_standin.store import Row

_HEADS = "refs/heads/"


@dataclass(frozen=True)
class Move:
    """One ref, from where to where; zeros for nowhere."""

    old: str
    new: str
    ref: str

    @property
    def deleted(self) -> bool:
        """Whether it is gone."""
        return not self.new.strip("0")

    @property
    def created(self) -> bool:
        """Whether it is new."""
        return not self.old.strip("0")


def take_in(project: Row, moves: list[Move]) -> None:
    """Bring merge requests and issues up to date with refs that moved."""
    for move in moves:
        if move.ref.startswith(_HEADS):
            branch = move.ref.removeprefix(_HEADS)
            _sources(project, branch, move)
            if not (move.deleted or move.created):
                _targets(project, branch, move)


def _open(project: Row, column: str, branch: str) -> list[Target]:
    rows = db().all(
        f"SELECT * FROM merge_request WHERE project_id = ? AND {column} = ? AND state = 'opened' ORDER BY id",  # noqa: S608 - one of two words
        project["id"],
        branch,
    )
    return [Target("MergeRequest", row, project) for row in rows]


def _sources(project: Row, branch: str, move: Move) -> None:
    for target in _open(project, "source_branch", branch):
        if move.deleted:
            issuables.set_state(target, "closed")
        elif target.row["head"] != move.new:
            versions.pushed(target, move.old, move.new)


def _targets(project: Row, branch: str, move: Move) -> None:
    """What the target branch now contains is merged, whoever did it."""
    git = versions.repo(project)
    for target in _open(project, "target_branch", branch):
        head = target.row["head"]
        if head and not git.is_ancestor(head, move.old) and git.is_ancestor(head, move.new):
            merging.mark_merged(target, None)
    if branch == project["default_branch"]:
        messages = [message for _, message in git.log(f"{move.old}..{move.new}")]
        merging.close_issues(project, messages, None)
