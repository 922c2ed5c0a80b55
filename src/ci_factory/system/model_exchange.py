"""One request of an agent to its model and the answer, passed on in pieces as they come."""

import contextlib
import functools
import http.client
import json
import socket
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from typing import Protocol

from ci_factory.system.model_body import PIECE, Body
from ci_factory.system.model_request import NOT_PASSED_ON, Keys, Refused, Upstream, Wanted, wanted

GRACE = 2.0
"""Seconds for an answer whose agent is gone to say what it cost."""
HEAD_SECONDS, IDLE_SECONDS = 60.0, 900.0
_ERROR = 400
_ERROR_LIMIT = 256 * 1024
"""Bytes of a refusal that are passed on."""
_DRAINED = 64 * 1024 * 1024


class Tap(Protocol):
    """Looks at one answer as it passes. Never raises."""

    def feed(self, piece: bytes) -> None:
        """The next bytes of the body, which the agent has already."""

    def close(self, *, whole: bool) -> None:
        """There are no more; `whole`: none are missing."""


class Meter(Protocol):
    """What counts an agent's requests; used from several threads. Never raises."""

    def admit(self) -> str:
        """Count a request that the model is about to get; why it may not (empty: it may, and one of the others follows)."""

    def answered(self, status: int, headers: Mapping[str, str]) -> Tap:
        """The model's server answers it; the headers' names are in lower case."""

    def lost(self, *, sent: bool) -> None:
        """There is no answer; `sent`: the server may have it all the same."""


class Way(Protocol):
    """How to the model's server."""

    upstream: Upstream
    keys: Keys
    meter: Meter

    def connect(self) -> socket.socket:
        """A connection. Raises `OSError`."""

    def kept(self, one: socket.socket) -> contextlib.AbstractContextManager[None]:
        """Know of a connection as long as it is waited for."""


class Exchange(BaseHTTPRequestHandler):
    """Serves one connection of an agent, once."""

    protocol_version = "HTTP/1.1"
    timeout = HEAD_SECONDS
    _admitted = _chunked = False

    def __init__(self, client: socket.socket, way: Way) -> None:
        self._way = way
        super().__init__(client, ("", 0), None)  # type: ignore[arg-type]  # it keeps its server and no more

    def do_POST(self) -> None:
        """Pass it on, or say why not."""
        self.close_connection = True
        self.connection.settimeout(IDLE_SECONDS)
        try:
            asked = wanted(self._way.upstream, self._way.keys, self.command, self.path, self.headers)
            body = Body.of(self.headers, self.rfile.readline, self.rfile.read)
            self._admit(asked)
            self._ask(asked, body)
        except Refused as refused:
            if self._admitted:
                self._way.meter.lost(sent=refused.sent)
            self._refuse(refused)

    do_GET = do_HEAD = do_POST  # noqa: N815 - their names there

    def _admit(self, asked: Wanted) -> None:
        """What costs, within what may be spent. Raises `Refused`."""
        if asked.asks and (why := self._way.meter.admit()):
            raise Refused(403, why, "permission_error")
        self._admitted = asked.asks

    def _ask(self, asked: Wanted, body: Body) -> None:
        try:
            source = self._way.connect()
        except OSError as error:
            raise Refused(502, f"the model's server can't be reached: {error}", "api_error") from error
        connection = http.client.HTTPConnection(self._way.upstream.host)
        connection.sock = source
        with contextlib.closing(connection), self._way.kept(source):
            answer = self._answer(connection, asked, body)
            headers = {name.lower(): value for name, value in answer.getheaders()}
            tap: Tap = self._way.meter.answered(answer.status, headers) if asked.asks else _Blind()
            with contextlib.closing(answer):
                if answer.status >= _ERROR:
                    self._pass_error(answer, tap)
                else:
                    self._pass(answer, source, tap)

    def _answer(
        self, connection: http.client.HTTPConnection, asked: Wanted, body: Body
    ) -> http.client.HTTPResponse:
        """Send the request, and wait for the head of the answer; it may come before all is sent."""
        try:
            with contextlib.suppress(ConnectionError):
                self._send(connection, asked, body)
            return connection.getresponse()
        except ValueError:  # its words may hold the key
            raise Refused(400, "the request can't be passed on") from None
        except (OSError, http.client.HTTPException) as error:
            words = f"the model's server broke off: {type(error).__name__}"
            raise Refused(502, words, "api_error", sent=True) from error

    def _send(self, connection: http.client.HTTPConnection, asked: Wanted, body: Body) -> None:
        connection.putrequest(self.command, asked.target, skip_host=True, skip_accept_encoding=True)
        own = (("Host", self._way.upstream.name), ("Accept-Encoding", "identity"), ("Connection", "close"))
        for name, value in (*own, *body.headers, *asked.headers):
            connection.putheader(name, value)
        connection.endheaders()
        for piece in body.pieces():
            connection.send(piece)

    def _pass(self, answer: http.client.HTTPResponse, source: socket.socket, tap: Tap) -> None:
        """Every piece as it comes. When the agent is gone, what is left has a moment to tell its usage."""
        whole = False
        try:
            gone = _attempt(lambda: self._begin(answer, answer.length))
            while piece := answer.read1(PIECE):
                gone = _attempt(functools.partial(self._write, piece)) if gone is None else gone
                tap.feed(piece)
                if gone is not None:
                    source.settimeout(GRACE)
                    if time.monotonic() - gone > GRACE:
                        return
            whole = not answer.length  # of those that were announced
            if whole and self._chunked:
                self.wfile.write(b"0\r\n\r\n")
        except (OSError, http.client.HTTPException):
            return
        finally:
            tap.close(whole=whole)

    def _pass_error(self, answer: http.client.HTTPResponse, tap: Tap) -> None:
        """An error is short, and must not repeat the key."""
        text = b""
        with contextlib.suppress(OSError, http.client.HTTPException):
            text = self._way.keys.masked(answer.read(_ERROR_LIMIT))
        tap.feed(text)
        tap.close(whole=True)
        self._begin(answer, len(text))
        self._end(text)

    def _begin(self, answer: http.client.HTTPResponse, length: int | None) -> None:
        """The head, in a framing of our own."""
        empty = self.command == "HEAD" or answer.status in {204, 304}
        self._chunked = length is None and not empty and self.request_version == "HTTP/1.1"
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in NOT_PASSED_ON:
                self.send_header(name, self._way.keys.masked(value.encode("latin-1")).decode("latin-1"))
        if length is not None and not empty:
            self.send_header("Content-Length", str(length))
        if self._chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()

    def _write(self, piece: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if self._chunked else piece)

    def _refuse(self, refused: Refused) -> None:
        """In words that the clients of all vendors understand."""
        error = {"type": refused.kind, "message": refused.words, "code": refused.kind}
        text = json.dumps({"type": "error", "error": error}).encode()
        self.send_response_only(refused.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Connection", "close")
        self.end_headers()
        self._end(text)

    def _end(self, text: bytes) -> None:
        """The last words, and what the agent is still sending thrown away: else the kernel would throw away the words."""
        if self.command != "HEAD":
            self.wfile.write(text)
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(GRACE)
        left = _DRAINED
        while left > 0 and (piece := self.rfile.read1(PIECE)):
            left -= len(piece)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing."""


def _attempt(write: Callable[[], object]) -> float | None:
    """When the agent was found to be gone; `None`: it is not."""
    try:
        write()
    except OSError:
        return time.monotonic()
    return None


class _Blind:
    """Looks at nothing."""

    def feed(self, piece: bytes) -> None:
        """Pass over it."""

    def close(self, *, whole: bool) -> None:
        """Nor at its end."""
