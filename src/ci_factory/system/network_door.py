"""The one way out of a sandbox without network: named hosts, and nothing else.

The program inside has only a loopback of its own. It listens there and hands the sockets out (`sandbox_entry`); here, on
our side, they are served: as a proxy (CONNECT, and plain HTTP) and, for a named host that is this machine itself, as the
same port. Names are resolved here, so that there is no DNS inside either.
"""

import base64
import contextlib
import json
import re
import socket
import threading
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

_HTTPS, _HTTP = 443, 80
_HEAD_LIMIT, _PIECE = 64 * 1024, 64 * 1024
_CONNECTIONS = 128
_SECONDS = 30.0
_REMEMBERED = 20
_LOOPBACK = re.compile(r"localhost|127\.\d+\.\d+\.\d+")
_REQUEST = re.compile(rb"([A-Z]+) (\S+) HTTP/1\.[01]\r\n")
_HOP = re.compile(rb"(?im)^(?:proxy-[a-z-]+|connection|keep-alive):[^\r\n]*\r\n")


class Refused(Exception):
    """The host is not on the list, or the request can't be read."""


@dataclass(frozen=True)
class Hosts:
    """What may be reached: `name` (port 443), `name:port`, `*.name`."""

    listed: tuple[str, ...]

    def __contains__(self, place: tuple[str, int]) -> bool:
        host, port = place[0].lower().rstrip("."), place[1]
        return any(_matches(pattern, host) and port == known for pattern, known in self._rules())

    def local_ports(self) -> tuple[int, ...]:
        """Ports of this machine itself."""
        return tuple(sorted({port for host, port in self._rules() if _LOOPBACK.fullmatch(host)}))

    def _rules(self) -> Iterator[tuple[str, int]]:
        for entry in self.listed:
            host, _, port = entry.lower().partition(":")
            yield host, int(port) if port else _HTTPS


def _matches(pattern: str, host: str) -> bool:
    if pattern.startswith("*."):
        return host.endswith(pattern[1:]) and host != pattern[2:]
    return host == pattern


