"""One HTTP exchange with a server, whole or lost, bounded in bytes and seconds. The only user of python-gitlab.

python-gitlab builds the request; what it would do after that is ours. Its retries repeat a POST, its errors drop the
headers that say when to come back, and it reads the body of an error whole, whatever its size.
"""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urljoin, urlsplit

from ci_factory import __version__
from ci_factory.errors import ForgeError
from ci_factory.forge.gitlab.address import is_loopback, origin
from ci_factory.forge.gitlab.token import Token
from ci_factory.model.base import Json
from ci_factory.model.forge_settings import Rates
from ci_factory.model.text import plain
from ci_factory.system.clock import Clock

if TYPE_CHECKING:
    import requests

ERROR_BYTES = 64 * 1024
"""Read of the body of an answer that is no success."""
_CHUNK = 64 * 1024
_HOPS = 5


@dataclass(frozen=True)
class Request:
    """What is asked: an address below the server's, with percent-encoded parts."""

    method: str
    address: str
    query: Mapping[str, Json] = field(default_factory=dict)
    data: Json = None
    limit: int = 0
    """Bytes of the answer's body that are read at most."""
    elsewhere: bool = False
    """Whether the server may send us to another host, where files lie; without the token."""


@dataclass(frozen=True)
class Answer:
    """What the server said; names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool = True
    """False: the body is longer than was asked for."""


@dataclass(frozen=True)
class Lost:
    """No answer, or only a part of one."""

    why: str
    sent: bool
    """Whether the server may have seen the request."""


class Wire:
    """A connection to one server. May be used by many threads at the same time."""

    def __init__(self, url: str, token: Token, clock: Clock, rates: Rates) -> None:
        import gitlab

        from ci_factory.forge.gitlab.session import Session

        self._url, self._token, self._clock, self._rates = url, token, clock, rates
        self.sent = 0
        """Requests so far."""
        self._told: tuple[datetime, float] | None = None
        session = Session(url, token, (rates.connect_seconds, rates.read_seconds))
        self._gitlab = gitlab.Gitlab(
            url, session=session, user_agent=f"ci-factory/{__version__}", keep_base_url=True
        )

    def __repr__(self) -> str:
        return f"Wire({self._url!r})"

    def __reduce__(self) -> NoReturn:
        msg = "a connection is not written anywhere"
        raise TypeError(msg)

    def now(self) -> datetime:
        """The time by the server's clock, as its last answer told it; by ours where it told none."""
        told = self._told
        if told is None:
            return self._clock.now()
        return told[0] + timedelta(seconds=self._clock.monotonic() - told[1])

    def exchange(self, request: Request) -> Answer | Lost:
        """Send one request once and read its answer.

        Raises:
            ForgeError: the server can't be trusted (its certificate), or sends us in circles.
        """
        address = request.address
        self.sent += 1
        for hop in range(_HOPS):
            answer = self._send(request, address, first=hop == 0)
            if isinstance(answer, str):
                address = answer
            else:
                return answer
        raise ForgeError("redirects without end", where=self._url, fix="check forge.url")

    def _send(self, request: Request, address: str, *, first: bool) -> Answer | Lost | str:
        """The answer, or the address to ask instead. Errors of the libraries end here: their frames hold headers."""
        from ci_factory.forge.gitlab import session

        try:
            response = self._response(request, address, first=first)
            with closing(response):
                target = self._target(request, response)
                return target or self._read(response, request.limit)
        except session.BROKEN as error:
            why = self._clean(error)
            if not session.distrusts(error):
                return Lost(why, sent=not first or session.was_sent(error))
        raise ForgeError(
            f"the server's certificate is not trusted: {why}",
            where=self._url,
            fix="name the file of its certificate authority in REQUESTS_CA_BUNDLE",
        )

    def _response(self, request: Request, address: str, *, first: bool) -> "requests.Response":
        from ci_factory.forge.gitlab.session import NoSuccess

        try:
            return self._gitlab.http_request(
                request.method.lower(),
                address,
                query_data=dict(request.query) if first else {},
                post_data=request.data,
                streamed=True,
                obey_rate_limit=False,
                retry_transient_errors=False,
            )
        except NoSuccess as answer:
            return answer.response

    def _target(self, request: Request, response: "requests.Response") -> str | None:
        """Where a GET is sent on to, unless that is somebody else's and the request does not allow it."""
        location = response.headers.get("location")
        moved = response.status_code in {301, 302, 303, 307, 308}
        if not (moved and location and request.method == "GET"):
            return None
        target = urljoin(response.url, location)
        if origin(target) == origin(self._url):
            return target
        parts = urlsplit(target)
        safe = parts.scheme == "https" or (
            parts.scheme == "http" and is_loopback(parts.hostname or "") and self._url.startswith("http:")
        )
        return target if request.elsewhere and safe and not parts.username else None

    def _read(self, response: "requests.Response", limit: int) -> Answer:
        good = 200 <= response.status_code < 300  # noqa: PLR2004 - HTTP's own classes
        if moment := _moment(response.headers.get("date", "")):
            self._told = moment, self._clock.monotonic()
        body, whole = self._body(response, limit if good else ERROR_BYTES)
        headers = {name.lower(): self._token.redact(value) for name, value in response.headers.items()}
        return Answer(response.status_code, headers, self._redact(body), whole)

    def _body(self, response: "requests.Response", limit: int) -> tuple[bytes, bool]:
        from ci_factory.forge.gitlab.session import TooSlow

        started, body = self._clock.monotonic(), bytearray()
        for chunk in response.iter_content(_CHUNK):
            body += chunk
            if len(body) > limit:
                return bytes(body[:limit]), False
            if self._clock.monotonic() - started > self._rates.answer_seconds:
                raise TooSlow(f"the answer took longer than {self._rates.answer_seconds:g} s")
        return bytes(body), True

    def _redact(self, body: bytes) -> bytes:
        token = self._token.reveal().encode()
        return body.replace(token, b"[token]") if token in body else body

    def _clean(self, error: Exception) -> str:
        from ci_factory.forge.gitlab import session

        return self._token.redact(plain(f"{type(error).__name__}: {session.reason(error)}", 200))


def _moment(date: str) -> datetime | None:
    """What the header `Date` says; `None` when it says nothing."""
    try:
        return parsedate_to_datetime(date).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
