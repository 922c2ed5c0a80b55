"""A sign of life for the log of a job: GitLab kills one that is silent for an hour."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import click

from ci_factory.system import ci_env
from ci_factory.system.clock import Clock, SystemClock

EVERY_SECONDS = 240.0
"""Between two lines; at least one in five minutes, with room for a busy machine."""


@contextmanager
def beating(what: str, *, every: float = EVERY_SECONDS, clock: Clock | None = None) -> Iterator[None]:
    """Print a line on stderr every so many seconds while the block runs in a CI job; elsewhere nothing.

    `what` is in our own words: nothing that an agent, a tool or a ticket said goes into the line.
    """
    if not ci_env.in_job():
        yield
        return
    done, time = threading.Event(), clock or SystemClock()
    thread = threading.Thread(target=_beat, args=(what, every, time, done), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _beat(what: str, every: float, clock: Clock, done: threading.Event) -> None:
    started = clock.monotonic()
    while not done.wait(every):
        click.echo(f"[heartbeat] {what}, for {(clock.monotonic() - started) / 60:.0f} min so far", err=True)
