"""Approvals, reviewers, versions, changes and commits of merge requests, through the API."""

from flask import Blueprint, Response

from tests.gitlab_standin import diffs, mr_present, present, reviewing
from tests.gitlab_standin.closing import closed_issues
from tests.gitlab_standin.context import Json, answer, call, db, fail, not_found, parameters, unauthorized
from tests.gitlab_standin.issuables import Target
from tests.gitlab_standin.issues import show as show_issue
from tests.gitlab_standin.merge_requests import find
from tests.gitlab_standin.pagination import Listing, page_of, pages
from tests.gitlab_standin.repository import commits
from tests.gitlab_standin.store import Row
from tests.gitlab_standin.versions import repo

api = Blueprint("reviews", __name__, url_prefix="/api/v4")
_ONE = "/projects/<ref:ref>/merge_requests/<int:iid>"


# Approvals


def _show_approvals(target: Target) -> Json:
    given = reviewing.approvals(target)
    return {
        "id": target.id,
        "iid": target.row["iid"],
        "project_id": target.project["id"],
        "title": target.row["title"],
        "description": target.row["description"],
        "state": target.row["state"],
        "created_at": target.row["created_at"],
        "updated_at": target.row["updated_at"],
        "merge_status": mr_present.show(target, try_merge=True)["merge_status"],
        "approved": bool(given) or call().settings.enterprise,
        "approvals_required": 0,
        "approvals_left": 0,
        "require_password_to_approve": False,
        "approved_by": [_show_approval(row) for row in given],
        "suggested_approvers": [],
        "approvers": [],
        "approver_groups": [],
        "user_has_approved": call().user is not None and reviewing.has_approved(target),
        "user_can_approve": call().user is not None and reviewing.may_approve(target),
        "approval_rules_left": [],
        "has_approval_rules": False,
        "merge_request_approvers_available": call().settings.enterprise,
        "multiple_approval_rules_available": call().settings.enterprise,
        "invalid_approvers_rules": [],
    }


def _show_approval(row: Row) -> Json:
    """Servers before 18 do not tell when."""
    when = {"approved_at": row["approved_at"]} if call().settings.at_least(18) else {}
    return {"user": present.user(row)} | when


@api.get(f"{_ONE}/approvals")
def get_approvals(ref: str, iid: int) -> Response:
    """Who approved."""
    return answer(_show_approvals(find(ref, iid)))


@api.get(f"{_ONE}/approval_state")
def get_approval_state(ref: str, iid: int) -> Response:
    """The rules and who approved under each; not on a Community Edition server."""
    target = find(ref, iid)
    if not call().settings.enterprise:
        not_found()
    rule = {
        "id": target.id,
        "name": "All Members",
        "rule_type": "any_approver",
        "report_type": None,
        "eligible_approvers": [],
        "approvals_required": 0,
        "users": [],
        "groups": [],
        "contains_hidden_groups": False,
        "section": None,
        "source_rule": None,
        "overridden": False,
        "code_owner": False,
        "approved_by": [present.user(row) for row in reviewing.approvals(target)],
        "approved": True,
    }
    return answer({"approval_rules_overwritten": False, "rules": [rule]})


@api.post(f"{_ONE}/approve")
def approve(ref: str, iid: int) -> Response:
    """Approve the head `sha`; 401 for the author and for who has approved."""
    target, values = find(ref, iid), parameters()
    if not reviewing.may_approve(target):
        unauthorized()
    if values.get("sha") and values["sha"] != target.row["head"]:
        fail(409, f"SHA does not match HEAD of source branch: {target.row['head']}")
    reviewing.approve(target)
    return answer(_show_approvals(target.again()), 201)


@api.post(f"{_ONE}/unapprove")
def unapprove(ref: str, iid: int) -> Response:
    """Take an approval back; 404 when there is none."""
    target = find(ref, iid)
    if not reviewing.unapprove(target):
        not_found()
    return answer(_show_approvals(target.again()), 201)


