"""Faults on order, around the application: late, refused, unanswered or stale; and the record of requests."""

import os
import random
import re
import signal
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.gitlab_standin.server import Dropped
from tests.gitlab_standin.store import Store
from tests.gitlab_standin.wire import Fault, Request

CONTROL = "/-/stand-in/"
"""Requests of the test itself: never disturbed, never recorded."""
RECORD, STALE = "standin.record", "standin.stale"
_WORDS = {429: "Retry later\n", 502: "Bad Gateway", 503: "Service Unavailable"}

_AFTER = {"drop-after", "kill-after", "hold-after"}
_HELD_SECONDS = 60
"""No request is held for longer, whatever a test forgets."""

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass
class Record:
    """A request while it is answered."""

    method: str
    path: str
    user: str | None = None
    status: int | None = None
    effect: bool = False
    fault: str = ""


@dataclass
class _Armed:
    fault: Fault
    dice: random.Random
    seen: int = 0
    hit: int = 0

    def strikes(self, method: str, path: str) -> bool:
        fault = self.fault
        if fault.method not in {"*", method} or not re.search(fault.path, path):
            return False
        if fault.times is not None and self.hit >= fault.times:
            return False
        self.seen += 1
        if self.seen <= fault.skip or self.dice.random() >= fault.probability:
            return False
        self.hit += 1
        return True


class _Gate:
    """Where requests wait for each other."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting, self._opened = 0, 0

    def wait(self) -> None:
        with self._changed:
            seen = self._opened
            self._waiting += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._opened != seen, _HELD_SECONDS)
            self._waiting -= 1

    def await_somebody(self, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._waiting > 0, seconds)

    def open(self) -> None:
        with self._changed:
            self._opened += 1
            self._changed.notify_all()


class Faults:
    """The application, disturbed."""

    def __init__(self, inner: Wsgi, store: Store) -> None:
        self._inner = inner
        self._store = store
        self._lock = threading.Lock()
        self._gate = _Gate()
        self._armed: list[_Armed] = []
        self._records: list[Record] = []

    def add(self, fault: Fault) -> None:
        """Disturb matching requests from now on."""
        with self._lock:
            self._armed.append(_Armed(fault, random.Random(fault.seed)))  # noqa: S311 - repeatable on purpose
            if fault.what == "stale":
                self._store.keep_earlier = True

    def clear(self) -> None:
        """Disturb nothing any more."""
        with self._lock:
            self._armed.clear()
        self._store.forget_earlier()

    def now(self) -> datetime:
        """What time it is here."""
        return self._store.clock.now()

    def await_held(self, seconds: float) -> bool:
        """Whether a request is held within so many seconds."""
        return self._gate.await_somebody(seconds)

    def release(self) -> None:
        """Let the requests go on that are held."""
        self._gate.open()

    def requests(self) -> list[Request]:
        """What was asked since the start or `forget`, in order of arrival."""
        with self._lock:
            return [Request(**vars(record)) for record in self._records]

    def forget(self) -> None:
        """Start the record anew."""
        with self._lock:
            self._records.clear()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request, or fail to."""
        if environ["PATH_INFO"].startswith(CONTROL):
            return self._inner(environ, start_response)
        record = Record(environ["REQUEST_METHOD"], environ["RAW_URI"])
        environ[RECORD] = record
        faults = self._take(record)
        for fault in faults:
            if fault.what == "latency":
                time.sleep(fault.seconds)
            elif fault.what == "hold-before":
                self._gate.wait()
            elif fault.what in {"drop-before", "kill-before"}:
                _kill(fault)
                raise Dropped
            elif fault.what == "stale":
                environ[STALE] = True
            elif fault.what == "status":
                return _refuse(fault, record, start_response)
        after = [fault for fault in faults if fault.what in _AFTER]
        return self._answer(environ, start_response, record, after)

    def _take(self, record: Record) -> list[Fault]:
        with self._lock:
            self._records.append(record)
            struck = [armed.fault for armed in self._armed if armed.strikes(record.method, record.path)]
        record.fault = ", ".join(fault.what for fault in struck)
        return struck

    def _answer(
        self, environ: dict[str, Any], start_response: Callable[..., Any], record: Record, after: list[Fault]
    ) -> Iterable[bytes]:
        def noting(status: str, headers: Any, exc_info: Any = None) -> Any:
            record.status = int(status.split(" ", maxsplit=1)[0])
            return start_response(status, headers, exc_info)

        parts = self._inner(environ, noting)
        if not after:
            return parts
        whole = list(parts)
        if close := getattr(parts, "close", None):
            close()
        if all(fault.what == "hold-after" for fault in after):
            self._gate.wait()
            return whole
        for fault in after:
            _kill(fault)
        raise Dropped


def _kill(fault: Fault) -> None:
    if fault.pid:
        os.kill(fault.pid, signal.SIGKILL)


def _refuse(fault: Fault, record: Record, start_response: Callable[..., Any]) -> Iterable[bytes]:
    record.status = fault.status
    body = (fault.body or _WORDS.get(fault.status, f'{{"message":"{fault.status}"}}')).encode()
    kind = "application/json" if body.startswith((b"{", b"[")) else "text/plain"
    headers = {"Content-Type": kind, "Content-Length": str(len(body))} | fault.headers
    start_response(f"{fault.status} Fault", list(headers.items()))
    return [body]
