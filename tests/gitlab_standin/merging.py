"""Merging: really, in the bare repository, with everything that GitLab does afterwards."""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tests.gitlab_standin import auth, issuables
from tests.gitlab_standin.closing import closed_issues
from tests.gitlab_standin.context import ApiError, call, db, fail, unauthorized
from tests.gitlab_standin.drafts import is_draft
from tests.gitlab_standin.issuables import Target
from tests.gitlab_standin.repo import GitFailed, Repo
from tests.gitlab_standin.store import Row
from tests.gitlab_standin.versions import repo, retarget

MOST_RETARGETED = 4
"""Stacked merge requests that follow when their target is merged (GitLab's limit)."""
__all__ = ["Wish", "detailed_status", "mark_merged", "may_merge", "merge", "protection", "repo", "retarget"]


@dataclass(frozen=True)
class Wish:
    """How somebody wants a merge."""

    sha: str | None = None
    message: str | None = None
    squash: bool = False
    squash_message: str | None = None
    remove_source_branch: bool | None = None


def protection(project: Row, branch: str) -> Row | None:
    """The rule that protects a branch: the exact one, else the first pattern that matches."""
    rules = db().all("SELECT * FROM protected_branch WHERE project_id = ? ORDER BY id", project["id"])
    exact = [rule for rule in rules if rule["name"] == branch]
    return next(iter(exact or [rule for rule in rules if fnmatchcase(branch, rule["name"])]), None)


def may_merge(target: Target) -> bool:
    """Whether the user may merge into the target branch."""
    rule = protection(target.project, target.row["target_branch"])
    least = auth.DEVELOPER if rule is None else rule["merge_level"]
    return 0 < least <= auth.my_level(target.project)


def detailed_status(target: Target, *, try_merge: bool = True) -> str:
    """What stands in the way of merging, or `mergeable`; `unchecked` when a merge was not tried yet."""
    row, git = target.row, repo(target.project)
    if row["state"] != "opened":
        return "not_open"
    head, tip = row["head"], git.head(row["target_branch"])
    if head is None or tip is None or git.head(row["source_branch"]) is None:
        return "broken_status"
    for blocked, status in (
        (git.is_ancestor(head, tip), "commits_status"),
        (is_draft(row["title"]), "draft_status"),
        (target.project["discussions_resolved"] and unresolved(target), "discussions_not_resolved"),
        (target.project["pipeline_must_succeed"] and not _pipeline_passed(target), "ci_must_pass"),
        (_changes_requested(target), "requested_changes"),
    ):
        if blocked:
            return status
    if not try_merge and not git.knows_merge(tip, head):
        return "unchecked"
    return "mergeable" if git.merged_tree(tip, head) else "conflict"


def unresolved(target: Target) -> bool:
    """Whether a discussion waits to be resolved."""
    open_note = (
        "SELECT 1 FROM note WHERE kind = ? AND target_id = ? AND resolvable AND resolved_at IS NULL LIMIT 1"
    )
    return db().one(open_note, target.kind, target.id) is not None


def _pipeline_passed(target: Target) -> bool:
    latest = "SELECT status FROM pipeline WHERE project_id = ? AND sha = ? ORDER BY id DESC LIMIT 1"
    return bool(db().value(latest, target.project["id"], target.row["head"]) == "success")


def _changes_requested(target: Target) -> bool:
    asked = "SELECT 1 FROM reviewer WHERE merge_request_id = ? AND state = 'requested_changes'"
    return call().settings.enterprise and db().one(asked, target.id) is not None


