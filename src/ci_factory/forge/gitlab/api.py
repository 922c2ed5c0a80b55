"""GitLab's API, as the rest of this package sees it: calls that return what was asked for, or say why not."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, NoReturn

from ci_factory.errors import ArtifactError, ForgeError
from ci_factory.forge.gitlab import address
from ci_factory.forge.gitlab.errors import QueryError, TooLarge, refusal
from ci_factory.forge.gitlab.line import Failure, Line
from ci_factory.forge.gitlab.paging import PER_PAGE, as_query, next_query
from ci_factory.forge.gitlab.rates import OnWait, Pace
from ci_factory.forge.gitlab.token import Token
from ci_factory.forge.gitlab.transfer import Transfer
from ci_factory.forge.gitlab.wire import Answer, Request, Wire
from ci_factory.model.base import Json
from ci_factory.model.forge_settings import Rates
from ci_factory.model.text import plain
from ci_factory.system.clock import Clock, SystemClock
from ci_factory.system.git import Git

JSON_BYTES = 32 * 1024 * 1024
"""The largest JSON that is read; a page of 100 issues has at most 100 MB in theory, and 1 MB in practice."""
TEXT_BYTES = 16 * 1024 * 1024
"""The largest raw file or job log; runners keep 4 MB of a log."""
_PAGES = 10_000
_NOT_FOUND = 404
_MESSAGES = 5


class Api:
    """One GitLab server, seen by the owner of one token. May be used by many threads at the same time.

    Limits, pauses and the circuit breaker are per object: let all threads of a process share one.
    Errors of every call: `NotFound` (404), `Refused` (401, 403), `Conflict` (409, 412; a merge that can't be), and
    `ForgeError` for any other refusal, for a rate limit or an outage that lasts longer than `Rates` lets us wait, and
    for an answer that is too large or is not what was asked for.
    """

    def __init__(self, url: str, token: Token, line: Line) -> None:
        self.url = url
        """https://host, without /api/v4."""
        self._token, self._line = token, line

    @classmethod
    def open(
        cls,
        url: str,
        token: str,
        *,
        clock: Clock | None = None,
        rates: Rates | None = None,
        seed: int = 0,
        on_wait: OnWait | None = None,
        allow_http: bool = False,
    ) -> "Api":
        """A connection; nothing is sent yet.

        `seed` spreads our waits, and is worth choosing only where several processes share a server. `on_wait(seconds,
        why)` is called before every wait, by the thread that waits. `allow_http` sends the token unencrypted.

        Raises:
            ConfigError: the address or the token can't be one.
        """
        here, secret = address.server(url, allow_http=allow_http), Token(token)
        clock, rates = clock or SystemClock(), rates or Rates()
        pace = Pace(rates, clock, seed, on_wait)
        probe = Request("GET", f"{here}/api/v4/version", limit=TEXT_BYTES)
        return cls(here, secret, Line(Wire(here, secret, clock, rates), rates, clock, pace, probe))

    def __repr__(self) -> str:
        return f"Api({self.url!r})"

    @property
    def requests(self) -> int:
        """How many were sent so far, repeated ones too; what git itself asks is not among them."""
        return self._line.wire.sent

    def now(self) -> datetime:
        """The time by the server's clock, as its last answer told it."""
        return self._line.wire.now()

    def __reduce__(self) -> NoReturn:
        msg = "a connection holds a token, which is not written anywhere"
        raise TypeError(msg)

    def transfer(self, git: Git, project: str) -> Transfer:
        """Push and fetch between a local repository and a project (`group/name`), at our pace.

        Raises:
            ForgeError: that is not the path of a project.
        """
        return Transfer(git, address.repository(self.url, project), self._token, self._line)

    def get(self, path: str, **query: Json) -> Any:  # noqa: ANN401 - JSON
        """An object or a list, from a path below /api/v4 such as `/projects/7/issues/3`, parts percent-encoded.

        In a query, `None` is left out and a list is sent as `name[]`.
        """
        return self._document(self._read(path, query, JSON_BYTES), f"GET {path}")

    def get_text(self, path: str, **query: Json) -> str:
        """A raw file or a job's log, decoded as UTF-8, wrong bytes replaced."""
        answer = self._read(path, query, TEXT_BYTES, elsewhere=True)
        return self._whole(answer, f"GET {path}", TEXT_BYTES).decode("utf-8", "replace")

    def get_bytes(self, path: str, *, limit: int, **query: Json) -> bytes:
        """A file of at most `limit` bytes.

        Raises:
            ArtifactError: it is larger.
        """
        answer = self._read(path, query, limit, elsewhere=True)
        if not answer.whole:
            raise ArtifactError(f"is larger than {limit} bytes", where=f"GET {path}")
        return answer.body

    def pages(self, path: str, **query: Json) -> Iterator[dict[str, Json]]:
        """All objects of a list, to its last page. Asks for the next page only when that is reached."""
        where = f"GET {path}"
        wanted: dict[str, Json] | None = as_query({"per_page": PER_PAGE, **query})
        for _ in range(_PAGES):
            assert wanted is not None  # noqa: S101 - for the type checker; the loop ends before
            answer = self._ask(Request("GET", self._below(path), wanted, limit=JSON_BYTES), where)
            yield from _objects(self._document(answer, where), where)
            following = next_query(answer.headers, wanted)
            if following is None:
                return
            if following == wanted:
                break
            wanted = following
        raise ForgeError(
            "GitLab's pages have no end", where=where, fix="report it, with the version of GitLab"
        )

    def put(self, path: str, data: Mapping[str, Json]) -> Any:  # noqa: ANN401 - JSON
        """Set something; sent again when the answer is lost, as the second time changes nothing."""
        where = f"PUT {path}"
        return self._result(
            self._ask(Request("PUT", self._below(path), data=dict(data), limit=JSON_BYTES), where), where
        )

    def delete(self, path: str) -> None:
        """Delete something; gone when we look again after a lost answer counts as done."""
        where = f"DELETE {path}"
        request = Request("DELETE", self._below(path), limit=JSON_BYTES)
        answer, tries = self._line.repeat(request, where)
        if tries == 1 or answer.status != _NOT_FOUND:
            self._accepted(answer, where)

    def post(
        self, path: str, data: Mapping[str, Json], *, done: Callable[[], Json | None] | None = None
    ) -> Any:  # noqa: ANN401 - JSON
        """Create something, once.

        When nobody knows whether the server did it (the connection broke, 5xx, a time-out), `done()` looks, and
        returns what it finds; only when that is `None` is the request sent again. Without `done` that is an error.
        """
        where = f"POST {path}"
        request = Request("POST", self._below(path), data=dict(data), limit=JSON_BYTES)
        tries, doubtful = 1, False
        while True:
            result = self._created(request, where, last=done if doubtful else None)
            if not isinstance(result, Failure):
                return result
            if result.ambiguous:
                doubtful = True
                if (found := self._looked(result, where, done)) is not None:
                    return found
            self._line.again(tries, result, where)
            tries += 1

    def _looked(self, failure: Failure, where: str, done: Callable[[], Json | None] | None) -> Json | None:
        if done is None:
            raise ForgeError(
                f"nobody knows whether GitLab did it: {failure.why}",
                where=where,
                fix="look, and run again if it did not",
            )
        self._line.settle(failure)
        return done()

    def _created(
        self, request: Request, where: str, last: Callable[[], Json | None] | None
    ) -> Json | Failure:
        """The result of one try. A refusal after a doubtful one may be because that had its effect: `last` looks."""
        answer = self._line.once(request)
        if isinstance(answer, Failure):
            return answer
        if last is not None and answer.status >= 400 and (found := last()) is not None:  # noqa: PLR2004 - HTTP's classes
            return found
        self._accepted(answer, where)
        try:
            return self._result(answer, where)
        except ForgeError as error:
            return Failure(error.what, ambiguous=True)

    def graphql(self, query: str, variables: Mapping[str, Json]) -> dict[str, Json]:
        """The data that answers a query. It is a read, and repeated as one: mutations are not for this.

        Raises:
            QueryError: the server names errors, a field it does not know for one.
        """
        where = "POST /api/graphql"
        body = {"query": query, "variables": dict(variables)}
        answer = self._ask(Request("POST", f"{self.url}/api/graphql", data=body, limit=JSON_BYTES), where)
        document = self._document(answer, where)
        errors = document.get("errors") if isinstance(document, dict) else None
        if errors:
            raise QueryError(_messages(errors), where=where)
        data = document.get("data") if isinstance(document, dict) else None
        if not isinstance(data, dict):
            raise _unexpected("an answer to the query", where)
        return data

    def _below(self, path: str) -> str:
        return f"{self.url}/api/v4{address.api_path(path)}"

    def _read(self, path: str, query: Mapping[str, Json], limit: int, *, elsewhere: bool = False) -> Answer:
        request = Request("GET", self._below(path), as_query(query), limit=limit, elsewhere=elsewhere)
        return self._ask(request, f"GET {path}")

    def _ask(self, request: Request, where: str) -> Answer:
        answer, _ = self._line.repeat(request, where)
        self._accepted(answer, where)
        return answer

    def _accepted(self, answer: Answer, where: str) -> None:
        if not 200 <= answer.status < 300:  # noqa: PLR2004 - HTTP's own classes
            raise refusal(answer, where)

    def _whole(self, answer: Answer, where: str, limit: int) -> bytes:
        if not answer.whole:
            raise TooLarge(
                f"the answer is larger than {limit} bytes",
                where=where,
                fix="check that forge.url is a GitLab server",
            )
        return answer.body

    def _result(self, answer: Answer, where: str) -> Json | None:
        """What a write returned; `None` when GitLab has nothing to say (204, and some 201 and 202)."""
        return self._document(answer, where) if answer.body.strip() else None

    def _document(self, answer: Answer, where: str) -> Json:
        body = self._whole(answer, where, JSON_BYTES)
        try:
            document = json.loads(body, parse_constant=_no_number)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict | list):
            raise _unexpected("JSON", where)
        return document


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _objects(document: Json, where: str) -> Iterator[dict[str, Json]]:
    if not isinstance(document, list) or not all(isinstance(each, dict) for each in document):
        raise _unexpected("a list of objects", where)
    yield from document


def _messages(errors: Json) -> tuple[str, ...]:
    found = errors if isinstance(errors, list) else [errors]
    texts = [str(each.get("message", "")) if isinstance(each, dict) else str(each) for each in found]
    return tuple(plain(text, 200) for text in texts[:_MESSAGES])


def _unexpected(what: str, where: str) -> ForgeError:
    fix = "check that forge.url is a GitLab server, and that no login page or proxy answers in its place"
    return ForgeError(f"the answer is not {what}", where=where, fix=fix)
