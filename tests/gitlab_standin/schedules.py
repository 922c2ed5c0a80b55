"""Pipeline schedules and CI variables."""

from flask import Blueprint, Response

from tests.gitlab_standin import auth, present
from tests.gitlab_standin.context import (
    Json,
    answer,
    call,
    db,
    fail,
    forbidden,
    missing,
    no_content,
    not_found,
    parameters,
    truth,
)
from tests.gitlab_standin.pagination import Listing, pages
from tests.gitlab_standin.pipelines import insert
from tests.gitlab_standin.store import Row
from tests.gitlab_standin.versions import repo

api = Blueprint("schedules", __name__, url_prefix="/api/v4")
_PROJECT = "/projects/<ref:ref>"
_VARIABLES = f"{_PROJECT}/variables"


# Schedules


def _show_schedule(row: Row, *, variables: bool = False) -> Json:
    names = ("id", "description", "ref", "cron", "cron_timezone", "created_at", "updated_at")
    last = db().one(
        "SELECT * FROM pipeline WHERE project_id = ? AND source = 'schedule' ORDER BY id DESC LIMIT 1",
        row["project_id"],
    )
    shown = {name: row[name] for name in names} | {
        "next_run_at": row["updated_at"],
        "active": bool(row["active"]),
        "owner": present.user_by_id(row["owner_id"]),
    }
    if variables:
        short = None if last is None else {name: last[name] for name in ("id", "sha", "ref", "status")}
        shown |= {"last_pipeline": short, "variables": [_show_variable(each) for each in _variables_of(row)]}
    return shown


def _variables_of(row: Row) -> list[Row]:
    return db().all("SELECT * FROM variable WHERE schedule_id = ?", row["id"])


@api.get(f"{_PROJECT}/pipeline_schedules")
def list_schedules(ref: str) -> Response:
    """Schedules of a project."""
    project = auth.project(ref, auth.DEVELOPER)
    found = Listing("schedule", ["project_id = ?"], [project["id"]], descending=False)
    if (scope := parameters().get("scope")) in {"active", "inactive"}:
        found.need("active = ?", scope == "active")
    return pages(found, _show_schedule)


def _find_schedule(ref: str, schedule_id: int) -> tuple[Row, Row]:
    project = auth.project(ref, auth.DEVELOPER)
    row = db().one("SELECT * FROM schedule WHERE id = ? AND project_id = ?", schedule_id, project["id"])
    if row is None:
        not_found("PipelineSchedule")
    return row, project


@api.get(f"{_PROJECT}/pipeline_schedules/<int:schedule_id>")
def get_schedule(ref: str, schedule_id: int) -> Response:
    """One schedule, with its variables and its last pipeline."""
    return answer(_show_schedule(_find_schedule(ref, schedule_id)[0], variables=True))


@api.post(f"{_PROJECT}/pipeline_schedules")
def create_schedule(ref: str) -> Response:
    """A new schedule of the user."""
    project, values = auth.project(ref, auth.DEVELOPER), parameters()
    if gone := [name for name in ("description", "ref", "cron") if not values.get(name)]:
        missing(*gone)
    row_id = db().insert(
        "schedule",
        project_id=project["id"],
        description=values["description"],
        ref=values["ref"],
        cron=values["cron"],
        cron_timezone=values.get("cron_timezone") or "UTC",
        active=truth(values.get("active", True)),
        owner_id=call().me["id"],
        created_at=db().now,
        updated_at=db().now,
    )
    return answer(
        _show_schedule(db().get("SELECT * FROM schedule WHERE id = ?", row_id), variables=True), 201
    )


@api.put(f"{_PROJECT}/pipeline_schedules/<int:schedule_id>")
def update_schedule(ref: str, schedule_id: int) -> Response:
    """Change a schedule: its owner may, and nobody else."""
    row, _ = _find_schedule(ref, schedule_id)
    if row["owner_id"] != call().me["id"]:
        forbidden()
    values = parameters()
    names = ("description", "ref", "cron", "cron_timezone")
    changed: Json = {name: values[name] for name in names if name in values}
    if "active" in values:
        changed["active"] = truth(values["active"])
    if changed:
        db().update("schedule", row["id"], **changed, updated_at=db().now)
    return answer(_show_schedule(_find_schedule(ref, schedule_id)[0], variables=True))