class Door:
    """Serves one sandbox, from `with` to its end; `fd` is to be inherited by what runs inside, `ports` to be opened there."""

    def __init__(
        self,
        hosts: Sequence[str] | None,
        services: Mapping[int, Callable[[socket.socket], None]] | None = None,
    ) -> None:
        """`hosts` of `None` is no proxy at all; `services` are ports that only the inside has, and who answers there."""
        self.hosts = Hosts(tuple(hosts or ()))
        self._services = services or {}
        known = {*self.hosts.local_ports(), *self._services}
        self.ports = (*(() if hosts is None else (0,)), *sorted(known))
        self.refused: list[str] = []
        """Places that were asked for in vain, in order, the first of each; cut."""
        self._ours, self._theirs = socket.socketpair()
        self._open: set[socket.socket] = {self._ours}
        self._lock = threading.Lock()
        self._closed = False
        self._room = threading.BoundedSemaphore(_CONNECTIONS)

    @property
    def fd(self) -> int:
        """The inner end."""
        return self._theirs.fileno()

    def __enter__(self) -> Self:
        self._spawn(self._take_over)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._closed = True
            for one in self._open:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
        self._theirs.close()

    def _take_over(self) -> None:
        """Receive the listening sockets; the sandbox may also end without sending any."""
        with self._kept(self._ours):
            said, descriptors, _, _ = socket.recv_fds(self._ours, _PIECE, 64)
        ports = json.loads(said) if said else []
        for port, descriptor in zip(ports, descriptors, strict=False):
            listening = socket.socket(fileno=descriptor)
            self._spawn(self._accept, listening, port)

    def _accept(self, listening: socket.socket, port: int) -> None:
        with self._kept(listening):
            while True:
                client, _ = listening.accept()
                self._room.acquire()
                self._spawn(self._serve, client, port)

    def _serve(self, client: socket.socket, port: int) -> None:
        """Port 0 is the proxy; one that is no service is the same one out here."""
        try:
            with self._kept(client):
                client.settimeout(_SECONDS)
                if service := self._services.get(port):
                    service(client)
                elif port:
                    self._join(client, _local(port))
                else:
                    self._proxy(client)
        finally:
            self._room.release()

    def _proxy(self, client: socket.socket) -> None:
        try:
            head, rest = _head(client)
            host, port, first = _wanted(head)
            self._admit(host, port)
            upstream = dial(host, port)
        except Refused as error:
            client.sendall(_answer("403 Forbidden", str(error)))
            return
        except OSError as error:
            client.sendall(_answer("502 Bad Gateway", f"can't be reached: {error}"))
            return
        if first:
            upstream.sendall(first + rest)
        else:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            upstream.sendall(rest)
        self._join(client, upstream)

    def _admit(self, host: str, port: int) -> None:
        """Only what is on the list; what is not is remembered.

        Raises:
            Refused: it is not.
        """
        if (host, port) in self.hosts:
            return
        place = f"{host}:{port}"
        if place not in self.refused and len(self.refused) < _REMEMBERED:
            self.refused.append(place)
        raise Refused(f"{place} is not on this project's list of hosts")

    def _join(self, one: socket.socket, other: socket.socket) -> None:
        """Carry bytes both ways until both sides are done."""
        with self._kept(other):
            one.settimeout(None)
            other.settimeout(None)
            back = self._spawn(_pump, other, one)
            _pump(one, other)
            back.join()

    @contextlib.contextmanager
    def _kept(self, one: socket.socket) -> Iterator[None]:
        """Close a socket at the end, and know of it until then; an error of it is its end and no more."""
        with self._lock:
            self._open.add(one)
            if self._closed:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
        try:
            with contextlib.suppress(OSError):
                yield
        finally:
            with self._lock:
                self._open.discard(one)
                one.close()

    @staticmethod
    def _spawn(target: Callable[..., None], *args: object) -> threading.Thread:
        thread = threading.Thread(target=target, args=args, daemon=True)
        thread.start()
        return thread


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_PIECE):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _head(client: socket.socket) -> tuple[bytes, bytes]:
    """A request's first lines, and what came after them."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = client.recv(_PIECE)
        if not piece or len(data) > _HEAD_LIMIT:
            raise Refused("the request can't be read")
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    return head + b"\r\n", rest


def _wanted(head: bytes) -> tuple[str, int, bytes]:
    """Host, port, and what is to be sent there first: nothing for CONNECT."""
    found = _REQUEST.match(head)
    if found is None:
        raise Refused("the request can't be read")
    method, target = found[1], found[2].decode("latin-1")
    try:
        if method == b"CONNECT":
            parts = urllib.parse.urlsplit(f"//{target}")
            return _named(parts.hostname), parts.port or _HTTPS, b""
        parts = urllib.parse.urlsplit(target)
        host, port = _named(parts.hostname), parts.port or _HTTP
    except ValueError:
        raise Refused("the address can't be read") from None
    if parts.scheme != "http":
        raise Refused("only CONNECT and http:// are served")
    path = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
    lines = _HOP.sub(b"", head[found.end() :])
    return (
        host,
        port,
        b"%s %s HTTP/1.1\r\n%sConnection: close\r\n\r\n" % (method, path.encode("latin-1"), lines),
    )


def _named(host: str | None) -> str:
    if not host:
        raise Refused("the request names no host")
    return host


def _answer(status: str, words: str) -> bytes:
    body = f"{words}\n".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


def _local(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=_SECONDS)


def dial(host: str, port: int) -> socket.socket:
    """Connect to a host, through this machine's own proxy where its environment names one.

    Raises:
        OSError: it can't be reached.
    """
    proxies = urllib.request.getproxies_environment()
    way = proxies.get("https" if port == _HTTPS else "http") or proxies.get("all")
    if not way or _LOOPBACK.fullmatch(host) or urllib.request.proxy_bypass(f"{host}:{port}"):
        return socket.create_connection((host, port), timeout=_SECONDS)
    return _through(urllib.parse.urlsplit(way if "://" in way else f"http://{way}"), host, port)


def _through(proxy: urllib.parse.SplitResult, host: str, port: int) -> socket.socket:
    if proxy.scheme != "http" or not proxy.hostname:
        raise OSError("this machine's proxy is not one of http://")
    way = socket.create_connection((proxy.hostname, proxy.port or _HTTP), timeout=_SECONDS)
    try:
        way.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{_login(proxy)}\r\n".encode())
        head, rest = _head(way)
    except (OSError, Refused) as error:
        way.close()
        raise OSError(f"this machine's proxy broke off: {error}") from error
    if rest or not re.match(rb"HTTP/1\.[01] 200\b", head):
        way.close()
        raise OSError("this machine's proxy refused")
    return way


def _login(proxy: urllib.parse.SplitResult) -> str:
    if not proxy.username:
        return ""
    pair = f"{urllib.parse.unquote(proxy.username)}:{urllib.parse.unquote(proxy.password or '')}"
    return f"Proxy-Authorization: Basic {base64.b64encode(pair.encode()).decode()}\r\n"
