"""Clone, fetch and push over HTTP: who may, git's own backend, and what a push does to merge requests."""

import base64
import subprocess
import tempfile
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from flask import Blueprint, Response, g, request

from tests.gitlab_standin import auth, pushes
from tests.gitlab_standin.context import ApiError, Call
from tests.gitlab_standin.faults import RECORD
from tests.gitlab_standin.repo import environment
from tests.gitlab_standin.store import Db, Row, Store

api = Blueprint("git", __name__)
_CHUNK = 1 << 16
_REALM = {"WWW-Authenticate": 'Basic realm="GitLab"'}
_DENIED = (
    "HTTP Basic: Access denied. If a password was provided for Git authentication, the password was incorrect or"
    " you're required to use a token instead of a password. If a token was provided, it was either incorrect,"
    " expired, or improperly scoped. See {}/help/topics/git/troubleshooting_git.md\n"
)
_HIDDEN = "The project you were looking for could not be found or you don't have permission to view it.\n"


@api.get("/<path:path>.git/info/refs")
@api.post("/<path:path>.git/git-upload-pack")
@api.post("/<path:path>.git/git-receive-pack")
def serve(path: str) -> Response:
    """One exchange of git's smart protocol."""
    store: Store = g.store
    service = request.args.get("service") or request.path.rpartition("/")[2]
    with store.reading() as db:
        user, token = _user(db)
        project = _allowed(db, path, user, token, service)
        env = _environment(db, store, project, user, service)
    if (record := request.environ.get(RECORD)) is not None and user is not None:
        record.user = user["username"]
    if request.method == "POST" and service == "git-receive-pack":
        return _receive(store, project, user, env)
    return _backend(env)


serve.own_transaction = True  # type: ignore[attr-defined] # read by the application


def _user(db: Db) -> tuple[Row | None, Row | None]:
    header = request.headers.get("Authorization", "")
    if not header.lower().startswith("basic "):
        return None, None
    try:
        value = base64.b64decode(header[6:]).decode().partition(":")[2]
        token = auth.check_token(db, value)
    except (ApiError, ValueError):
        raise _access_denied() from None
    return db.one("SELECT * FROM user WHERE id = ?", token["user_id"]), token


def _access_denied() -> ApiError:
    return ApiError(401, _DENIED.format(g.settings.url), _REALM)


def _allowed(db: Db, path: str, user: Row | None, token: Row | None, service: str) -> Row:
    project, pushing = auth.project_by(db, path), service == "git-receive-pack"
    if token is None and (pushing or project is None or project["visibility"] != "public"):
        raise _access_denied()
    if token is not None:
        _check_scope(token, pushing=pushing)
    if project is None or not auth.sees(db, user, project):
        raise ApiError(404, _HIDDEN)
    level = auth.level(db, user, project)
    if pushing and project["archived"]:
        raise ApiError(403, "You can't push code to an archived project.\n")
    if pushing and level < auth.DEVELOPER:
        raise ApiError(403, "You are not allowed to push code to this project.\n")
    if project["visibility"] == "private" and level < auth.REPORTER:
        raise ApiError(403, "You are not allowed to download code from this project.\n")
    return project


def _check_scope(token: Row, *, pushing: bool) -> None:
    scopes = {"read_repository"} if token["kind"] == "job" else set(auth.scopes(token))
    if {"api", "write_repository"} & scopes:
        return
    if "read_repository" not in scopes:
        raise _access_denied()
    if pushing:
        raise ApiError(403, "You are not allowed to upload code.\n")


def _environment(db: Db, store: Store, project: Row, user: Row | None, service: str) -> dict[str, str]:
    env = environment() | {
        "GIT_PROJECT_ROOT": str(store.repository(project["id"])),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": "/info/refs" if request.method == "GET" else f"/{service}",
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": urllib.parse.urlencode({"service": service}) if request.method == "GET" else "",
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        "REMOTE_USER": user["username"] if user is not None else "",
        "STANDIN_URL": f"{g.settings.url}/{project['full_path']}",
        "STANDIN_DEFAULT": project["default_branch"],
    }
    if service == "git-receive-pack":
        level = auth.level(db, user, project)
        rules = db.all("SELECT * FROM protected_branch WHERE project_id = ?", project["id"])
        closed = [rule["name"] for rule in rules if not 0 < rule["push_level"] <= level]
        env["STANDIN_NO_PUSH"] = "\n".join(closed)
        env["STANDIN_NO_FORCE"] = "\n".join(rule["name"] for rule in rules if not rule["allow_force_push"])
    return env


def _receive(store: Store, project: Row, user: Row | None, env: dict[str, str]) -> Response:
    """A push: when git is done, the moved refs change merge requests and issues."""
    earlier = store.all_branches() if store.keep_earlier else None
    with tempfile.TemporaryDirectory(prefix="push-", dir=store.folder) as folder:
        moved = Path(folder, "moved")
        response = _backend(env | {"STANDIN_MOVED": str(moved)})
        body = response.get_data()
        lines = moved.read_text(encoding="utf-8").splitlines() if moved.exists() else []
    if lines:
        with store.writing(earlier) as db:
            g.call = Call(store, g.settings, db, user)
            pushes.take_in(project, [pushes.Move(*line.split(" ", 2)) for line in lines])
        if (record := request.environ.get(RECORD)) is not None:
            record.effect = True
    return Response(body, response.status_code, dict(response.headers))


def _backend(env: dict[str, str]) -> Response:
    """What `git http-backend` answers; its body streams."""
    with tempfile.TemporaryFile() as body:
        length = 0
        while part := request.stream.read(_CHUNK):
            length += body.write(part)
        body.seek(0)
        process = subprocess.Popen(
            ["git", "http-backend"],
            stdin=body,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=env | ({"CONTENT_LENGTH": str(length)} if length else {}),
        )
    out: IO[bytes] = process.stdout  # type: ignore[assignment] # a pipe was asked for
    status, headers = _head(out)
    return Response(_rest(process, out), status, headers)


def _head(out: IO[bytes]) -> tuple[int, dict[str, str]]:
    status, headers = 200, {}
    for line in iter(out.readline, b""):
        if not line.strip():
            break
        name, _, value = line.decode("latin-1").strip().partition(": ")
        if name.lower() == "status":
            status = int(value.split(" ")[0])
        else:
            headers[name] = value
    return status, headers


def _rest(process: "subprocess.Popen[bytes]", out: IO[bytes]) -> Iterator[bytes]:
    try:
        while part := out.read1(_CHUNK):  # type: ignore[attr-defined] # a buffered pipe has it
            yield part
    finally:
        out.close()
        process.wait()
