"""Jobs of pipelines, what they leave, and the bridges that trigger other pipelines."""

import io
import zipfile

from flask import Blueprint, Response

from tests.gitlab_standin import auth, pipelines, present
from tests.gitlab_standin.context import (
    Json,
    answer,
    call,
    db,
    not_found,
    parameters,
    truth,
    unauthorized,
    words,
)
from tests.gitlab_standin.pagination import Listing, pages
from tests.gitlab_standin.store import Row

api = Blueprint("jobs", __name__, url_prefix="/api/v4")
_PROJECT = "/projects/<ref:ref>"
_PIPELINE = f"{_PROJECT}/pipelines/<int:pipeline_id>"
_JOB = f"{_PROJECT}/jobs/<int:job_id>"


def _show_basic(row: Row, project: Row) -> Json:
    """What jobs and bridges have in common."""
    pipeline = db().get("SELECT * FROM pipeline WHERE id = ?", row["pipeline_id"])
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
        "duration": pipelines.seconds(row),
        "queued_duration": 0.0,
        "user": present.user_by_id(pipeline["user_id"]),
        "commit": None,
        "pipeline": pipelines.show_pipeline(pipeline, project),
        "failure_reason": row["failure_reason"],
        "web_url": present.web_url(project, f"jobs/{row['id']}"),
        "project": {"ci_job_token_scope_enabled": False},
        "archived": False,
        "source": pipeline["source"],
    }


def _show_job(row: Row, project: Row) -> Json:
    size = None if row["artifacts"] is None else len(row["artifacts"])
    archive = {"filename": "artifacts.zip", "size": size}
    return _show_basic(row, project) | {
        "artifacts": [archive | {"file_type": "archive", "file_format": "zip"}] if size is not None else [],
        **({"artifacts_file": archive} if size is not None else {}),
        "runner": None,
        "artifacts_expire_at": None,
        "tag_list": [],
    }


def _show_bridge(row: Row, project: Row) -> Json:
    below = db().one("SELECT * FROM pipeline WHERE id = ?", row["downstream_id"])
    owner = project if below is None else db().get("SELECT * FROM project WHERE id = ?", below["project_id"])
    return _show_basic(row, project) | {
        "downstream_pipeline": None if below is None else pipelines.show_pipeline(below, owner)
    }


def _jobs(project: Row, *, pipeline_id: int | None = None, bridges: bool = False) -> Response:
    values = parameters()
    found = Listing("job", ["project_id = ?", "bridge = ?"], [project["id"], int(bridges)])
    if pipeline_id is not None:
        found.need("pipeline_id = ?", pipeline_id)
        if not truth(values.get("include_retried")):
            found.need("NOT retried")
    if statuses := words(values.get("scope")):
        found.need(f"status IN ({', '.join('?' * len(statuses))})", *statuses)
    show = _show_bridge if bridges else _show_job
    return pages(found, lambda row: show(row, project), keyset=pipeline_id is None)


@api.get(f"{_PROJECT}/jobs")
def list_jobs(ref: str) -> Response:
    """Jobs, newest first."""
    return _jobs(auth.project(ref, auth.REPORTER))


@api.get(f"{_PIPELINE}/jobs")
def list_pipeline_jobs(ref: str, pipeline_id: int) -> Response:
    """Jobs of a pipeline."""
    row, project = pipelines.find(ref, pipeline_id)
    return _jobs(project, pipeline_id=row["id"])


@api.get(f"{_PIPELINE}/bridges")
def list_bridges(ref: str, pipeline_id: int) -> Response:
    """Jobs of a pipeline that trigger others."""
    row, project = pipelines.find(ref, pipeline_id)
    return _jobs(project, pipeline_id=row["id"], bridges=True)


def _find_job(ref: str, job_id: int) -> tuple[Row, Row]:
    project = auth.project(ref, auth.REPORTER)
    row = db().one("SELECT * FROM job WHERE id = ? AND project_id = ? AND NOT bridge", job_id, project["id"])
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
