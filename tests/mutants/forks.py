"""Runs something in a fork of this process, with bounds, and leaves nothing of it behind."""

import os
import resource
import shutil
import signal
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_NOTICED = 1
_MEMORY = 6 << 30
_WALL = 20
"""Seconds on the clock for each second of the processor, at most: others may use this machine."""
_POLL = 0.002
Say = Callable[[str], None]
"""Ends the fork at once with a word to whoever started it."""


@dataclass(frozen=True)
class Ended:
    """How a fork ended."""

    well: bool
    """It came to its end."""
    timeout: bool = False
    said: str = ""


def run_apart(work: Callable[[Say], object], seconds: float) -> Ended:
    """Run `work` in a fork that may use so many seconds of the processor."""
    folder = Path(tempfile.mkdtemp(prefix="mutant-"))
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _child(work, writing, folder, seconds)
    os.close(writing)
    try:
        status, timeout = _ending(pid, seconds * _WALL)
        with os.fdopen(reading, encoding="utf-8", errors="replace") as pipe:
            said = pipe.read(2000)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Ended(status == 0, timeout or status == -signal.SIGPROF, said)


def _child(work: Callable[[Say], object], writing: int, folder: Path, seconds: float) -> None:
    def say(word: str) -> None:
        os.write(writing, word.encode()[:1000])
        os._exit(_NOTICED)

    try:
        os.setsid()
        os.environ["PYTEST_DEBUG_TEMPROOT"] = os.environ["TMPDIR"] = str(folder)
        tempfile.tempdir = None
        with Path(os.devnull).open("w+b") as nothing:
            for number in (0, 1, 2):
                os.dup2(nothing.fileno(), number)
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, seconds)
        work(say)
    except BaseException:  # noqa: BLE001 - whatever it is, somebody noticed
        say(traceback.format_exc(limit=-3))
    os._exit(0)


def _ending(pid: int, seconds: float) -> tuple[int, bool]:
    """Exit status, minus a signal; and whether the clock ended it. What it had started ends with it."""
    limit, timeout = time.monotonic() + seconds, False
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if timeout := time.monotonic() > limit:
            break
        time.sleep(_POLL)
    with suppress(ProcessLookupError):  # it may have ended before it led a group
        os.killpg(pid, signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), timeout
