"""Runs tests on one mutant after the other: pytest is imported once, every mutant gets a fork of its own.

Loaded by bootstrap.py into the project's interpreter; stands alone.
"""

from __future__ import annotations

import json
import os
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

FACTOR, SLACK = 3.0, 1.0
"""A mutant may take so many times as long as the tests took without it, and so many seconds more."""
POLL = 0.005


class Failures:
    """A pytest plugin that remembers which tests do not pass, and how long each takes."""

    def __init__(self) -> None:
        """Nothing ran yet."""
        self.failed: list[str] = []
        self.passed: dict[str, float] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note it."""
        if report.failed:
            self.failed.append(report.nodeid)
        elif report.when == "call" and report.passed:
            self.passed[report.nodeid] = report.duration


def serve(order: dict[str, Any], sink: int, plugins: Any) -> int:
    """Run the tests without a mutant, then with each; a line on the pipe for each result."""
    deadline = time.monotonic() + order["seconds"]
    flags = list(order["args"])
    steady, seconds = baseline(order, flags, plugins)
    send(sink, {"steady": steady, "seconds": round(seconds, 3)})
    known = set(steady)
    for number, mutant in enumerate(order["mutants"]):
        tests = [name for name in mutant["tests"] if name in known]
        left = deadline - time.monotonic()
        if not tests or left <= 0:
            continue
        send(sink, {"mutant": number, **attempt(mutant, tests, flags, plugins, seconds, left)})
    send(sink, {"end": 0})
    return 0


def baseline(order: dict[str, Any], flags: list[str], plugins: Any) -> tuple[list[str], float]:
    """Which of the tests pass without a mutant, in a process of their own, and seconds."""
    every = sorted({name for mutant in order["mutants"] for name in mutant["tests"]})
    started = time.monotonic()
    with tempfile.TemporaryFile() as answer:
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                seen = Failures()
                pytest.main([*flags, *every], plugins=[*plugins, seen])
                send(answer.fileno(), [name for name in seen.passed if name not in set(seen.failed)])
                status = 0
            finally:
                os._exit(status)
        status = ending(pid, order["seconds"])
        answer.seek(0)
        data = answer.read() if status == 0 else b""
    return (json.loads(data) if data.endswith(b"\n") else []), time.monotonic() - started


def attempt(
    mutant: dict[str, Any], tests: list[str], flags: list[str], plugins: Any, seconds: float, left: float
) -> dict[str, Any]:
    """Whether the tests notice one mutant. A crash and a run that does not end are noticed too."""
    path = Path(mutant["path"])
    original = path.read_bytes()
    try:
        path.write_bytes(mutant["text"].encode("utf-8", "surrogateescape"))
        pid = os.fork()
        if pid == 0:
            try:
                status = int(pytest.main([*flags, "-x", *tests], plugins=list(plugins)))
            except BaseException:  # noqa: BLE001 - whatever it is, somebody noticed
                status = 1
            os._exit(status)
        allowed = seconds * FACTOR + SLACK
        status = ending(pid, min(allowed, left))
    finally:
        path.write_bytes(original)
    if status is None and left < allowed:
        return {"result": "untried"}
    return {"result": "survived" if status == 0 else "killed"}


def ending(pid: int, seconds: float) -> Any:
    """Exit status of a child, minus a signal; `None` when it did not end in time and was killed."""
    limit = time.monotonic() + seconds
    while True:
        done, raw = os.waitpid(pid, os.WNOHANG)
        if done:
            return -os.WTERMSIG(raw) if os.WIFSIGNALED(raw) else os.WEXITSTATUS(raw)
        if time.monotonic() > limit:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return None
        time.sleep(POLL)


def send(sink: int, record: Any) -> None:
    """One line."""
    data = memoryview(json.dumps(record).encode() + b"\n")
    while data:
        data = data[os.write(sink, data) :]
