"""A sign of life for the log of a job: GitLab kills one that is silent for an hour."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from ci_factory.system import ci_env
from ci_factory.system.clock import Clock, SystemClock

EVERY_SECONDS = 240.0
"""Between two lines; at least one in five minutes, with room for a busy machine."""


@contextmanager
def beating(
    what: str,
    so_far: Callable[[], str] = str,
    *,
    every: float = EVERY_SECONDS,
    clock: Clock | None = None,
) -> Iterator[None]:
    """Print a line on stderr every so many seconds while the block runs in a CI job; elsewhere nothing.

    `what`, and what `so_far` answers before each line, is in our own words: nothing that an agent, a tool or a ticket said
    goes into the line.
    """
    if not ci_env.in_job():
        yield
        return
    done, time = threading.Event(), clock or SystemClock()
    thread = threading.Thread(
        target=_beat, args=(what, so_far, every, time, done), name="heartbeat", daemon=True
    )
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
