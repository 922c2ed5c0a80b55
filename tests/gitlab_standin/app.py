"""The application: every request in one transaction, with its user, its limits and GitLab's error bodies."""

import contextlib
from collections.abc import Iterator

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter

from tests.gitlab_standin import auth, routes, runners
from tests.gitlab_standin.context import ApiError, Call, answer, call
from tests.gitlab_standin.faults import CONTROL, RECORD, STALE, Faults
from tests.gitlab_standin.limits import Limits
from tests.gitlab_standin.server import SLASH
from tests.gitlab_standin.settings import Settings
from tests.gitlab_standin.store import AllBranches, Db, Store

_READS = {"GET", "HEAD"}
OWN_TRANSACTION = "own_transaction"
"""Marks views that open their transactions themselves, because git runs meanwhile."""


class Segment(BaseConverter):
    """One segment of a path, in which encoded slashes are slashes."""

    regex = "[^/]+"
    part_isolating = True

    def to_python(self, value: str) -> str:
        """Decoded."""
        return value.replace(SLASH, "/")


class StandInApp(Flask):
    """Flask, with a transaction around each view."""

    def __init__(self, store: Store, settings: Settings) -> None:
        super().__init__(__name__, static_folder=None)
        self.store = store
        self.settings = settings
        self.limits = Limits(settings, store.clock)
        self.faults = Faults(self, store)
        self.url_map.strict_slashes = False
        self.url_map.merge_slashes = False
        self.url_map.converters["ref"] = Segment
        for blueprint in routes.blueprints():
            self.register_blueprint(blueprint)
        self.register_error_handler(ApiError, _refuse)
        self.register_error_handler(HTTPException, _unknown)

    def dispatch_request(self) -> Response:
        """Answer inside one transaction; an error undoes it."""
        view = self.view_functions.get(request.endpoint or "")
        if request.path.startswith(CONTROL) or getattr(view, OWN_TRANSACTION, False):
            g.store, g.settings, g.limits = self.store, self.settings, self.limits
            return self._view()
        runners.catch_up(self.store, self.settings)
        with self._transaction() as (db, branches):
            g.limits = self.limits
            g.call = Call(self.store, self.settings, db, branches=branches)
            before = db.connection.total_changes
            response = self._authenticated()
            self._record(changed=db.connection.total_changes != before or bool(call().moved))
            return response

    def _view(self) -> Response:
        return self.make_response(super().dispatch_request())

    def _authenticated(self) -> Response:
        auth.authenticate(call())
        if (record := request.environ.get(RECORD)) is not None and call().user is not None:
            record.user = call().me["username"]
        headers = self.limits.api(call().user)
        response = self._view()
        response.headers.update(headers)
        return response

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[tuple[Db, AllBranches | None]]:
        if STALE in request.environ and self._reads():
            with self.store.reading_earlier() as earlier:
                yield earlier
        else:
            with self.store.reading() if self._reads() else self.store.writing() as db:
                yield db, None

    def _reads(self) -> bool:
        return request.method in _READS or request.path == "/api/graphql"

    def _record(self, *, changed: bool) -> None:
        if (record := request.environ.get(RECORD)) is not None:
            record.effect = changed


def _refuse(error: ApiError) -> Response:
    if request.path == "/api/graphql" and error.status == 401:
        return answer({"errors": [{"message": "Invalid token"}]}, 401)
    if isinstance(error.body, str):
        return Response(error.body, error.status, error.headers, mimetype="text/plain")
    return answer(error.body, error.status, error.headers)


def _unknown(error: HTTPException) -> Response:
    code = error.code or 500
    if code == 404:
        return answer({"error": "404 Not Found"}, 404)
    return answer({"error": f"{code} {error.name}"}, code)
