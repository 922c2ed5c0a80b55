"""Really merges: a merge commit on the target branch, and the files of whoever has that branch checked out."""

import re
from dataclasses import dataclass
from datetime import datetime

from ci_factory.errors import Conflict, RepositoryError
from ci_factory.forge.local.branches import Branches, Tip
from ci_factory.model.forge import MergeRequest
from ci_factory.system.git import Git, Merge, Person

_SHOWN = 10


class _TargetMoved(Exception):
    """The target branch is no longer where the merge started from."""


@dataclass(frozen=True)
class Order:
    """Merge this, as this person, at this time."""

    request: MergeRequest
    person: Person
    when: datetime

    @property
    def message(self) -> str:
        """The merge commit's message, in GitLab's words."""
        mr = self.request
        title = " ".join(re.sub(r"[^\S ]|[\x00-\x1f\x7f-\x9f]", " ", mr.title).split())
        return (
            f"Merge branch '{mr.source_branch}' into '{mr.target_branch}'\n\n{title}\n\n"
            f"See merge request !{mr.iid}\n"
        )


def carry_out(branches: Branches, order: Order) -> str:
    """Merge and return the merge commit. A target that moves meanwhile is tried once more.

    Raises:
        Conflict: nothing to merge, files in conflict, a checkout in the way, or a target that keeps moving.
    """
    try:
        return _once(branches, order)
    except _TargetMoved:
        pass
    try:
        return _once(branches, order)
    except _TargetMoved:
        raise Conflict(f"{order.request.target_branch} keeps moving", fix="merge again") from None


def _once(branches: Branches, order: Order) -> str:
    mr = order.request
    tip = branches.existing(mr.target_branch)
    merged = _in_memory(branches.git, tip.commit, mr)
    commit = branches.git.commit_tree(
        merged.tree,
        parents=(tip.commit, mr.head),
        message=order.message,
        author=order.person,
        committer=order.person,
        when=order.when,
    )
    _land(branches, order, tip, commit)
    return commit


def _in_memory(git: Git, target: str, mr: MergeRequest) -> Merge:
    if git.is_ancestor(mr.head, target):
        raise Conflict(
            f"!{mr.iid} has nothing that {mr.target_branch} lacks", fix=f"ci-factory mr close {mr.iid}"
        )
    try:
        merged = git.merge(target, mr.head)
    except RepositoryError as error:
        raise Conflict(f"!{mr.iid} does not merge: {error.what}") from error
    if not merged.clean:
        raise Conflict(
            f"!{mr.iid} conflicts with {mr.target_branch} in {_listed(merged.conflicts)}",
            fix=f"rebase {mr.source_branch} on {mr.target_branch}, or close it so that the ticket is done again",
        )
    return merged


def _land(branches: Branches, order: Order, tip: Tip, commit: str) -> None:
    """Move the branch, together with the files of its checkout when there is one."""
    target = order.request.target_branch
    if tip.worktree is None:
        try:
            branches.git.update_ref(f"refs/heads/{target}", commit, tip.commit)
        except Conflict as error:
            raise _TargetMoved from error
        return
    complaint = _fast_forward(Git(tip.worktree), commit, order.person)
    now = branches.existing(target).commit
    if now == commit:
        return
    if now != tip.commit:
        raise _TargetMoved
    raise Conflict(
        f"git does not update the checked-out {target}: {complaint}",
        where=str(tip.worktree),
        fix="move what is in the way, then merge again",
    )


def _fast_forward(checkout: Git, commit: str, person: Person) -> str:
    """`git merge --ff-only` moves branch, index and files as one; returns what git said."""
    dirty = checkout.changed_in_worktree()
    if dirty:
        raise Conflict(
            f"the checkout has changes that are not committed: {_listed(dirty)}",
            where=str(checkout.folder),
            fix="commit or stash them, then merge again",
        )
    done = checkout.run(
        "merge",
        "--ff-only",
        "--no-overwrite-ignore",
        "--quiet",
        commit,
        env={"GIT_COMMITTER_NAME": person.name, "GIT_COMMITTER_EMAIL": person.email},
    )
    return " ".join(done.stderr.split())


def _listed(paths: list[str] | tuple[str, ...]) -> str:
    shown = ", ".join(ascii(path)[1:-1] if not path.isprintable() else path for path in paths[:_SHOWN])
    return shown + (f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else "")
