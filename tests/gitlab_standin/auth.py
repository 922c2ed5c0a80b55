"""Who asks, and what they may: tokens with scopes, members with roles, projects that can't be seen."""

import json
from typing import Final

from flask import request

from tests.gitlab_standin.context import ApiError, Call, call, db, forbidden, not_found, unauthorized
from tests.gitlab_standin.server import SLASH
from tests.gitlab_standin.store import Db, Row

GUEST: Final = 10
REPORTER: Final = 20
DEVELOPER: Final = 30
MAINTAINER: Final = 40
OWNER: Final = 50
LEVELS: Final = {
    "guest": GUEST,
    "reporter": REPORTER,
    "developer": DEVELOPER,
    "maintainer": MAINTAINER,
    "owner": OWNER,
}
_READS = {"GET", "HEAD", "OPTIONS"}
_JOB_TOKEN_READS = ("/jobs/", "/job", "/artifacts", "/notes", "/releases", "/packages")


def authenticate(state: Call) -> None:
    """Find the token of a request and its user; 401 when it is no good, 403 when its scopes do not reach."""
    value = _presented()
    if value is None:
        return
    state.token = check_token(state.db, value)
    state.user = state.db.one("SELECT * FROM user WHERE id = ?", state.token["user_id"])
    _check_scope(state.token)


def _presented() -> str | None:
    bearer = request.headers.get("Authorization", "")
    if bearer.lower().startswith("bearer "):
        return bearer[7:].strip()
    for header in ("PRIVATE-TOKEN", "JOB-TOKEN"):
        if header in request.headers:
            return request.headers[header]
    return request.args.get("private_token")


def check_token(state: Db, value: str) -> Row:
    """The token with this value; 401 when there is none, it is revoked, or its last day is over."""
    token = state.one("SELECT * FROM token WHERE value = ?", value)
    if token is None:
        unauthorized()
    if token["revoked"]:
        raise _invalid_token("Token was revoked. You have to re-authorize from the user.")
    if is_expired(state, token):
        raise _invalid_token("Token is expired. You can either do re-authorization or token refresh.")
    if state.value("SELECT state FROM user WHERE id = ?", token["user_id"]) != "active":
        forbidden("Your account has been blocked.")
    return token


def is_expired(state: Db, token: Row) -> bool:
    """A token is no good from the start of its expiry date (UTC) on."""
    today = state.clock.now().date().isoformat()
    return token["expires_at"] is not None and token["expires_at"] <= today


def _invalid_token(words: str) -> ApiError:
    return ApiError(401, {"error": "invalid_token", "error_description": words})


def scopes(token: Row) -> list[str]:
    """What a token is for."""
    found: list[str] = json.loads(token["scopes"])
    return found


def _check_scope(token: Row) -> None:
    path, reads = request.path, request.method in _READS
    if token["kind"] == "job":
        if not (reads and any(part in path for part in _JOB_TOKEN_READS)):
            unauthorized()
        return
    if path.endswith("/personal_access_tokens/self"):
        return
    enough = ["api"]
    if reads or path == "/api/graphql":
        enough.append("read_api")
    if reads and path.split("/")[3:4] in (["user"], ["users"]):
        enough.append("read_user")
    if reads and "/repository/files/" in path:
        enough.append("read_repository")
    if not set(enough) & set(scopes(token)):
        raise ApiError(
            403,
            {
                "error": "insufficient_scope",
                "error_description": "The request requires higher privileges than provided by the access token.",
                "scope": " ".join(enough),
            },
        )


def level(state: Db, user: Row | None, project: Row) -> int:
    """Role of a user in a project, its group's members included; 0 for nobody."""
    if user is None:
        return 0
    if user["admin"]:
        return OWNER
    today = state.clock.now().date().isoformat()
    return int(
        state.value(
            "WITH RECURSIVE above (id, parent_id) AS (SELECT id, parent_id FROM namespace WHERE id = ?1 UNION ALL"
            " SELECT namespace.id, namespace.parent_id FROM namespace JOIN above ON namespace.id = above.parent_id)"
            " SELECT coalesce(max(access_level), 0) FROM member WHERE user_id = ?2"
            " AND (project_id = ?3 OR namespace_id IN (SELECT id FROM above))"
            " AND (expires_at IS NULL OR expires_at > ?4)",
            project["namespace_id"],
            user["id"],
            project["id"],
            today,
        )
    )


def my_level(project: Row) -> int:
    """Role of whoever asks."""
    return level(db(), call().user, project)


def sees(state: Db, user: Row | None, project: Row) -> bool:
    """Whether a project exists for a user."""
    if project["visibility"] == "public" or (project["visibility"] == "internal" and user is not None):
        return True
    return level(state, user, project) >= GUEST


def project_by(state: Db, reference: str) -> Row | None:
    """A project by id or by full path."""
    name = reference.replace(SLASH, "/")
    if name.isascii() and name.isdigit():
        return state.one("SELECT * FROM project WHERE id = ?", int(name))
    return state.one("SELECT * FROM project WHERE full_path = ?", name)


def project(reference: str, least: int = GUEST) -> Row:
    """The project of a request.

    404 when the user can't see it, 401 for writing without a user, 403 for a role that does not suffice or an
    archived project that is to be changed.
    """
    found = project_by(db(), reference)
    writes = request.method not in _READS
    if writes and call().user is None:
        unauthorized()
    if found is None or not sees(db(), call().user, found):
        not_found("Project")
    if writes and found["archived"]:
        forbidden()
    need(found, least)
    return found


def need(found: Row, least: int) -> None:
    """403 for a role that does not suffice; what is public can be read by anybody up to a reporter's view."""
    open_to_all = found["visibility"] != "private" and least <= REPORTER and request.method in _READS
    if not open_to_all and my_level(found) < least:
        if call().user is None:
            unauthorized()
        forbidden()
