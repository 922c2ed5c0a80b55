"""Issues: lists, making, changing, deleting."""

from flask import Blueprint, Response, g, request

from tests.gitlab_standin import auth, issuables, present, quick_actions
from tests.gitlab_standin.closing import closed_issues
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
from tests.gitlab_standin.filters import listing
from tests.gitlab_standin.issuables import Target, common
from tests.gitlab_standin.pagination import pages
from tests.gitlab_standin.store import Row, moment, stamp

api = Blueprint("issues", __name__, url_prefix="/api/v4")
_ISSUE = "/projects/<ref:ref>/issues/<int:iid>"
_EDITABLE = ("title", "description", "due_date", "weight", "issue_type")


def find(ref: str, iid: int, least: int = auth.GUEST) -> Target:
    """The issue of a request; 404 when the user can't see it."""
    project = auth.project(ref, least)
    row = db().one("SELECT * FROM issue WHERE project_id = ? AND iid = ?", project["id"], iid)
    if row is None or not _visible(row, project):
        not_found()
    return Target("Issue", row, project)


def _visible(row: Row, project: Row) -> bool:
    if not row["confidential"] or auth.my_level(project) >= auth.REPORTER:
        return True
    return call().user is not None and call().me["id"] == row["author_id"]


def may_change(target: Target) -> None:
    """403 unless a reporter, or the author."""
    if auth.my_level(target.project) < auth.REPORTER and call().me["id"] != target.row["author_id"]:
        forbidden()


def show(target: Target) -> Json:
    """An issue as the API shows it."""
    row, project = target.row, target.project
    api_url = f"{call().settings.url}/api/v4/projects/{project['id']}"
    return common(target) | {
        "type": row["issue_type"].upper(),
        "issue_type": row["issue_type"],
        "due_date": row["due_date"],
        "weight": row["weight"],
        "confidential": bool(row["confidential"]),
        "web_url": present.web_url(project, f"issues/{row['iid']}"),
        "references": present.references(project, "#", row["iid"]),
        "merge_requests_count": len(closing_requests(target)),
        "has_tasks": present.tasks(row["description"])["count"] > 0,
        "blocking_issues_count": _blocking(row["id"]),
        "severity": "UNKNOWN",
        "moved_to_id": None,
        "imported": False,
        "service_desk_reply_to": None,
        "_links": {
            "self": f"{api_url}/issues/{row['iid']}",
            "notes": f"{api_url}/issues/{row['iid']}/notes",
            "award_emoji": f"{api_url}/issues/{row['iid']}/award_emoji",
            "project": api_url,
            "closed_as_duplicate_of": None,
        },
    }


def show_in_detail(target: Target) -> Json:
    """An issue alone: also whether the user follows it."""
    subscribed = call().user is not None and call().me["id"] == target.row["author_id"]
    return show(target) | {"subscribed": subscribed}


def _blocking(issue_id: int) -> int:
    return int(
        db().value(
            "SELECT count(*) FROM issue_link JOIN issue ON issue.id = target_id"
            " WHERE source_id = ? AND link_type = 'blocks' AND issue.state = 'opened'",
            issue_id,
        )
    )


def closing_requests(target: Target) -> list[Row]:
    """Merge requests whose description says that they close this issue."""
    rows = db().all(
        "SELECT * FROM merge_request WHERE project_id = ? AND description LIKE ? ORDER BY iid",
        target.project["id"],
        f"%#{target.row['iid']}%",
    )
    return [row for row in rows if target.row["iid"] in closed_issues(row["description"] or "")]


# Lists


def _list(values: Json, condition: str, *ids: object) -> Response:
    found = listing("Issue", values)
    found.need(condition, *ids)
    if values.get("state", "all") in {"opened", "closed"}:
        found.need("issue.state = ?", values["state"])
    if values.get("issue_type"):
        found.need("issue.issue_type = ?", values["issue_type"])
    if "confidential" in values:
        found.need("issue.confidential = ?", truth(values["confidential"]))
    details = truth(values.get("with_labels_details"))
    projects: dict[int, Row] = {}

    def one(row: Row) -> Json:
        if row["project_id"] not in projects:
            projects[row["project_id"]] = db().get("SELECT * FROM project WHERE id = ?", row["project_id"])
        shown = show(Target("Issue", row, projects[row["project_id"]]))
        if details:
            shown["labels"] = [
                {key: each[key] for key in ("id", "name", "color", "description")}
                for each in issuables.labels_of("Issue", row["id"])
            ]
        return shown

    return pages(found, one, keyset=True)


@api.get("/projects/<ref:ref>/issues")
def list_issues(ref: str) -> Response:
    """Issues of a project."""
    project = auth.project(ref)
    if auth.my_level(project) >= auth.REPORTER:
        return _list(parameters(), "issue.project_id = ?", project["id"])
    mine = present.or_none(call().user, "id") or 0
    hidden = "issue.project_id = ? AND (NOT issue.confidential OR issue.author_id = ?)"
    return _list(parameters(), hidden, project["id"], mine)


@api.get("/groups/<ref:ref>/issues")
def list_group_issues(ref: str) -> Response:
    """Issues of the projects of a group that the user can see, groups below it included."""
    from tests.gitlab_standin.projects import group, projects_below

    ids = [row["id"] for row in projects_below(group(ref))]
    return _list(parameters(), f"issue.project_id IN ({', '.join('?' * len(ids))})", *ids)


