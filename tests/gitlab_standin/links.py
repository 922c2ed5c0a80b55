"""Links between issues, through the API."""

from flask import Blueprint, Response

from tests.gitlab_standin import auth, linking
from tests.gitlab_standin.context import (
    ApiError,
    Json,
    answer,
    call,
    db,
    fail,
    missing,
    not_found,
    parameters,
)
from tests.gitlab_standin.issuables import Target
from tests.gitlab_standin.issues import find, show
from tests.gitlab_standin.store import Row

api = Blueprint("links", __name__, url_prefix="/api/v4")
_LINKS = "/projects/<ref:ref>/issues/<int:iid>/links"


def _project_of(row: Row) -> Row:
    return db().get("SELECT * FROM project WHERE id = ?", row["project_id"])


def _show(link: Row) -> Json:
    """A link with both of its issues."""
    issues = {
        name: show(Target("Issue", row, _project_of(row)))
        for name in ("source", "target")
        if (row := db().one("SELECT * FROM issue WHERE id = ?", link[f"{name}_id"]))
    }
    return {
        "id": link["id"],
        "source_issue": issues["source"],
        "target_issue": issues["target"],
        "link_type": link["link_type"],
        "link_created_at": link["created_at"],
        "link_updated_at": link["created_at"],
    }


@api.get(_LINKS)
def list_links(ref: str, iid: int) -> Response:
    """The issues that are linked to one, all at once, each with how."""
    target, shown = find(ref, iid), []
    rows = db().all("SELECT * FROM issue_link WHERE source_id = ?1 OR target_id = ?1 ORDER BY id", target.id)
    for link in rows:
        other_id = link["target_id"] if link["source_id"] == target.id else link["source_id"]
        other = db().get("SELECT * FROM issue WHERE id = ?", other_id)
        project = _project_of(other)
        if auth.sees(db(), call().user, project):
            shown.append(
                show(Target("Issue", other, project))
                | {
                    "issue_link_id": link["id"],
                    "link_type": linking.type_seen_from(link, target.id),
                    "link_created_at": link["created_at"],
                    "link_updated_at": link["created_at"],
                }
            )
    return answer(shown)


@api.post(_LINKS)
def create_link(ref: str, iid: int) -> Response:
    """Link two issues; what blocks what needs an Enterprise licence."""
    target, values = find(ref, iid, auth.REPORTER), parameters()
    if gone := [name for name in ("target_project_id", "target_issue_iid") if name not in values]:
        missing(*gone)
    link_type = values.get("link_type") or "relates_to"
    if link_type not in linking.TYPES:
        raise ApiError(400, {"error": "link_type does not have a valid value"})
    if link_type != "relates_to" and not call().settings.enterprise:
        fail(403, "Blocked issues not available for current license")
    project = auth.project_by(db(), str(values["target_project_id"]))
    if project is None or not auth.sees(db(), call().user, project):
        not_found("Project")
    other = db().one(
        "SELECT * FROM issue WHERE project_id = ? AND iid = ?", project["id"], int(values["target_issue_iid"])
    )
    if other is None:
        not_found()
    link = linking.link(target.row, other, link_type)
    if link is None:
        fail(409, "Issue(s) already assigned")
    return answer(_show(link), 201)


def _find(ref: str, iid: int, link_id: int) -> Row:
    target = find(ref, iid)
    row = db().one(
        "SELECT * FROM issue_link WHERE id = ? AND ? IN (source_id, target_id)", link_id, target.id
    )
    if row is None:
        not_found()
    return row


@api.get(f"{_LINKS}/<int:link_id>")
def get_link(ref: str, iid: int, link_id: int) -> Response:
    """One link."""
    return answer(_show(_find(ref, iid, link_id)))


@api.delete(f"{_LINKS}/<int:link_id>")
def delete_link(ref: str, iid: int, link_id: int) -> Response:
    """Take a link away; GitLab shows what it was."""
    row = _find(ref, iid, link_id)
    shown = _show(row)
    db().run("DELETE FROM issue_link WHERE id = ?", row["id"])
    return answer(shown)
