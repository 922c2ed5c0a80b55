"""The only place that starts processes."""

import math
import os
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from ci_factory.errors import ToolMissing

OUTPUT_LIMIT = 4 * 1024 * 1024
"""Bytes of stdout and of stderr that are kept of one process."""

_NICENESS = 10
_LOOK_SECONDS = 1.0
_manners = threading.local()
_alive: set[int] = set()
_alive_lock = threading.Lock()


@dataclass(frozen=True)
class Completed:
    """What a process left behind. Output is decoded as UTF-8, wrong bytes replaced, and cut at the limit."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str
    seconds: float
    timed_out: bool = False
    stopped: str = ""
    """Why whoever watched it had it killed; empty: nobody did."""
    written: int = 0
    """Bytes of stdout and stderr before they were cut."""

    @property
    def ok(self) -> bool:
        """Whether it ended by itself with status 0."""
        return self.returncode == 0 and not self.timed_out and not self.stopped


class Conversation(Protocol):
    """A program that answers each line on its standard input before it is given the next."""

    def ask(self, line: bytes) -> bytes:
        """The first line of the answer, without its end; empty when the program is gone."""

    def more(self, size: int) -> bytes:
        """So many bytes more of the answer; fewer when the program is gone."""


class Player(Protocol):
    """Plays programs in this process, so that a simulated night starts none; `None` leaves one to the system."""

    def run(
        self, argv: Sequence[str], cwd: Path | None, env: Mapping[str, str] | None, stdin: bytes | None
    ) -> Completed | None:
        """What the program would have left behind."""

    def conversation(self, argv: Sequence[str], cwd: Path) -> Conversation | None:
        """The program, as one that answers line by line."""


_players: list[Player] = []


@contextmanager
def played_by(player: Player) -> Iterator[None]:
    """Until the block ends, every program that is started, by whatever thread, is offered to `player` first."""
    _players.append(player)
    try:
        yield
    finally:
        _players.remove(player)


class Stopwatch:
    """Seconds since it was made, whatever the clock on the wall does."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def seconds(self) -> float:
        """How long it has been."""
        return time.monotonic() - self._start


def run(  # noqa: PLR0913 - each is a plain setting of one process
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    timeout: float | None = None,
    limit: int = OUTPUT_LIMIT,
    tethered: bool = False,
    pass_fds: Sequence[int] = (),
    watch: Callable[[int], str] | None = None,
) -> Completed:
    """Run a program in a process group of its own and kill the whole group when it is done or late.

    `env` replaces the environment; `None` inherits ours. `timeout` is in seconds. A time-out is told in the
    result, not raised. A `tethered` process group is killed as well when we ourselves are killed, however that happens.
    `pass_fds` are open file descriptors of ours that it inherits under the same numbers; all others are closed.
    `watch` is asked every second, with the bytes of output so far, why to kill it now; an empty word lets it go on.

    Raises:
        ToolMissing: there is no such program.
    """
    for player in _players:
        if (played := player.run(argv, cwd, env, stdin)) is not None:
            return played
    started = time.monotonic()
    with _given(stdin) as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = _start(argv, cwd, env, given, out, err, pass_fds)
        timed_out, stopped = False, ""
        tether = _Tether(process.pid) if tethered else None
        try:
            if watch is None:
                timed_out = not _ended(process, timeout)
            else:
                timed_out, stopped = _watched(process, timeout, lambda: watch(_size(out) + _size(err)))
        finally:
            _kill_group(process.pid)
            if tether is not None:
                tether.cut()
            returncode = process.wait()
            with _alive_lock:
                _alive.discard(process.pid)
        seconds = time.monotonic() - started
        said = (_read(out, limit), _read(err, limit))
        written = _size(out) + _size(err)
        return Completed(tuple(argv), returncode, *said, seconds, timed_out, stopped, written)


