"""Pipelines of a project."""

from flask import Blueprint, Response

from tests.gitlab_standin import auth, present
from tests.gitlab_standin.context import Json, answer, call, db, fail, missing, not_found, parameters
from tests.gitlab_standin.pagination import Listing, pages
from tests.gitlab_standin.store import Row, moment
from tests.gitlab_standin.versions import repo

api = Blueprint("pipelines", __name__, url_prefix="/api/v4")
_PROJECT = "/projects/<ref:ref>"
_PIPELINE = f"{_PROJECT}/pipelines/<int:pipeline_id>"


def show_pipeline(row: Row, project: Row) -> Json:
    """The short form."""
    names = ("id", "iid", "project_id", "sha", "ref", "status", "source", "created_at", "updated_at")
    return {name: row[name] for name in names} | {
        "web_url": present.web_url(project, f"pipelines/{row['id']}"),
        "name": None,
    }


def _show_in_detail(row: Row, project: Row) -> Json:
    return show_pipeline(row, project) | {
        "before_sha": "0" * 40,
        "tag": False,
        "yaml_errors": None,
        "user": present.user_by_id(row["user_id"]),
        "started_at": row["started_at"],
        "finished_at": row["finished_at"],
        "committed_at": None,
        "duration": seconds(row),
        "queued_duration": 0,
        "coverage": row["coverage"],
        "detailed_status": {"text": row["status"], "label": row["status"], "group": row["status"]},
    }


def seconds(row: Row) -> float | None:
    """How long a pipeline or a job took; `None` while it does."""
    if row["started_at"] is None or row["finished_at"] is None:
        return None
    return (moment(row["finished_at"]) - moment(row["started_at"])).total_seconds()


def find(ref: str, pipeline_id: int) -> tuple[Row, Row]:
    """A pipeline and its project, for who may read them."""
    project = auth.project(ref, auth.REPORTER)
    row = db().one("SELECT * FROM pipeline WHERE id = ? AND project_id = ?", pipeline_id, project["id"])
    if row is None:
        not_found()
    return row, project


@api.get(f"{_PROJECT}/pipelines")
def list_pipelines(ref: str) -> Response:
    """Pipelines, newest first."""
    project, values = auth.project(ref, auth.REPORTER), parameters()
    found = Listing("pipeline", ["project_id = ?"], [project["id"]], descending=values.get("sort") != "asc")
    for name in ("ref", "sha", "status", "source"):
        if name in values:
            found.need(f"{name} = ?", values[name])
    if "source" not in values:
        found.need("source != 'parent_pipeline'")  # children are listed only when asked for
    if "updated_after" in values:
        found.need("updated_at >= ?", values["updated_after"])
    return pages(found, lambda row: show_pipeline(row, project))


@api.get(_PIPELINE)
def get_pipeline(ref: str, pipeline_id: int) -> Response:
    """One pipeline."""
    return answer(_show_in_detail(*find(ref, pipeline_id)))


@api.get(f"{_PROJECT}/pipelines/latest")
def get_latest_pipeline(ref: str) -> Response:
    """The newest pipeline of a branch."""
    project = auth.project(ref, auth.REPORTER)
    name = parameters().get("ref") or project["default_branch"]
    row = db().one(
        "SELECT * FROM pipeline WHERE project_id = ? AND ref = ? ORDER BY id DESC LIMIT 1",
        project["id"],
        name,
    )
    if row is None:
        not_found()
    return answer(_show_in_detail(row, project))


@api.post(f"{_PROJECT}/pipeline")
def create_pipeline(ref: str) -> Response:
    """Start one on a branch; nothing runs it."""
    project, values = auth.project(ref, auth.DEVELOPER), parameters()
    if not values.get("ref"):
        missing("ref")
    sha = repo(project).head(values["ref"])
    if sha is None:
        fail(400, {"base": ["Reference not found"]})
    return answer(_show_in_detail(insert(project, values["ref"], sha, "api"), project), 201)


def insert(project: Row, ref: str, sha: str, source: str) -> Row:
    """A pending pipeline of the user."""
    iid = db().value("SELECT coalesce(max(iid), 0) + 1 FROM pipeline WHERE project_id = ?", project["id"])
    row_id = db().insert(
        "pipeline",
        project_id=project["id"],
        iid=iid,
        ref=ref,
        sha=sha,
        status="pending",
        source=source,
        user_id=call().me["id"],
        created_at=db().now,
        updated_at=db().now,
    )
    return db().get("SELECT * FROM pipeline WHERE id = ?", row_id)
