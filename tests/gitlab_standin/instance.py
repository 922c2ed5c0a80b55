"""Runners, and what an instance allows: plans and settings, which few may read."""

import secrets

from flask import Blueprint, Response

from tests.gitlab_standin import auth, projects
from tests.gitlab_standin.context import (
    Json,
    answer,
    call,
    db,
    forbidden,
    missing,
    not_found,
    parameters,
    truth,
    words,
)
from tests.gitlab_standin.pagination import page_of
from tests.gitlab_standin.store import Row

api = Blueprint("instance", __name__, url_prefix="/api/v4")


def _show(row: Row) -> Json:
    online = row["contacted_at"] is not None
    return {
        "id": row["id"],
        "description": row["description"],
        "active": not row["paused"],
        "paused": bool(row["paused"]),
        "is_shared": False,
        "runner_type": "project_type",
        "online": online,
        "status": "online" if online else "never_contacted",
    }


@api.get("/projects/<ref:ref>/runners")
def list_runners(ref: str) -> Response:
    """Runners of a project, for maintainers; their tags are no part of a list."""
    project, values = auth.project(ref, auth.MAINTAINER), parameters()
    rows = db().all("SELECT * FROM runner WHERE project_id = ? ORDER BY id DESC", project["id"])
    wanted = set(words(values.get("tag_list")))
    found = [row for row in rows if wanted <= set(row["tags"].split(","))]
    if "paused" in values:
        found = [row for row in found if bool(row["paused"]) == truth(values["paused"])]
    return page_of(
        [shown for row in found if values.get("status") in {None, (shown := _show(row))["status"]}]
    )


@api.get("/runners/<int:runner_id>")
def get_runner(runner_id: int) -> Response:
    """One runner with its tags."""
    row = db().one("SELECT * FROM runner WHERE id = ?", runner_id)
    if row is None:
        not_found("Runner")
    project = db().get("SELECT * FROM project WHERE id = ?", row["project_id"])
    if auth.my_level(project) < auth.MAINTAINER:
        forbidden()
    tags = [tag for tag in row["tags"].split(",") if tag]
    return answer(_show(row) | {"tag_list": tags, "run_untagged": bool(row["run_untagged"]), "locked": False})


@api.post("/user/runners")
def create_runner() -> Response:
    """A new runner of a project; it has to be verified to be online."""
    values = parameters()
    if "runner_type" not in values:
        missing("runner_type")
    project = auth.project(str(values.get("project_id")), auth.MAINTAINER)
    token = f"glrt-{secrets.token_urlsafe(15)}"
    tags = words(values.get("tag_list"))
    row_id = db().insert(
        "runner",
        project_id=project["id"],
        description=values.get("description") or "",
        token=token,
        tags=",".join(tags),
        run_untagged=truth(values.get("run_untagged", not tags)),
        paused=truth(values.get("paused")),
    )
    return answer({"id": row_id, "token": token, "token_expires_at": None}, 201)


@api.post("/runners/verify")
def verify_runner() -> Response:
    """A runner says that it is there."""
    row = db().one("SELECT * FROM runner WHERE token = ?", parameters().get("token"))
    if row is None:
        forbidden()
    db().update("runner", row["id"], contacted_at=db().now)
    return answer({"id": row["id"], "token": row["token"], "token_expires_at": None})


@api.get("/namespaces/<int:namespace_id>")
def get_namespace(namespace_id: int) -> Response:
    """A namespace; self-managed servers have no plans."""
    row = db().one("SELECT * FROM namespace WHERE id = ?", namespace_id)
    if row is None or call().user is None:
        not_found("Namespace")
    return answer(projects.show_namespace(row))


@api.get("/application/settings")
def get_settings() -> Response:
    """Settings of the instance, for administrators."""
    if not call().me["admin"]:
        forbidden()
    return answer({"max_artifacts_size": 100})
