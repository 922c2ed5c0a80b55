"""Stands between an agent and its model: has the key that the agent has not, and lets a meter see what passes.

An agent is given a stand-in for the key and an address on its own loopback. A request with the stand-in goes on with the
real key, to one server and no other. Answers pass unchanged and as they come; the meter sees a piece when the agent has it.
"""

import contextlib
import functools
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from ci_factory.system.model_exchange import GRACE, IDLE_SECONDS, Exchange, Meter
from ci_factory.system.model_request import Keys, Upstream
from ci_factory.system.network_door import dial

_CONNECTIONS = 64


class Gateway:
    """Serves one agent from `with` to its end. `keys`: stand-in -> real key; an empty one for a server without keys."""

    def __init__(
        self, upstream: Upstream, keys: Mapping[str, str], meter: Meter, authorities: str | None = None
    ) -> None:
        """`authorities` is a file or folder of certificates in place of the machine's own."""
        self.upstream, self.meter = upstream, meter
        self.keys = Keys({stand_in: real.strip() for stand_in, real in keys.items()})
        self._authorities = authorities
        self._change = threading.Condition()
        self._live = 0
        self._open: set[socket.socket] = set()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Answers under way may still say what they cost; then every connection ends."""
        with self._change:
            self._change.wait_for(lambda: not self._live, timeout=GRACE)
            self._closed = True
            for one in self._open:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            self._change.wait_for(lambda: not self._live, timeout=GRACE)

    @contextlib.contextmanager
    def listening(self) -> Iterator[int]:
        """Serve whoever comes to a port of this machine's loopback: for agents that have no network of their own."""
        with socket.create_server(("127.0.0.1", 0), backlog=_CONNECTIONS) as server:
            threading.Thread(target=self._accept, args=(server,), daemon=True).start()
            try:
                yield server.getsockname()[1]
            finally:
                with contextlib.suppress(OSError):
                    server.shutdown(socket.SHUT_RDWR)

    def _accept(self, server: socket.socket) -> None:
        room = threading.BoundedSemaphore(_CONNECTIONS)

        def serve(client: socket.socket) -> None:
            try:
                with client:
                    self.serve(client)
            finally:
                room.release()

        with contextlib.suppress(OSError):
            while True:
                room.acquire()
                client, _ = server.accept()
                threading.Thread(target=serve, args=(client,), daemon=True).start()

    def serve(self, client: socket.socket) -> None:
        """Answer the request of one connection, which whoever calls closes."""
        with self._change:
            self._live += 1
        try:
            with contextlib.suppress(OSError, ValueError, http.client.HTTPException), self.kept(client):
                Exchange(client, self)
        finally:
            with self._change:
                self._live -= 1
                self._change.notify_all()

    @contextlib.contextmanager
    def kept(self, one: socket.socket) -> Iterator[None]:
        """Know of a connection, to be able to end what waits for it."""
        with self._change:
            if self._closed:
                raise ConnectionAbortedError
            self._open.add(one)
        try:
            yield
        finally:
            with self._change:
                self._open.discard(one)

    def connect(self) -> socket.socket:
        """A connection to the model's server. Raises `OSError`."""
        plain = dial(self.upstream.host, self.upstream.port)
        try:
            plain.settimeout(IDLE_SECONDS)
            if not self.upstream.tls:
                return plain
            return _context(self._authorities).wrap_socket(plain, server_hostname=self.upstream.host)
        except BaseException:
            plain.close()
            raise


@functools.cache
def _context(authorities: str | None) -> ssl.SSLContext:
    """Certificates are verified."""
    folder = authorities is not None and Path(authorities).is_dir()
    return ssl.create_default_context(
        cafile=None if folder else authorities, capath=authorities if folder else None
    )
