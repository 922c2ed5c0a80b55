"""Merge requests: lists, making, changing, merging."""

from flask import Blueprint, Response

from tests.gitlab_standin import auth, issuables, merging, mr_present, quick_actions, reviewing
from tests.gitlab_standin.context import (
    ApiError,
    Json,
    answer,
    call,
    db,
    fail,
    forbidden,
    missing,
    no_content,
    not_found,
    numbers,
    parameters,
    truth,
)
from tests.gitlab_standin.drafts import is_draft, undrafted
from tests.gitlab_standin.filters import listing
from tests.gitlab_standin.issuables import Target
from tests.gitlab_standin.issues import check_unmodified
from tests.gitlab_standin.pagination import pages
from tests.gitlab_standin.store import Row
from tests.gitlab_standin.versions import refresh, repo, retarget

api = Blueprint("merge_requests", __name__, url_prefix="/api/v4")
_ONE = "/projects/<ref:ref>/merge_requests/<int:iid>"
_STATES = {"opened", "closed", "merged", "locked"}


def find(ref: str, iid: int, least: int = auth.REPORTER) -> Target:
    """The merge request of a request."""
    project = auth.project(ref, least)
    row = db().one("SELECT * FROM merge_request WHERE project_id = ? AND iid = ?", project["id"], iid)
    if row is None:
        not_found()
    return Target("MergeRequest", row, project)


def find_to_change(ref: str, iid: int) -> Target:
    """The merge request of a request; 403 unless a developer, or the author."""
    target = find(ref, iid)
    if auth.my_level(target.project) < auth.DEVELOPER and call().me["id"] != target.row["author_id"]:
        forbidden()
    return target


def _list(values: Json, projects: list[Row]) -> Response:
    found = listing("MergeRequest", values)
    found.need(
        f"merge_request.project_id IN ({', '.join('?' * len(projects))})", *(row["id"] for row in projects)
    )
    if (state := values.get("state", "all")) != "all":
        if state not in _STATES:
            raise ApiError(400, {"error": "state does not have a valid value"})
        found.need("merge_request.state = ?", state)
    for name in ("source_branch", "target_branch"):
        if name in values:
            found.need(f"merge_request.{name} = ?", values[name])
    if (wip := values.get("wip", values.get("draft"))) is not None:
        sign = "" if str(wip).lower() in {"yes", "true"} else "NOT "
        found.need(f"{sign}(merge_request.title LIKE 'Draft:%' OR merge_request.title LIKE '[Draft]%')")
    asked = "merge_request.id IN (SELECT merge_request_id FROM reviewer JOIN user ON user.id = user_id WHERE {} = ?)"
    for name, column in (("reviewer_id", "user.id"), ("reviewer_username", "user.username")):
        if name in values:
            found.need(asked.format(column), values[name])
    by_id = {row["id"]: row for row in projects}
    return pages(
        found, lambda row: mr_present.show(Target("MergeRequest", row, by_id[row["project_id"]])), keyset=True
    )


@api.get("/projects/<ref:ref>/merge_requests")
def list_merge_requests(ref: str) -> Response:
    """Merge requests of a project."""
    return _list(parameters(), [auth.project(ref, auth.REPORTER)])


@api.get("/groups/<ref:ref>/merge_requests")
def list_group_merge_requests(ref: str) -> Response:
    """Merge requests of a group's projects."""
    from tests.gitlab_standin.projects import group, projects_below

    return _list(parameters(), projects_below(group(ref)))


@api.get("/merge_requests")
def list_my_merge_requests() -> Response:
    """Merge requests that the user wrote."""
    call().me  # noqa: B018 - 401 without a user
    visible = [row for row in db().all("SELECT * FROM project") if auth.sees(db(), call().user, row)]
    return _list({"scope": "created_by_me"} | parameters(), visible)


@api.get(_ONE)
def get_merge_request(ref: str, iid: int) -> Response:
    """One merge request."""
    return answer(mr_present.show_in_detail(find(ref, iid)))


@api.post("/projects/<ref:ref>/merge_requests")
def create_merge_request(ref: str) -> Response:
    """A new merge request; 409 when the branches have an open one."""
    project, values = auth.project(ref, auth.DEVELOPER), parameters()
    if gone := [name for name in ("source_branch", "target_branch", "title") if not values.get(name)]:
        missing(*gone)
    issuables.check_texts(values)
    _check_branches(project, values["source_branch"], values["target_branch"])
    text, actions = quick_actions.extract(values.get("description") or "", "MergeRequest")
    target = _insert(project, values | {"description": text})
    refresh(target)
    issuables.take_label_parameters(target, values)
    _people(target, values)
    quick_actions.run(target.again(), actions)
    return answer(mr_present.show_in_detail(target.again()), 201)


def _check_branches(project: Row, source: str, to: str) -> None:
    if source == to:
        fail(422, ["You can't use same project/branch for source and target"])
    other = db().one(
        "SELECT iid FROM merge_request WHERE project_id = ? AND source_branch = ? AND target_branch = ?"
        " AND state = 'opened'",
        project["id"],
        source,
        to,
    )
    if other is not None:
        fail(409, [f"Another open merge request already exists for this source branch: !{other['iid']}"])