@api.post(f"{_PROJECT}/pipeline_schedules/<int:schedule_id>/play")
def play_schedule(ref: str, schedule_id: int) -> Response:
    """Start its pipeline now."""
    row, project = _find_schedule(ref, schedule_id)
    sha = repo(project).head(row["ref"])
    if sha is None:
        forbidden()
    insert(project, row["ref"], sha, "schedule")
    return answer({"message": "201 Created"}, 201)


@api.delete(f"{_PROJECT}/pipeline_schedules/<int:schedule_id>")
def delete_schedule(ref: str, schedule_id: int) -> Response:
    """Take a schedule away."""
    row, _ = _find_schedule(ref, schedule_id)
    db().run("DELETE FROM variable WHERE schedule_id = ?", row["id"])
    db().run("DELETE FROM schedule WHERE id = ?", row["id"])
    return no_content()


# Variables


def _show_variable(row: Row) -> Json:
    return {
        "variable_type": row["variable_type"],
        "key": row["key"],
        "value": row["value"],
        "protected": bool(row["protected"]),
        "masked": bool(row["masked"]),
        "hidden": False,
        "raw": False,
        "environment_scope": row["environment_scope"],
        "description": None,
    }


@api.get(_VARIABLES)
def list_variables(ref: str) -> Response:
    """CI variables, for maintainers."""
    project = auth.project(ref, auth.MAINTAINER)
    found = Listing("variable", ["project_id = ?", "schedule_id IS NULL"], [project["id"]], descending=False)
    return pages(found, _show_variable)


def _find_variable(ref: str, key: str) -> Row:
    project = auth.project(ref, auth.MAINTAINER)
    row = db().one(
        "SELECT * FROM variable WHERE project_id = ? AND schedule_id IS NULL AND key = ?", project["id"], key
    )
    if row is None:
        not_found("Variable")
    return row


@api.get(f"{_VARIABLES}/<ref:key>")
def get_variable(ref: str, key: str) -> Response:
    """One variable."""
    return answer(_show_variable(_find_variable(ref, key)))


@api.post(_VARIABLES)
def create_variable(ref: str) -> Response:
    """A new variable."""
    project, values = auth.project(ref, auth.MAINTAINER), parameters()
    if gone := [name for name in ("key", "value") if name not in values]:
        missing(*gone)
    taken = "SELECT 1 FROM variable WHERE project_id = ? AND schedule_id IS NULL AND key = ? AND environment_scope = ?"
    if db().one(taken, project["id"], values["key"], values.get("environment_scope") or "*"):
        fail(400, {"key": [f"({values['key']}) has already been taken"]})
    row_id = db().insert(
        "variable",
        project_id=project["id"],
        key=values["key"],
        value=values["value"],
        protected=truth(values.get("protected")),
        masked=truth(values.get("masked")),
        environment_scope=values.get("environment_scope") or "*",
    )
    return answer(_show_variable(db().get("SELECT * FROM variable WHERE id = ?", row_id)), 201)


@api.put(f"{_VARIABLES}/<ref:key>")
def update_variable(ref: str, key: str) -> Response:
    """Give a variable another value."""
    row, values = _find_variable(ref, key), parameters()
    changed: Json = {name: truth(values[name]) for name in ("protected", "masked") if name in values}
    if "value" in values:
        changed["value"] = values["value"]
    if changed:
        db().update("variable", row["id"], **changed)
    return answer(_show_variable(db().get("SELECT * FROM variable WHERE id = ?", row["id"])))


@api.delete(f"{_VARIABLES}/<ref:key>")
def delete_variable(ref: str, key: str) -> Response:
    """Take a variable away."""
    db().run("DELETE FROM variable WHERE id = ?", _find_variable(ref, key)["id"])
    return no_content()