@dataclass(frozen=True)
class _Pipes:
    """A conversation with a process."""

    _process: subprocess.Popen[bytes]

    def ask(self, line: bytes) -> bytes:
        """The first line of the answer, without its end; empty when the program is gone."""
        assert self._process.stdin is not None  # noqa: S101 - for the type checker: both are pipes
        assert self._process.stdout is not None  # noqa: S101 - the same
        try:
            self._process.stdin.write(line + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return b""
        return self._process.stdout.readline().rstrip(b"\n")

    def more(self, size: int) -> bytes:
        """So many bytes more of the answer; fewer when the program is gone."""
        assert self._process.stdout is not None  # noqa: S101 - for the type checker
        return self._process.stdout.read(size)


@contextmanager
def conversation(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> Iterator[Conversation]:
    """Start a program that answers line by line, and end it: one start instead of one for each question.

    Raises:
        ToolMissing: there is no such program.
    """
    for player in _players:
        if (played := player.conversation(argv, cwd)) is not None:
            yield played
            return
    process = _start(argv, cwd, env, subprocess.PIPE, subprocess.PIPE, subprocess.DEVNULL, ())
    try:
        yield _Pipes(process)
    finally:
        _kill_group(process.pid)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()
        process.wait()
        with _alive_lock:
            _alive.discard(process.pid)


@contextmanager
def yielding() -> Iterator[None]:
    """Programs that this thread starts meanwhile give way to others: what everybody waits for runs undisturbed."""
    before = getattr(_manners, "niceness", 0)
    _manners.niceness = _NICENESS
    try:
        yield
    finally:
        _manners.niceness = before


@contextmanager
def _given(stdin: bytes | None) -> Iterator[IO[bytes] | None]:
    """Standard input as a file: no pipe that one side waits at."""
    if stdin is None:
        yield None
        return
    with tempfile.TemporaryFile() as file:
        file.write(stdin)
        file.seek(0)
        yield file


def _ended(process: subprocess.Popen[bytes], timeout: float | None) -> bool:
    """Wait for its end, at most `timeout` seconds; whether it came. Not by looking again and again, as `Popen.wait` does."""
    if timeout is None:
        # the process stays a zombie, so that its number is its own until the group is killed
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        return True
    descriptor = os.pidfd_open(process.pid)
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(math.ceil(timeout * 1000)))
    finally:
        os.close(descriptor)


def _watched(
    process: subprocess.Popen[bytes], timeout: float | None, look: Callable[[], str]
) -> tuple[bool, str]:
    """Wait for its end, a time-out, or somebody's reason to end it: (timed out, the reason)."""
    end = math.inf if timeout is None else time.monotonic() + timeout
    while True:
        left = end - time.monotonic()
        if _ended(process, max(0.0, min(left, _LOOK_SECONDS))):
            return False, ""
        if left <= _LOOK_SECONDS:
            return True, ""
        if why := look():
            return False, why


def _size(stream: IO[bytes]) -> int:
    return os.fstat(stream.fileno()).st_size


def _start(
    argv: Sequence[str],
    cwd: Path | None,
    env: Mapping[str, str] | None,
    stdin: IO[bytes] | int | None,
    out: IO[bytes] | int,
    err: IO[bytes] | int,
    pass_fds: Sequence[int],
) -> subprocess.Popen[bytes]:
    try:
        process = subprocess.Popen(  # noqa: S603 - argv is a list, no shell; callers build it from fixed words
            list(argv),
            cwd=cwd,
            env=None if env is None else dict(env),
            stdin=subprocess.DEVNULL if stdin is None else stdin,
            stdout=out,
            stderr=err,
            start_new_session=True,
            pass_fds=pass_fds,
        )
    except FileNotFoundError as error:
        if cwd is not None and not cwd.is_dir():
            raise
        raise ToolMissing(
            f"{argv[0]} is not installed", fix=f"install {argv[0]} or put it on PATH"
        ) from error
    with _alive_lock:
        _alive.add(process.pid)
    if niceness := getattr(_manners, "niceness", 0):
        _give_way(process.pid, niceness)
    return process


def _give_way(pid: int, niceness: int) -> None:
    """Lower a program's priority, and that of its session: where Linux groups by sessions, only the latter counts."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, niceness)
        Path(f"/proc/{pid}/autogroup").write_text(str(niceness), encoding="ascii")


class _Tether:
    """A small shell that waits for our end of a pipe to close, which the kernel does when we die, and kills a group."""

    _SCRIPT = 'read -r _; kill -s KILL -- "-$1"'

    def __init__(self, group: int) -> None:
        self._shell = subprocess.Popen(  # noqa: S603 - fixed words and a number of our own
            ["/bin/sh", "-c", self._SCRIPT, "tether", str(group)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.defpath},
            start_new_session=True,
        )

    def cut(self) -> None:
        """End the shell before its pipe closes: the group's number may soon be somebody else's."""
        self._shell.kill()
        self._shell.wait()
        if self._shell.stdin is not None:
            self._shell.stdin.close()


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _read(stream: IO[bytes], limit: int) -> str:
    stream.seek(0)
    return stream.read(limit).decode("utf-8", "replace")


def kill_all() -> None:
    """Kill every process group that is still running; for the moment when a person interrupts us."""
    with _alive_lock:
        groups = list(_alive)
    for group in groups:
        _kill_group(group)


def which(program: str, *, beside: str | None = None) -> str | None:
    """Path of a program: first beside the given interpreter (a virtual environment's bin), then on PATH."""
    if beside is not None:
        candidate = Path(beside).parent / program
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return str(candidate)
    return shutil.which(program)
