"""What a test and the server's process tell each other."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

What = Literal[
    "latency", "status", "drop-before", "drop-after", "kill-before", "kill-after", "hold-before", "hold-after", "stale"
]  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong with requests that match, on order.

    `latency` answers `seconds` later; `status` answers that status with nothing done; `drop-before` and `drop-after`
    close the connection unanswered, before or after the effect; `kill-before` and `kill-after` do so as well, and kill the
    process `pid` (SIGKILL) just before; `hold-before` and `hold-after` answer when `release` says so; `stale` reads from the state before the last write
    made since the fault was set.
    """

    what: What
    method: str = "*"
    """HTTP method, or `*`."""
    path: str = ""
    """Regular expression searched in path and query (`/api/v4/projects/1/issues?page=2`)."""
    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    """Of the answer; the usual one for the status when empty."""
    seconds: float = 0.0
    skip: int = 0
    """So many matching requests pass before it starts."""
    times: int | None = None
    """So many requests are hit, then it is over; `None` for no end."""
    probability: float = 1.0
    seed: int = 0
    pid: int = 0


@dataclass(frozen=True)
class Request:
    """One request that the server got."""

    method: str
    path: str
    """With its query."""
    user: str | None
    status: int | None
    """Of the answer, sent or not; `None` when it was dropped before any."""
    effect: bool
    """Whether it changed anything."""
    fault: str = ""
    """What went wrong on order."""


@dataclass(frozen=True)
class Job:
    """A job of a pipeline that a test makes."""

    name: str
    stage: str = "test"
    status: str = "success"
    trace: str = ""
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    """Its artifacts."""
    failure_reason: str | None = None
    erased_at: str | None = None
    """When somebody erased its artifacts."""
    allow_failure: bool = False
    retried: bool = False
    """A later job of that name took its place."""


@dataclass(frozen=True)
class Bridge:
    """A job that triggers another pipeline."""

    name: str
    downstream: int | None = None
    """The pipeline that it triggered; `None` before, and when that failed."""
    stage: str = "test"
    status: str = "success"
    allow_failure: bool = False


def plain(value: Any) -> Any:
    """A dataclass as JSON takes it; bytes in base 64."""
    return json.loads(
        json.dumps(vars(value), default=lambda data: {"base64": base64.b64encode(data).decode()})
    )
