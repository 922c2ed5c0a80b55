"""What a request is about: who asks, with which token, in which transaction; and the errors that end it."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from flask import Response, g, request

from tests.gitlab_standin.settings import Settings
from tests.gitlab_standin.store import AllBranches, Db, Row, Store

Json = dict[str, Any]


class ApiError(Exception):
    """Ends a request; nothing that it did stays."""

    def __init__(self, status: int, body: Json | str, headers: dict[str, str] | None = None) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body
        self.headers = headers or {}


@dataclass
class Call:
    """One request."""

    store: Store
    settings: Settings
    db: Db
    user: Row | None = None
    token: Row | None = None
    moved: list[str] = field(default_factory=list)
    """Refs that the request moved."""
    branches: AllBranches | None = None
    """Where branches were, for a stale read."""

    @property
    def me(self) -> Row:
        """The user; 401 without one."""
        if self.user is None:
            unauthorized()
        return self.user

    def repository(self, project: Row) -> Path:
        """The bare repository of a project."""
        return self.store.repository(project["id"])


def call() -> Call:
    """The request being answered by this thread."""
    found: Call = g.call
    return found


def db() -> Db:
    """Its transaction."""
    return call().db


def fail(status: int, message: Any) -> NoReturn:
    """End with `{"message": ...}`."""
    raise ApiError(status, {"message": message})


def unauthorized() -> NoReturn:
    """401, as for a missing token."""
    fail(401, "401 Unauthorized")


def forbidden(reason: str = "") -> NoReturn:
    """403 for a role that does not suffice."""
    fail(403, f"403 Forbidden{' - ' + reason if reason else ''}")


def not_found(what: str = "") -> NoReturn:
    """404, in the words for a resource."""
    fail(404, f"404 {what} Not Found" if what else "404 Not found")


def invalid(name: str, problem: str) -> NoReturn:
    """400 of a record that does not validate."""
    fail(400, {name: [problem]})


def missing(*names: str) -> NoReturn:
    """400 of a request without a parameter that must be there."""
    raise ApiError(400, {"error": ", ".join(f"{name} is missing" for name in names)})


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return Response(text, status, headers, mimetype="application/json")


def no_content() -> Response:
    """204."""
    return Response(status=204)


def parameters() -> Json:
    """Query, form or JSON body as one nested mapping, as Rails reads them (`a[b]=1`, `c[]=2`)."""
    found: Json = {}
    for source in (request.args, request.form):
        for name, values in source.lists():
            for value in values:
                _put(found, name, value)
    if request.mimetype == "application/json" and (data := request.get_data()):
        try:
            body = json.loads(data)
        except ValueError:
            raise ApiError(400, {"error": "Invalid JSON"}) from None
        found |= body if isinstance(body, dict) else {}
    for name, upload in request.files.items():
        found[name] = upload.read()
    return found


def _put(found: Json, name: str, value: str) -> None:
    first, *rest = name.replace("]", "").split("[")
    if not rest:
        found[first] = value
    elif rest[-1] == "":
        found.setdefault(first, []).append(value)
    else:
        inner = found.setdefault(first, {})
        if isinstance(inner, dict):
            _put(inner, rest[0] + "".join(f"[{each}]" for each in rest[1:]), value)


def truth(value: Any) -> bool:
    """A boolean parameter."""
    return value is True or str(value).lower() in {"true", "1", "yes", "t"}


def words(value: Any) -> list[str]:
    """A list parameter: an array, or names separated by commas."""
    parts = value.split(",") if isinstance(value, str) else value or []
    return [text for part in parts if (text := str(part).strip())]


def numbers(value: Any) -> list[int]:
    """A list of numbers.

    Raises:
        ApiError: 400, one is none.
    """
    try:
        return [int(part) for part in ([value] if isinstance(value, int) else words(value))]
    except ValueError:
        raise ApiError(400, {"error": "an identifier is invalid"}) from None
