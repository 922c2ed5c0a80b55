"""Labels of a project."""

import re

from flask import Blueprint, Response

from tests.gitlab_standin import auth
from tests.gitlab_standin.context import (
    Json,
    answer,
    db,
    fail,
    missing,
    no_content,
    not_found,
    parameters,
    truth,
)
from tests.gitlab_standin.pagination import Listing, pages
from tests.gitlab_standin.store import Row

api = Blueprint("labels", __name__, url_prefix="/api/v4")
_LABELS = "/projects/<ref:ref>/labels"
_COLOUR = re.compile(r"#[0-9A-Fa-f]{3}(?:[0-9A-Fa-f]{3})?|[a-z]+")


def show(row: Row) -> Json:
    """A label as the API shows it."""
    return {
        "id": row["id"],
        "name": row["name"],
        "description": row["description"],
        "description_html": row["description"] or "",
        "text_color": "#FFFFFF",
        "color": row["color"],
        "archived": False,
        "subscribed": False,
        "priority": row["priority"],
        "is_project_label": True,
    }


def _counts(row: Row) -> Json:
    count = (
        "SELECT count(*) FROM label_link JOIN {0} ON {0}.id = target_id"
        " WHERE kind = ? AND label_id = ? AND {0}.state = ?"
    )
    issues, requests = count.format("issue"), count.format("merge_request")
    return {
        "open_issues_count": db().value(issues, "Issue", row["id"], "opened"),
        "closed_issues_count": db().value(issues, "Issue", row["id"], "closed"),
        "open_merge_requests_count": db().value(requests, "MergeRequest", row["id"], "opened"),
    }


@api.get(_LABELS)
def list_labels(ref: str) -> Response:
    """Labels, by name."""
    project, values = auth.project(ref), parameters()
    found = Listing("label", ["project_id = ?"], [project["id"]], "label.name", descending=False)
    if text := values.get("search"):
        found.need("name LIKE ?", f"%{text}%")
    counted = truth(values.get("with_counts"))
    return pages(found, lambda row: show(row) | (_counts(row) if counted else {}))


@api.post(_LABELS)
def create_label(ref: str) -> Response:
    """A new label; 409 when there is one of that name."""
    project, values = auth.project(ref, auth.REPORTER), parameters()
    if gone := [name for name in ("name", "color") if name not in values]:
        missing(*gone)
    _check(project, values)
    row_id = db().insert(
        "label",
        project_id=project["id"],
        name=values["name"],
        color=values["color"],
        description=values.get("description"),
        priority=values.get("priority"),
    )
    return answer(show(db().get("SELECT * FROM label WHERE id = ?", row_id)), 201)


def _check(project: Row, values: Json) -> None:
    name = str(values.get("new_name") or values.get("name") or "")
    if not name.strip() or "," in name:
        fail(400, {"title": ["is invalid"]})
    if "color" in values and not _COLOUR.fullmatch(values["color"]):
        fail(400, {"color": ["must be a valid color code"]})
    if db().one("SELECT 1 FROM label WHERE project_id = ? AND name = ?", project["id"], name):
        fail(409, "Label already exists")


def _find(project: Row, ref: str) -> Row:
    row = db().one("SELECT * FROM label WHERE project_id = ? AND name = ?", project["id"], ref)
    if row is None and ref.isdigit():
        row = db().one("SELECT * FROM label WHERE project_id = ? AND id = ?", project["id"], int(ref))
    if row is None:
        not_found("Label")
    return row


@api.get(f"{_LABELS}/<ref:name>")
def get_label(ref: str, name: str) -> Response:
    """One label, by id or name."""
    return answer(show(_find(auth.project(ref), name)))


@api.put(f"{_LABELS}/<ref:name>")
def update_label(ref: str, name: str) -> Response:
    """Change a label."""
    project, values = auth.project(ref, auth.REPORTER), parameters()
    row = _find(project, name)
    if "new_name" in values:
        _check(project, values)
    changed: Json = {key: values[key] for key in ("color", "description", "priority") if key in values}
    if "new_name" in values:
        changed["name"] = values["new_name"]
    if changed:
        db().update("label", row["id"], **changed)
    return answer(show(db().get("SELECT * FROM label WHERE id = ?", row["id"])))


@api.delete(f"{_LABELS}/<ref:name>")
def delete_label(ref: str, name: str) -> Response:
    """Take a label away, from everything that carries it."""
    project = auth.project(ref, auth.REPORTER)
    db().run("DELETE FROM label WHERE id = ?", _find(project, name)["id"])
    return no_content()
