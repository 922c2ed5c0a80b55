"""A pytest plugin: every test has a time limit, and running out of it can't lock the coverage tracer up.

A signal may arrive while the tracer holds its lock. Leaving by an exception there would leave the lock held, every later
test would hang on it, and in the end the process: so the alarm waits until the tracer is out of the way. Works with
pytest-timeout, whose alarm it then guards, and without it. Loaded by name into the project's interpreter; stands alone.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any, Callable, Iterator  # noqa: UP035 - old interpreters

import pytest

AGAIN = 1.0
"""Seconds after which a test that swallowed the alarm gets it again."""
SOON = 0.005
"""Seconds until an alarm that came at a bad moment is tried again."""

Handler = Callable[[int, Any], Any]


def in_tracer(frame: FrameType | None) -> bool:
    """Whether the coverage tracer was called by the code of a test; below pytest, coverage itself is always there."""
    coverage = getattr(sys.modules.get("coverage"), "__file__", None)
    pytest_folder = str(Path(pytest.__file__).parent.parent / "_pytest")
    while frame is not None and not frame.f_code.co_filename.startswith(pytest_folder):
        if coverage and Path(coverage).parent == Path(frame.f_code.co_filename).parent:
            return True
        frame = frame.f_back
    return False


def guarded(handler: Handler) -> Handler:
    """The same handler, at a moment when it may raise."""

    def wait_or_handle(number: int, frame: FrameType | None) -> None:
        if in_tracer(frame):
            signal.setitimer(signal.ITIMER_REAL, SOON, AGAIN)
        else:
            handler(number, frame)

    return wait_or_handle


@pytest.hookimpl
def pytest_addoption(parser: pytest.Parser) -> None:
    """Say how long a test may take."""
    parser.addoption("--ci-factory-seconds", type=float, default=60.0, help="time limit of each test")


@pytest.hookimpl(hookwrapper=True, trylast=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Limit the fixtures."""
    yield from limited(item)


@pytest.hookimpl(hookwrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Limit the test."""
    yield from limited(item)


@pytest.hookimpl(hookwrapper=True, trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Limit the end of fixtures."""
    yield from limited(item)


def limited(item: pytest.Item) -> Iterator[None]:
    """Arm an alarm around a phase, or guard the one that is armed already."""
    seconds: float = item.config.getoption("--ci-factory-seconds")

    def out_of_time(number: int, frame: FrameType | None) -> None:
        del number, frame
        pytest.fail(f"Timeout (>{seconds:g}s)")

    before = signal.getsignal(signal.SIGALRM)
    foreign = callable(before) and signal.getitimer(signal.ITIMER_REAL)[0] > 0
    signal.signal(signal.SIGALRM, guarded(before if callable(before) and foreign else out_of_time))
    if not foreign:
        signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        yield
    finally:
        if not foreign:
            signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