@api.get("/issues")
def list_my_issues() -> Response:
    """Issues that the user wrote."""
    values = {"scope": "created_by_me"} | parameters()
    call().me  # noqa: B018 - 401 without a user
    visible = [row["id"] for row in db().all("SELECT * FROM project") if auth.sees(db(), call().user, row)]
    return _list(values, f"issue.project_id IN ({', '.join('?' * len(visible))})", *visible)


# One issue


@api.get(_ISSUE)
def get_issue(ref: str, iid: int) -> Response:
    """One issue."""
    return answer(show_in_detail(find(ref, iid)))


@api.post("/projects/<ref:ref>/issues")
def create_issue(ref: str) -> Response:
    """A new issue; an owner may choose its iid and time."""
    project, values = auth.project(ref), parameters()
    if "title" not in values:
        missing("title")
    issuables.check_texts(values)
    g.limits.application("issues", call().me)
    owner = auth.my_level(project) >= auth.OWNER
    text, actions = quick_actions.extract(values.get("description") or "", "Issue")
    target = _insert(project, values | {"description": text}, owner=owner)
    if auth.my_level(project) >= auth.REPORTER:
        issuables.take_label_parameters(target, values)
        people = values.get("assignee_ids") or values.get("assignee_id") or []
        issuables.assign(target, numbers(people))
    quick_actions.run(target, actions)
    return answer(show_in_detail(target.again()), 201)


def _insert(project: Row, values: Json, *, owner: bool) -> Target:
    last = db().value("SELECT coalesce(max(iid), 0) FROM issue WHERE project_id = ?", project["id"])
    iid = int(values["iid"]) if owner and values.get("iid") else last + 1
    if db().one("SELECT 1 FROM issue WHERE project_id = ? AND iid = ?", project["id"], iid):
        fail(409, "Duplicated issue")
    at = stamp(moment(values["created_at"])) if owner and values.get("created_at") else db().now
    row_id = db().insert(
        "issue",
        project_id=project["id"],
        iid=iid,
        title=str(values["title"]).strip(),
        description=values["description"] or None,
        author_id=call().me["id"],
        due_date=values.get("due_date") or None,
        weight=values.get("weight"),
        confidential=truth(values.get("confidential")),
        issue_type=values.get("issue_type") or "issue",
        created_at=at,
        updated_at=at,
    )
    return Target("Issue", db().get("SELECT * FROM issue WHERE id = ?", row_id), project)


@api.put(_ISSUE)
def update_issue(ref: str, iid: int) -> Response:
    """Change an issue; what it already says leaves no trace."""
    target, values = find(ref, iid), parameters()
    may_change(target)
    known = {
        *_EDITABLE,
        "labels",
        "add_labels",
        "remove_labels",
        "assignee_ids",
        "assignee_id",
        "state_event",
    }
    if not {*known, "confidential", "discussion_locked"} & set(values):
        raise ApiError(
            400, {"error": f"{', '.join(sorted(known))} are missing, at least one parameter must be provided"}
        )
    issuables.check_texts(values)
    _edit(target, values)
    if auth.my_level(target.project) >= auth.REPORTER:
        issuables.take_label_parameters(target, values)
        if "assignee_ids" in values or "assignee_id" in values:
            issuables.assign(target, numbers(values.get("assignee_ids", values.get("assignee_id")) or []))
    if (event := values.get("state_event")) in {"close", "reopen"}:
        issuables.set_state(target.again(), "closed" if event == "close" else "reopened")
    return answer(show_in_detail(target.again()))


def _edit(target: Target, values: Json) -> None:
    changed: Json = {
        name: values[name] or None
        for name in _EDITABLE
        if name in values and (values[name] or None) != target.row[name]
    }
    if "confidential" in values and truth(values["confidential"]) != bool(target.row["confidential"]):
        changed["confidential"] = truth(values["confidential"])
    if "discussion_locked" in values and truth(values["discussion_locked"]) != bool(target.row["locked"]):
        changed["locked"] = truth(values["discussion_locked"])
    actions: list[quick_actions.Action] = []
    if changed.get("description"):
        changed["description"], actions = quick_actions.extract(changed["description"], "Issue")
    if changed:
        target.edit(**changed)
        _tell(target, changed)
    quick_actions.run(target.again(), actions)


def _tell(target: Target, changed: Json) -> None:
    if "title" in changed:
        issuables.system_note(
            target, f"changed title from **{target.row['title']}** to **{changed['title']}**"
        )
    if "description" in changed:
        issuables.system_note(target, "changed the description")
    if "due_date" in changed:
        due = changed["due_date"]
        issuables.system_note(target, f"changed due date to {due}" if due else "removed due date")


@api.delete(_ISSUE)
def delete_issue(ref: str, iid: int) -> Response:
    """Delete an issue, as an owner."""
    target = find(ref, iid, auth.OWNER)
    check_unmodified(target.row)
    issuables.forget(target)
    db().run("DELETE FROM issue_link WHERE source_id = ?1 OR target_id = ?1", target.id)
    db().run("DELETE FROM issue WHERE id = ?", target.id)
    return no_content()


def check_unmodified(row: Row) -> None:
    """412 when the row changed after `If-Unmodified-Since`."""
    since = request.if_unmodified_since
    if since is not None and moment(row["updated_at"]).replace(microsecond=0) > since:
        fail(412, "412 Precondition Failed")
