"""A small HTTP server on loopback that answers as a test says, and breaks as no sound server would."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

_CHUNK = b"x" * 65536


@dataclass(frozen=True)
class Seen:
    """A request as it came."""

    method: str
    path: str
    raw_path: str
    query: Mapping[str, list[str]]
    headers: Message
    body: bytes

    @property
    def data(self) -> Any:
        """Its JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """What to answer; `drop` closes the connection in its place, `endless` sends bytes for as long as they are read."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False
    cut: bool = False
    endless: bool = False
    pause: float = 0


@dataclass
class ScriptedServer:
    """`answer` is asked for every request; `seen` keeps them."""

    url: str = ""
    answer: Callable[[Seen], Reply] = lambda _: Reply()
    seen: list[Seen] = field(default_factory=list)
    sent_bytes: int = 0
    closing: threading.Event = field(default_factory=threading.Event)

    def plays(self, *replies: Reply) -> None:
        """Answer with these in turn; the last one again and again."""
        left = list(replies)
        self.answer = lambda _: left.pop(0) if len(left) > 1 else left[0]

    def count(self, method: str) -> int:
        """How many requests of this method came."""
        return sum(each.method == method for each in self.seen)


def _handler(server: ScriptedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _handle(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            query = parse_qs(parts.query, keep_blank_values=True)
            seen = Seen(self.command, unquote(parts.path), parts.path, query, self.headers, body)
            server.seen.append(seen)
            self._reply(server.answer(seen))

        do_GET = do_POST = do_PUT = do_DELETE = _handle  # noqa: N815 - the base class names them so

        def _reply(self, reply: Reply) -> None:
            server.closing.wait(reply.pause)
            if reply.drop:
                self.close_connection = True
                return
            raw = isinstance(reply.body, bytes)
            body = reply.body if raw else b"" if reply.body is None else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if reply.endless:
                self.end_headers()
                self._flood()
                return
            self.send_header("Content-Length", str(len(body) + (10 if reply.cut else 0)))
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = self.close_connection or reply.cut

        def _flood(self) -> None:
            self.close_connection = True
            try:
                while not server.closing.is_set():
                    server.sent_bytes += self.wfile.write(_CHUNK)
            except OSError:
                return

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
            del format, args

    return Handler


@contextmanager
def scripted_server() -> Iterator[ScriptedServer]:
    """A server that runs until the end of the block."""
    server = ScriptedServer()
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(server)) as http:
        http.daemon_threads = True
        http.block_on_close = False
        server.url = f"http://127.0.0.1:{http.server_address[1]}"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            http.shutdown()
            thread.join()
