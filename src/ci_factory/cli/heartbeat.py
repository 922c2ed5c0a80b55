"""Signs of life: a line now and then in the log of a job, which GitLab kills after an hour of silence; a clock on a terminal."""

import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from ci_factory.system import ci_env
from ci_factory.system.clock import Clock, SystemClock

EVERY_SECONDS = 240.0
"""Between two lines; at least one in five minutes, with room for a busy machine."""
PATIENCE_SECONDS = 2.0
"""So long nobody wonders what goes on."""
_TICK_SECONDS = 0.25
_CLEARED = "\r\x1b[2K"
_TURNS = "|/-\\"


def is_watched() -> bool:
    """Whether somebody sits before stderr: a terminal that can redraw a line, and no job of a CI system."""
    return sys.stderr.isatty() and not ci_env.in_job() and ci_env.variable("TERM") != "dumb"


@contextmanager
def beating(
    what: str,
    so_far: Callable[[], str] = str,
    *,
    every: float = EVERY_SECONDS,
    clock: Clock | None = None,
    drawn: bool = True,
) -> Iterator[None]:
    """While the block runs, print a line on stderr every so many seconds in a CI job; on a terminal, show what goes on.

    `what`, and what `so_far` answers before each line, is in our own words: nothing that an agent, a tool or a ticket said
    goes into the line. `drawn`: nothing else draws on the terminal meanwhile.
    """
    time = clock or SystemClock()
    if ci_env.in_job():
        with _beside(lambda done: _beat(what, so_far, every, time, done)):
            yield
    elif drawn and is_watched():
        with _beside(lambda done: _turn(what, time, done)):
            yield
    else:
        yield


@contextmanager
def _beside(work: Callable[[threading.Event], None]) -> Iterator[None]:
    """Run something in a thread of its own, until the block ends."""
    done = threading.Event()
    thread = threading.Thread(target=work, args=(done,), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _beat(what: str, so_far: Callable[[], str], every: float, clock: Clock, done: threading.Event) -> None:
    started = clock.monotonic()
    while not done.wait(every):
        minutes = f"for {(clock.monotonic() - started) / 60:.0f} min so far"
        click.echo(f"[heartbeat] {', '.join(filter(None, (what, minutes, _answer(so_far))))}", err=True)


def _answer(so_far: Callable[[], str]) -> str:
    try:
        return so_far()
    except Exception:  # noqa: BLE001 - whatever can't be told must not end the signs of life, and with them the job
        return ""


def _turn(what: str, clock: Clock, done: threading.Event) -> None:
    """One line that is drawn again and again, and is gone in the end."""
    started = clock.monotonic()
    if done.wait(PATIENCE_SECONDS):
        return
    turn = 0
    while not done.wait(_TICK_SECONDS):
        text = f"{_TURNS[turn % len(_TURNS)]} {what}, {clock.monotonic() - started:.0f} s"
        sys.stderr.write(_CLEARED + text[: shutil.get_terminal_size().columns - 1])
        sys.stderr.flush()
        turn += 1
    sys.stderr.write(_CLEARED)
    sys.stderr.flush()
