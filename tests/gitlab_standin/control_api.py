"""What tests do behind GitLab's back: people, projects, time, faults. Each is one named operation with arguments."""

import hmac
import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, g, request

from tests.gitlab_standin import access, control_pipelines
from tests.gitlab_standin.auth import LEVELS, project_by
from tests.gitlab_standin.context import Call, answer
from tests.gitlab_standin.faults import CONTROL, Faults
from tests.gitlab_standin.repo import Repo
from tests.gitlab_standin.store import Db, Row, Store, moment, stamp
from tests.gitlab_standin.wire import Fault

api = Blueprint("control", __name__)
Operation = Callable[..., Any]


@api.post(f"{CONTROL}<name>")
def control(name: str) -> Response:
    """Carry out one operation."""
    if not hmac.compare_digest(request.headers.get("X-Control-Key", ""), g.settings.control_key):
        return answer({"error": "no control key"}, 403)
    arguments = json.loads(request.get_data())
    store: Store = g.store
    if name in _OUTSIDE:
        return answer(_OUTSIDE[name](**arguments))
    try:
        with store.writing() as db:
            g.call = Call(store, g.settings, db)
            return answer(_INSIDE[name](db, **arguments))
    except (LookupError, ValueError) as error:
        return answer({"error": f"{name}: {error}"}, 400)


def _user(db: Db, name: str, bot: bool, admin: bool) -> str:
    there = db.one("SELECT bot, admin FROM user WHERE username = ?", name)
    if there is None:
        _add_user(db, name, bot=bot, admin=admin)
    elif (bool(there["bot"]), bool(there["admin"])) != (bot, admin):
        raise ValueError(f"there is another user {name!r}")
    return _token(db, name, ["api"], None)


def _add_user(db: Db, name: str, *, bot: bool, admin: bool) -> None:
    db.insert(
        "user",
        username=name,
        name=name.replace("-", " ").title(),
        email=f"{name}@noreply.example.com",
        bot=bot,
        admin=admin,
        created_at=db.now,
    )


def _token(db: Db, user: str, scopes: list[str], expires: str | None) -> str:
    value = f"glpat-{secrets.token_urlsafe(15)}"
    row = _named(db, user)
    db.insert(
        "token",
        user_id=row["id"],
        value=value,
        name="factory",
        scopes=json.dumps(scopes),
        expires_at=expires,
        created_at=db.now,
    )
    return value


def _job_token(db: Db, user: str, project: int) -> str:
    value = f"glcbt-64_{secrets.token_urlsafe(15)}"
    db.insert(
        "token",
        kind="job",
        user_id=_named(db, user)["id"],
        value=value,
        name="job",
        scopes="[]",
        project_id=project,
        created_at=db.now,
    )
    return value


def _revoke(db: Db, token: str) -> None:
    db.run("UPDATE token SET revoked = 1 WHERE value = ?", token)


def _named(db: Db, user: str) -> Row:
    row = db.one("SELECT * FROM user WHERE username = ?", user)
    if row is None:
        raise LookupError(f"there is no user {user!r}")
    return row


def _project(
    db: Db,
    path: str,
    source: str | None,
    default_branch: str,
    archived: bool,
    visibility: str,
) -> int:
    folder, _, name = path.rpartition("/")
    if project_by(db, path) is not None:
        raise ValueError(f"there is a project {path!r}")
    row_id = db.insert(
        "project",
        namespace_id=_namespace(db, folder),
        path=name,
        full_path=path,
        default_branch=default_branch,
        archived=archived,
        visibility=visibility,
        created_at=db.now,
        updated_at=db.now,
    )
    Repo(g.store.repository(row_id)).create(default_branch, Path(source) if source else None)
    access.protect(row_id, default_branch, LEVELS["maintainer"], LEVELS["maintainer"])
    return row_id


def _namespace(db: Db, full_path: str) -> int:
    if not full_path:
        raise ValueError("a project is in a group: group/name")
    row = db.one("SELECT id FROM namespace WHERE full_path = ?", full_path)
    if row is not None:
        return int(row["id"])
    parent, _, name = full_path.rpartition("/")
    parent_id = _namespace(db, parent) if parent else None
    return db.insert("namespace", path=name, full_path=full_path, parent_id=parent_id, created_at=db.now)


def _member(db: Db, project: int | str, user: str, role: str) -> None:
    column = "project_id"
    if isinstance(project, str):
        row = db.one("SELECT id FROM namespace WHERE full_path = ?", project)
        if row is None:
            raise LookupError(f"there is no group {project!r}")
        column, project = "namespace_id", row["id"]
    user_id = _named(db, user)["id"]
    db.run(f"DELETE FROM member WHERE {column} = ? AND user_id = ?", project, user_id)  # noqa: S608 - one of two words
    if role != "none":
        db.insert(
            "member", **{column: project}, user_id=user_id, access_level=LEVELS[role], created_at=db.now
        )


def _protect(db: Db, project: int, branch: str, push: str, merge: str) -> None:
    del db
    levels = LEVELS | {"none": 0}
    access.protect(project, branch, levels[push], levels[merge])


def _variable(db: Db, project: int, key: str, value: str, protected: bool) -> None:
    db.insert("variable", project_id=project, key=key, value=value, protected=protected)


def _set_project(db: Db, project: int, settings: dict[str, Any]) -> None:
    db.update("project", project, **settings)


def _schedule(db: Db, project: int, description: str, owner: str, cron: str, ref: str, active: bool) -> int:
    return db.insert(
        "schedule",
        project_id=project,
        description=description,
        owner_id=_named(db, owner)["id"],
        cron=cron,
        cron_timezone="UTC",
        ref=ref,
        active=active,
        created_at=db.now,
        updated_at=db.now,
    )


_INSIDE: dict[str, Operation] = {
    "user": _user,
    "token": _token,
    "job_token": _job_token,
    "revoke": _revoke,
    "project": _project,
    "set_project": _set_project,
    "member": _member,
    "protect": _protect,
    "variable": _variable,
    "pipeline": control_pipelines.add,
    "attach": control_pipelines.attach,
    "schedule": _schedule,
}


def _clock(moment_text: str | None) -> str:
    clock = g.store.clock
    clock.set(moment(moment_text) if moment_text else None)
    return stamp(clock.now())


def _fault(**values: Any) -> None:
    _faults().add(Fault(**values))


def _clear_faults() -> None:
    _faults().clear()


def _await_held(seconds: float) -> bool:
    return _faults().await_held(seconds)


def _release() -> None:
    _faults().release()


def _requests() -> list[dict[str, Any]]:
    return [vars(each) for each in _faults().requests()]


def _forget_requests() -> None:
    _faults().forget()


def _limits(**limits: int | None) -> None:
    g.settings.limits = {name: limit for name, limit in limits.items() if limit is not None}
    g.limits.clear()


def _set(**values: Any) -> None:
    for name, value in values.items():
        setattr(g.settings, name, value)


def _faults() -> Faults:
    found: Faults = current_app.faults  # type: ignore[attr-defined] # the application is ours
    return found


_OUTSIDE: dict[str, Operation] = {
    "clock": _clock,
    "fault": _fault,
    "clear_faults": _clear_faults,
    "await_held": _await_held,
    "release": _release,
    "requests": _requests,
    "forget_requests": _forget_requests,
    "limits": _limits,
    "set": _set,
}