def _insert(project: Row, values: Json) -> Target:
    last = db().value("SELECT coalesce(max(iid), 0) FROM merge_request WHERE project_id = ?", project["id"])
    remove = values.get("remove_source_branch")
    row_id = db().insert(
        "merge_request",
        project_id=project["id"],
        iid=last + 1,
        title=str(values["title"]).strip(),
        description=values["description"] or None,
        author_id=call().me["id"],
        source_branch=values["source_branch"],
        target_branch=values["target_branch"],
        squash=truth(values.get("squash")),
        remove_source_branch=None if remove is None else truth(remove),
        prepared_at=db().now,
        created_at=db().now,
        updated_at=db().now,
    )
    return Target("MergeRequest", db().get("SELECT * FROM merge_request WHERE id = ?", row_id), project)


def _people(target: Target, values: Json) -> None:
    if "reviewer_ids" in values:
        reviewing.set_reviewers(target, numbers(values["reviewer_ids"] or []))
    if "assignee_ids" in values or "assignee_id" in values:
        issuables.assign(target, numbers(values.get("assignee_ids", values.get("assignee_id")) or []))


@api.put(_ONE)
def update_merge_request(ref: str, iid: int) -> Response:
    """Change a merge request; what it already says leaves no trace."""
    target, values = find_to_change(ref, iid), parameters()
    if not values:
        raise ApiError(
            400, {"error": "title, description, labels are missing, at least one parameter must be provided"}
        )
    issuables.check_texts(values)
    if values.get("target_branch", target.row["target_branch"]) != target.row["target_branch"]:
        _retarget(target, values["target_branch"])
    actions = _edit(target, values)
    issuables.take_label_parameters(target, values)
    _people(target, values)
    _state(target.again(), values.get("state_event"))
    quick_actions.run(target.again(), actions)
    return answer(mr_present.show_in_detail(target.again()))


def _retarget(target: Target, branch: str) -> None:
    if target.row["state"] != "opened":
        return
    _check_branches(target.project, target.row["source_branch"], branch)
    retarget(target, branch)


def _edit(target: Target, values: Json) -> list[quick_actions.Action]:
    row = target.row
    changed: Json = {
        name: values[name] or None
        for name in ("title", "description")
        if name in values and (values[name] or None) != row[name]
    }
    for name, column in (
        ("squash", "squash"),
        ("discussion_locked", "locked"),
        ("remove_source_branch",) * 2,
    ):
        if name in values and truth(values[name]) != bool(row[column]):
            changed[column] = truth(values[name])
    actions: list[quick_actions.Action] = []
    if changed.get("description"):
        changed["description"], actions = quick_actions.extract(changed["description"], "MergeRequest")
    if changed:
        target.edit(**changed)
    if "title" in changed:
        _tell_title(target, row["title"], changed["title"])
    if "description" in changed:
        issuables.system_note(target, "changed the description")
    return actions


def _tell_title(target: Target, old: str, new: str) -> None:
    if is_draft(old) != is_draft(new):
        issuables.system_note(
            target, f"marked this merge request as **{'draft' if is_draft(new) else 'ready'}**"
        )
    if undrafted(old) != undrafted(new):
        issuables.system_note(target, f"changed title from **{old}** to **{new}**")


def _state(target: Target, event: str | None) -> None:
    if event == "close" and target.row["state"] == "opened":
        issuables.set_state(target, "closed")
    if event == "reopen" and target.row["state"] == "closed":
        _check_branches(target.project, target.row["source_branch"], target.row["target_branch"])
        issuables.set_state(target, "reopened")
        if repo(target.project).head(target.row["source_branch"]) != target.row["head"]:
            refresh(target.again())


@api.delete(_ONE)
def delete_merge_request(ref: str, iid: int) -> Response:
    """Delete a merge request, as an owner."""
    target = find(ref, iid, auth.OWNER)
    check_unmodified(target.row)
    issuables.forget(target)
    for table in ("version", "approval", "reviewer"):
        db().run(f"DELETE FROM {table} WHERE merge_request_id = ?", target.id)  # noqa: S608 - our words
    db().run("UPDATE pipeline SET merge_request_id = NULL WHERE merge_request_id = ?", target.id)
    db().run("DELETE FROM merge_request WHERE id = ?", target.id)
    return no_content()


@api.put(f"{_ONE}/merge")
def merge_merge_request(ref: str, iid: int) -> Response:
    """Merge now, if the head still is `sha`."""
    target, values = find(ref, iid), parameters()
    remove = values.get("should_remove_source_branch")
    wish = merging.Wish(
        sha=values.get("sha"),
        message=values.get("merge_commit_message"),
        squash=truth(values.get("squash")),
        squash_message=values.get("squash_commit_message"),
        remove_source_branch=None if remove is None else truth(remove),
    )
    merging.merge(target, wish)
    return answer(mr_present.show_in_detail(target.again()))
