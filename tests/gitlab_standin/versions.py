"""Versions of a merge request: its diff at each head, against where the target was."""

from tests.gitlab_standin import issuables
from tests.gitlab_standin.context import call, db
from tests.gitlab_standin.issuables import Target
from tests.gitlab_standin.repo import Repo
from tests.gitlab_standin.store import Row


def repo(project: Row) -> Repo:
    """A project's repository."""
    path, earlier = call().repository(project), call().branches
    return Repo(path, None if earlier is None else earlier.get(path, {}))


def refresh(target: Target) -> None:
    """Take over where the branches are now; a new version when head or target branch is another."""
    git, row = repo(target.project), target.row
    head, start = git.head(row["source_branch"]), git.head(row["target_branch"])
    if head is None or start is None:
        return
    base = git.merge_base(start, head) or start
    git.move(f"refs/merge-requests/{row['iid']}/head", head)
    db().insert("version", merge_request_id=target.id, head=head, base=base, start=start, created_at=db().now)
    db().update("merge_request", target.id, head=head, base=base, start=start)


def pushed(target: Target, old: str, new: str) -> None:
    """The source branch moved."""
    refresh(target)
    commits = repo(target.project).log(f"{old}..{new}" if old.strip("0") else new, 20)
    lines = "".join(f"<li>{sha[:8]} - {text.splitlines()[0] if text else ''}</li>" for sha, text in commits)
    count = f"{len(commits)} commit{'s' if len(commits) != 1 else ''}"
    issuables.system_note(target, f"added {count}\n\n<ul>{lines}</ul>\n\n[Compare with previous version](#)")
    if target.project["reset_approvals"]:
        db().run("DELETE FROM approval WHERE merge_request_id = ?", target.id)
    target.touch()


def retarget(target: Target, branch: str, *, deleted: bool = False) -> None:
    """Go to another target branch."""
    old = target.row["target_branch"]
    if old == branch:
        return
    target.edit(target_branch=branch)
    words = (
        f"deleted the `{old}` branch. This merge request now targets the `{branch}` branch"
        if deleted
        else f"changed target branch from `{old}` to `{branch}`"
    )
    issuables.system_note(target, words)
    refresh(target.again())