def merge(target: Target, wish: Wish) -> None:
    """Merge now.

    Raises:
        ApiError: 401 not allowed to; 405 closed, draft or blocked; 422 (406 before 15.0) in conflict; 409 another head.
    """
    if not may_merge(target):
        unauthorized()
    status = detailed_status(target)
    if status in {"conflict", "broken_status"}:
        raise _cannot_be_merged()
    if status != "mergeable":
        fail(405, "405 Method Not Allowed")
    row = target.row
    if wish.sha is not None and wish.sha != row["head"]:
        fail(409, f"SHA does not match HEAD of source branch: {row['head']}")
    commit = _commit(target, wish)
    mark_merged(target, commit)
    remove = row["remove_source_branch"] if wish.remove_source_branch is None else wish.remove_source_branch
    if remove:
        _remove_source(target)


def _cannot_be_merged() -> ApiError:
    if call().settings.at_least(15):
        return ApiError(422, {"message": "Branch cannot be merged"})
    return ApiError(406, {"message": "406 Branch cannot be merged"})


def _commit(target: Target, wish: Wish) -> str:
    git, row = repo(target.project), target.row
    tip = git.head(row["target_branch"]) or ""
    tree = git.merged_tree(tip, row["head"]) or ""
    head = row["head"]
    if wish.squash or row["squash"]:
        base = git.merge_base(tip, head) or tip
        squashed = git.git("rev-parse", f"{head}^{{tree}}")
        head = git.commit(squashed, [base], wish.squash_message or row["title"], call().me, db().now)
        db().update("merge_request", target.id, squash_commit_sha=head)
    commit = git.commit(tree, [tip, head], wish.message or _message(target), call().me, db().now)
    try:
        git.move(f"refs/heads/{row['target_branch']}", commit, tip)
    except GitFailed:
        fail(405, "405 Method Not Allowed")
    call().moved.append(row["target_branch"])
    return commit


def _message(target: Target) -> str:
    row = target.row
    closes = closed_issues(row["description"] or "")
    parts = [
        f"Merge branch '{row['source_branch']}' into '{row['target_branch']}'",
        row["title"],
        f"Closes {' and '.join(f'#{iid}' for iid in closes)}" if closes else "",
        f"See merge request {target.project['full_path']}!{row['iid']}",
    ]
    return "\n\n".join(part for part in parts if part)


def mark_merged(target: Target, commit: str | None) -> None:
    """It is merged: state, event, the issues that it closes, merge requests whose target moved."""
    issuables.set_state(target, "merged")
    target.edit(merged_at=db().now, merged_by=call().me["id"], merge_commit_sha=commit)
    if target.row["target_branch"] == target.project["default_branch"]:
        git, row = repo(target.project), target.row
        messages = [message for _, message in git.log(f"{row['base']}..{row['head']}")] if row["base"] else []
        close_issues(target.project, [row["description"] or "", *messages], target.id)


def close_issues(project: Row, texts: list[str], merge_request: int | None) -> None:
    """Close the issues that these texts close."""
    for iid in dict.fromkeys(iid for text in texts for iid in closed_issues(text)):
        row = db().one("SELECT * FROM issue WHERE project_id = ? AND iid = ?", project["id"], iid)
        if row is not None:
            issuables.set_state(Target("Issue", row, project), "closed", merge_request=merge_request)


def _remove_source(target: Target) -> None:
    git, branch = repo(target.project), target.row["source_branch"]
    rule = protection(target.project, branch)
    if rule is not None or git.head(branch) is None or branch == target.project["default_branch"]:
        return
    git.move(f"refs/heads/{branch}", None)
    call().moved.append(branch)
    for row in db().all(
        "SELECT * FROM merge_request WHERE project_id = ? AND target_branch = ? AND state = 'opened'"
        " ORDER BY id LIMIT ?",
        target.project["id"],
        branch,
        MOST_RETARGETED,
    ):
        retarget(Target("MergeRequest", row, target.project), target.row["target_branch"], deleted=True)


def sound_branch(name: str, git: Repo) -> bool:
    """Whether git takes a branch name."""
    if not re.fullmatch(r"[^\s~^:?*\[\\\x00-\x1f]+", name) or name.startswith("-"):
        return False
    try:
        git.git("check-ref-format", f"refs/heads/{name}")
    except GitFailed:
        return False
    return True
