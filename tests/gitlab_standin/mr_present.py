"""A merge request as the API shows it: in lists, alone, with its diff."""

from tests.gitlab_standin import merging, present, reviewing
from tests.gitlab_standin.context import Json, call, db
from tests.gitlab_standin.drafts import is_draft
from tests.gitlab_standin.issuables import Target, common
from tests.gitlab_standin.versions import repo

_MERGE_STATUS = {
    "conflict": "cannot_be_merged",
    "broken_status": "cannot_be_merged",
    "unchecked": "unchecked",
}


def show(target: Target, *, try_merge: bool = False) -> Json:
    """As in a list; whether it merges is told only where a merge was tried."""
    row, project = target.row, target.project
    status = merging.detailed_status(target, try_merge=try_merge)
    merged_by = present.user_by_id(row["merged_by"])
    draft = is_draft(row["title"])
    return common(target) | {
        "merged_by": merged_by,
        "merge_user": merged_by,
        "merged_at": row["merged_at"],
        "target_branch": row["target_branch"],
        "source_branch": row["source_branch"],
        "source_project_id": project["id"],
        "target_project_id": project["id"],
        "draft": draft,
        "work_in_progress": draft,
        "imported": False,
        "merge_when_pipeline_succeeds": False,
        "merge_status": _MERGE_STATUS.get(status, "can_be_merged"),
        "detailed_merge_status": status,
        "has_conflicts": status == "conflict",
        "merge_after": None,
        "sha": row["head"],
        "merge_commit_sha": row["merge_commit_sha"],
        "squash_commit_sha": row["squash_commit_sha"],
        "squash": bool(row["squash"]),
        "squash_on_merge": bool(row["squash"]),
        "prepared_at": row["prepared_at"],
        "should_remove_source_branch": None,
        "force_remove_source_branch": bool(row["remove_source_branch"]),
        "reference": f"!{row['iid']}",
        "references": present.references(project, "!", row["iid"]),
        "reviewers": [present.user(each) for each in reviewing.reviewers(target)],
        "web_url": present.web_url(project, f"merge_requests/{row['iid']}"),
        "blocking_discussions_resolved": not merging.unresolved(target),
        "approvals_before_merge": None,
    }


def show_in_detail(target: Target) -> Json:
    """Alone: with its diff, its pipeline and what the user may do."""
    row = target.row
    pipeline = _pipeline(target)
    return show(target, try_merge=True) | {
        "subscribed": call().user is not None and call().me["id"] == row["author_id"],
        "changes_count": _changes_count(target),
        "diff_refs": diff_refs(target),
        "merge_error": None,
        "first_contribution": False,
        "latest_build_started_at": None,
        "latest_build_finished_at": None,
        "first_deployed_to_production_at": None,
        "pipeline": pipeline,
        "head_pipeline": pipeline,
        "diverged_commits_count": 0,
        "rebase_in_progress": False,
        "user": {"can_merge": merging.may_merge(target)},
    }


def diff_refs(target: Target) -> Json | None:
    """What positions in the diff refer to."""
    row = target.row
    if row["head"] is None:
        return None
    return {"base_sha": row["base"], "head_sha": row["head"], "start_sha": row["start"]}


def _changes_count(target: Target) -> str | None:
    row = target.row
    return str(repo(target.project).changed_files(row["base"], row["head"])) if row["head"] else None


def _pipeline(target: Target) -> Json | None:
    from tests.gitlab_standin.pipelines import show_pipeline

    row = db().one(
        "SELECT * FROM pipeline WHERE project_id = ? AND sha = ? ORDER BY id DESC LIMIT 1",
        target.project["id"],
        target.row["head"],
    )
    return None if row is None else show_pipeline(row, target.project)
