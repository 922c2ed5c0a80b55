"""Runs a target on one input within bounds of processor time and memory; what goes beyond is a finding."""

import os
import pickle
import resource
import signal
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType

from tests.fuzz.scratch import sweep
from tests.fuzz.target import Target

CPU_SECONDS = 2.0
"""For one input, whatever its length."""
MEMORY = 768 * 1024 * 1024
"""Bytes of data beyond what the process has when it begins."""


class TooSlow(BaseException):
    """An input took longer than it may. No parser catches it."""


def tried(target: Target, data: bytes) -> str:
    """Empty, or how the parser broke its promise."""
    try:
        with _limited_time():
            target.run(data)
    except target.allowed as error:
        return "" if str(error) else f"{type(error).__name__} says nothing"
    except TooSlow:
        return f"took more than {CPU_SECONDS:g} s"
    except Exception as error:  # noqa: BLE001 - every other error is the finding
        place = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} at {place.filename.rpartition('/')[2]}:{place.lineno}: {error!s:.200}"
    return ""


def findings(target: Target, inputs: Iterable[tuple[str, bytes]]) -> list[str]:
    """What is wrong with any of the inputs, tried in a process of their own with little memory."""
    return bounded(lambda: [f"{name}: {said}" for name, data in inputs if (said := tried(target, data))])


def bounded(work: Callable[[], list[str]]) -> list[str]:
    """The work's lines, from a child that may use `MEMORY`; its death is a line too."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _answer(work, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        said = stream.read()
    _, status = os.waitpid(child, 0)
    sweep(child)
    return pickle.loads(said) if said else [f"the process died: {status}"]  # noqa: S301 - our own child wrote it


def _answer(work: Callable[[], list[str]], writer: int) -> None:
    try:
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        resource.setrlimit(resource.RLIMIT_DATA, (used + MEMORY, used + MEMORY))
        found = work()
        os.write(writer, pickle.dumps([line[:500] for line in found[:20]]))
    finally:
        os._exit(0)


@contextmanager
def _limited_time() -> Iterator[None]:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
