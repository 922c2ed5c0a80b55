"""Pipelines, jobs, artifacts, schedules and variables."""

import io
import zipfile

from flask import Blueprint, Response

from tests.gitlab_standin import auth, present
from tests.gitlab_standin.context import (
    Json,
    answer,
    call,
    db,
    fail,
    missing,
    not_found,
    parameters,
    unauthorized,
    words,
)
from tests.gitlab_standin.pagination import Listing, pages
from tests.gitlab_standin.store import Row, moment
from tests.gitlab_standin.versions import repo

api = Blueprint("pipelines", __name__, url_prefix="/api/v4")
_PROJECT = "/projects/<ref:ref>"
_PIPELINE = f"{_PROJECT}/pipelines/<int:pipeline_id>"
_JOB = f"{_PROJECT}/jobs/<int:job_id>"


# Pipelines


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
        "duration": _seconds(row),
        "queued_duration": 0,
        "coverage": row["coverage"],
        "detailed_status": {"text": row["status"], "label": row["status"], "group": row["status"]},
    }


def _seconds(row: Row) -> float | None:
    if row["started_at"] is None or row["finished_at"] is None:
        return None
    return (moment(row["finished_at"]) - moment(row["started_at"])).total_seconds()


def _find(ref: str, pipeline_id: int) -> tuple[Row, Row]:
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
    if "updated_after" in values:
        found.need("updated_at >= ?", values["updated_after"])
    return pages(found, lambda row: show_pipeline(row, project))


@api.get(_PIPELINE)
def get_pipeline(ref: str, pipeline_id: int) -> Response:
    """One pipeline."""
    return answer(_show_in_detail(*_find(ref, pipeline_id)))


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


# Jobs


def _show_job(row: Row, project: Row) -> Json:
    pipeline = db().get("SELECT * FROM pipeline WHERE id = ?", row["pipeline_id"])
    size = None if row["artifacts"] is None else len(row["artifacts"])
    archive = {"filename": "artifacts.zip", "size": size}
    return {
        "id": row["id"],
        "status": row["status"],
        "stage": row["stage"],
        "name": row["name"],
        "ref": pipeline["ref"],
        "tag": False,
        "coverage": None,
        "allow_failure": bool(row["allow_failure"]),
        "created_at": row["created_at"],
        "started_at": row["started_at"],
        "finished_at": row["finished_at"],
        "erased_at": row["erased_at"],
        "duration": _seconds(row),
        "queued_duration": 0.0,
        "user": present.user_by_id(pipeline["user_id"]),
        "commit": None,
        "pipeline": show_pipeline(pipeline, project),
        "failure_reason": row["failure_reason"],
        "web_url": present.web_url(project, f"jobs/{row['id']}"),
        "project": {"ci_job_token_scope_enabled": False},
        "artifacts": [archive | {"file_type": "archive", "file_format": "zip"}] if size is not None else [],
        **({"artifacts_file": archive} if size is not None else {}),
        "runner": None,
        "artifacts_expire_at": None,
        "archived": False,
        "tag_list": [],
    }


def _jobs(project: Row, *, pipeline_id: int | None = None) -> Response:
    values = parameters()
    found = Listing("job", ["project_id = ?"], [project["id"]])
    if pipeline_id is not None:
        found.need("pipeline_id = ?", pipeline_id)
    if statuses := words(values.get("scope")):
        found.need(f"status IN ({', '.join('?' * len(statuses))})", *statuses)
    return pages(found, lambda row: _show_job(row, project), keyset=pipeline_id is None)


@api.get(f"{_PROJECT}/jobs")
def list_jobs(ref: str) -> Response:
    """Jobs, newest first."""
    return _jobs(auth.project(ref, auth.REPORTER))


@api.get(f"{_PIPELINE}/jobs")
def list_pipeline_jobs(ref: str, pipeline_id: int) -> Response:
    """Jobs of a pipeline."""
    row, project = _find(ref, pipeline_id)
    return _jobs(project, pipeline_id=row["id"])


@api.get(f"{_PIPELINE}/bridges")
def list_bridges(ref: str, pipeline_id: int) -> Response:
    """Triggers of child pipelines: none."""
    _find(ref, pipeline_id)
    return answer([])


def _find_job(ref: str, job_id: int) -> tuple[Row, Row]:
    project = auth.project(ref, auth.REPORTER)
    row = db().one("SELECT * FROM job WHERE id = ? AND project_id = ?", job_id, project["id"])
    if row is None:
        not_found()
    return row, project


@api.get(_JOB)
def get_job(ref: str, job_id: int) -> Response:
    """One job."""
    return answer(_show_job(*_find_job(ref, job_id)))


@api.get(f"{_JOB}/trace")
def get_trace(ref: str, job_id: int) -> Response:
    """What a job printed."""
    row, _ = _find_job(ref, job_id)
    return Response(row["trace"], mimetype="text/plain")


@api.get(f"{_JOB}/artifacts")
def get_artifacts(ref: str, job_id: int) -> Response:
    """A job's artifacts as one archive."""
    return _archive(_find_job(ref, job_id)[0])


@api.get(f"{_JOB}/artifacts/<path:path>")
def get_artifact(ref: str, job_id: int, path: str) -> Response:
    """One file of a job's artifacts."""
    return _member_of(_find_job(ref, job_id)[0], path)


def _archive(row: Row) -> Response:
    if row["artifacts"] is None:
        not_found()
    headers = {"Content-Disposition": 'attachment; filename="artifacts.zip"'}
    return Response(row["artifacts"], headers=headers, mimetype="application/octet-stream")


def _member_of(row: Row, path: str) -> Response:
    if row["artifacts"] is None:
        not_found()
    with zipfile.ZipFile(io.BytesIO(row["artifacts"])) as archive:
        if path not in archive.namelist():
            not_found()
        return Response(archive.read(path), mimetype="application/octet-stream")


@api.get(f"{_PROJECT}/jobs/artifacts/<ref:name>/download")
@api.get(f"{_PROJECT}/jobs/artifacts/<ref:name>/raw/<path:path>")
def get_latest_artifacts(ref: str, name: str, path: str | None = None) -> Response:
    """Artifacts of the newest successful job of that name on a branch."""
    project = auth.project(ref, auth.REPORTER)
    row = db().one(
        "SELECT job.* FROM job JOIN pipeline ON pipeline.id = pipeline_id WHERE job.project_id = ? AND pipeline.ref = ?"
        " AND job.name = ? AND job.status = 'success' AND pipeline.status = 'success' ORDER BY job.id DESC LIMIT 1",
        project["id"],
        name,
        parameters().get("job", ""),
    )
    if row is None:
        not_found()
    return _archive(row) if path is None else _member_of(row, path)


@api.get("/job")
def get_own_job() -> Response:
    """The job that a job token belongs to."""
    token = call().token
    if token is None or token["kind"] != "job":
        unauthorized()
    row = db().one("SELECT * FROM job WHERE project_id = ? ORDER BY id DESC LIMIT 1", token["project_id"])
    if row is None:
        not_found()
    return answer(_show_job(row, db().get("SELECT * FROM project WHERE id = ?", token["project_id"])))