# People


@api.get(f"{_ONE}/reviewers")
def list_reviewers(ref: str, iid: int) -> Response:
    """Reviewers, with the state of their reviews."""
    rows = reviewing.reviewers(find(ref, iid))
    return page_of(
        [{"user": present.user(row), "state": row["review"], "created_at": row["asked_at"]} for row in rows]
    )


# What it changes


def _show_version(row: Row, target: Target) -> Json:
    return {
        "id": row["id"],
        "head_commit_sha": row["head"],
        "base_commit_sha": row["base"],
        "start_commit_sha": row["start"],
        "created_at": row["created_at"],
        "merge_request_id": target.id,
        "state": "collected",
        "real_size": str(repo(target.project).changed_files(row["base"], row["head"])),
        "patch_id_sha": repo(target.project).patch_id(row["base"], row["head"]),
    }


@api.get(f"{_ONE}/versions")
def list_versions(ref: str, iid: int) -> Response:
    """Versions of the diff, newest first: one a push, and one for each change of the target branch."""
    target = find(ref, iid)
    return pages(
        Listing("version", ["merge_request_id = ?"], [target.id]), lambda row: _show_version(row, target)
    )


@api.get(f"{_ONE}/versions/<int:version_id>")
def get_version(ref: str, iid: int, version_id: int) -> Response:
    """One version with its commits and diffs."""
    target = find(ref, iid)
    row = db().one("SELECT * FROM version WHERE id = ? AND merge_request_id = ?", version_id, target.id)
    if row is None:
        not_found()
    git = repo(target.project)
    return answer(
        _show_version(row, target)
        | {
            "commits": commits(git, target.project, f"{row['base']}..{row['head']}"),
            "diffs": diffs.diffs(git, row["base"], row["head"]),
        }
    )


def _diffs(target: Target) -> list[Json]:
    row = target.row
    return diffs.diffs(repo(target.project), row["base"], row["head"]) if row["head"] else []


@api.get(f"{_ONE}/diffs")
def list_diffs(ref: str, iid: int) -> Response:
    """Changed files, in pages."""
    return page_of(_diffs(find(ref, iid)))


@api.get(f"{_ONE}/changes")
def get_changes(ref: str, iid: int) -> Response:
    """The merge request with all changed files."""
    target = find(ref, iid)
    return answer(mr_present.show_in_detail(target) | {"changes": _diffs(target), "overflow": False})


@api.get(f"{_ONE}/commits")
def list_commits(ref: str, iid: int) -> Response:
    """Commits, newest first."""
    target = find(ref, iid)
    row = target.row
    span = f"{row['base']}..{row['head']}"
    return page_of(commits(repo(target.project), target.project, span) if row["head"] else [])


@api.get(f"{_ONE}/closes_issues")
def list_closed(ref: str, iid: int) -> Response:
    """Issues that it closes when it is merged into the default branch."""
    target = find(ref, iid)
    if target.row["target_branch"] != target.project["default_branch"]:
        return page_of([])
    rows = [
        db().one("SELECT * FROM issue WHERE project_id = ? AND iid = ?", target.project["id"], each)
        for each in closed_issues(target.row["description"] or "")
    ]
    return page_of([show_issue(Target("Issue", row, target.project)) for row in rows if row is not None])


@api.get(f"{_ONE}/pipelines")
def list_pipelines(ref: str, iid: int) -> Response:
    """Pipelines of its source branch."""
    from tests.gitlab_standin.pipelines import show_pipeline

    target = find(ref, iid)
    found = Listing("pipeline", ["project_id = ?"], [target.project["id"]])
    found.need(
        "ref IN (?, ?) AND sha IN (SELECT head FROM version WHERE merge_request_id = ?)",
        target.row["source_branch"],
        f"refs/merge-requests/{iid}/head",
        target.id,
    )
    return pages(found, lambda row: show_pipeline(row, target.project))
