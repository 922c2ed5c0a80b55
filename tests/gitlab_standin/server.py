"""HTTP/1.1 with connections that stay open, on threads; a request may end with its socket closed unanswered."""

import contextlib
import io
import socket
import struct
import sys
import traceback
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import IO, Any, cast
from urllib.parse import unquote

from werkzeug.http import parse_set_header
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.wsgi import LimitedStream

_IDLE_SECONDS = 120
_NO_LINGER = struct.pack("ii", 1, 0)
_CHUNK = 1 << 16
_BODILESS = {204, 304}
SLASH = "\x01"
"""Stands for an encoded slash inside one segment of an API path."""

Headers = list[tuple[str, str]]


class Dropped(Exception):
    """The connection is to be closed without an answer."""


class Handler(WSGIRequestHandler):
    """Answers requests one after the other on one connection (werkzeug's own closes it after each)."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = _CHUNK
    timeout = _IDLE_SECONDS

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The header `Date`, by the server's own clock."""
        now = cast("Server", self.server).now
        return super().date_time_string(now().timestamp() if timestamp is None else timestamp)

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        """Requests are recorded elsewhere; only failures are worth a line."""
        if type == "error":
            print(message % args, file=sys.stderr)  # noqa: T201 - the process's own log

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: requests are recorded by the application."""

    def run_wsgi(self) -> None:
        """Answer one request, read all of it, leave the connection ready for the next."""
        if self.headers.get("Expect", "").lower().strip() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        environ = self.make_environ()
        environ["PATH_INFO"] = path_info(self.path)
        if "chunked" not in parse_set_header(environ.get("HTTP_TRANSFER_ENCODING")):
            length = int(environ.get("CONTENT_LENGTH") or 0)
            environ["wsgi.input"] = LimitedStream(cast("IO[bytes]", self.rfile), length)
        environ["wsgi.input_terminated"] = True
        try:
            self._answer(environ)
            _drain(environ["wsgi.input"])
        except (Dropped, ConnectionError, TimeoutError):
            self._reset()
        except Exception:  # noqa: BLE001 - a bug in one answer ends its connection, with a trace in the log
            self.log("error", "%s", traceback.format_exc())
            self._reset()

    def _answer(self, environ: dict[str, Any]) -> None:
        begun: list[tuple[str, Headers]] = []

        def start_response(status: str, headers: Headers, exc_info: object = None) -> Callable[[bytes], Any]:
            del exc_info
            begun[:] = [(status, headers)]
            return self.wfile.write

        parts = self.server.app(environ, start_response)
        try:
            self._send(begun, parts)
        finally:
            if close := getattr(parts, "close", None):
                close()

    def _send(self, begun: list[tuple[str, Headers]], parts: Iterable[bytes]) -> None:
        iterator = iter(parts)
        first = next(iterator, b"")
        status, headers = begun[0]
        code, _, words = status.partition(" ")
        self.send_response(int(code), words)
        for name, value in headers:
            self.send_header(name, value)
        sized = any(name.lower() == "content-length" for name, _ in headers)
        chunked = not sized and int(code) not in _BODILESS
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if self.command != "HEAD":
            self._body(first, iterator, chunked=chunked)
        self.wfile.flush()

    def _body(self, first: bytes, rest: Iterable[bytes], *, chunked: bool) -> None:
        for part in (first, *rest):
            if part:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part) if chunked else part)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _reset(self) -> None:
        """Close at once; the client sees a reset connection, whatever it had sent."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.wfile = io.BytesIO()  # what is left to be written goes nowhere
        with contextlib.suppress(OSError):
            self.connection.close()


class Server(ThreadedWSGIServer):
    """One thread a connection; its port is open from the start."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, app: Callable[..., Iterable[bytes]], now: Callable[[], datetime]) -> None:
        super().__init__("127.0.0.1", 0, app, handler=Handler)
        self.now = now

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no event."""


def path_info(target: str) -> str:
    """A request's path; an encoded slash in an API path stays apart from a real one."""
    path = target.partition("?")[0]
    if path.startswith("/api/"):
        path = path.replace("%2F", "%01").replace("%2f", "%01")
    return unquote(path).encode("utf-8", "surrogateescape").decode("latin-1")


def _drain(stream: Any) -> None:
    while stream.read(_CHUNK):
        pass
