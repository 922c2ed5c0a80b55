"""A ticket that is worked on by itself, as in a job of its own: it sleeps with its credential where the job has time."""

import zlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from ci_factory.model.batch import PlannedTicket
from ci_factory.system import ci_env
from ci_factory.work.failure_policy import Suspended
from ci_factory.workflow.breakers import asleep_words
from ci_factory.workflow.stations import Bench

_SLICE_SECONDS = 30.0
"""A person's stop is noticed this soon."""
_ROOM = timedelta(minutes=2)
"""For what a job does after its agent."""
_UNTOLD = timedelta(minutes=10)
"""How long to wait in a job whose end nobody tells."""
T = TypeVar("T")


def patiently(bench: Bench, planned: PlannedTicket, work: Callable[[], T]) -> T:
    """Call `work`, which works on this ticket, and again after each quota stop, until it brings something.

    Where the wait does not fit, `work` is called once more with the ticket put off, and brings it as deferred.
    """
    stops = 0
    while True:
        try:
            return work()
        except Suspended as rest:
            stops += 1
            _rest(bench, planned, rest, stops)


def _rest(bench: Bench, planned: PlannedTicket, rest: Suspended, stops: int) -> None:
    shop, failure = bench.factory, rest.failure
    now = shop.clock.now()
    # jobs know nothing of each other, so that not all of them ask again in the same second
    wakes = (failure.wake_at or now) + timedelta(seconds=1 + zlib.crc32(planned.id.encode()) % 10)
    words = asleep_words(failure.credential, wakes, now)
    shop.progress.stage("quota", words)
    if stops > shop.config.failures.quota_stops or not _fits(bench, wakes, now):
        bench.put_off[planned.id] = words
        return
    while (left := (wakes - shop.clock.now()).total_seconds()) > 0 and shop.halt(planned.id) is None:
        shop.clock.sleep(min(left, _SLICE_SECONDS))


def _fits(bench: Bench, wakes: datetime, now: datetime) -> bool:
    settings = bench.factory.config.failures
    if settings.quota == "defer" or wakes > now + timedelta(minutes=settings.longest_wait_minutes):
        return False
    if not ci_env.in_job():
        return True
    ends, agent = ci_env.job_ends(), timedelta(seconds=bench.batch.limits.timeout_seconds)
    return wakes + agent + _ROOM <= ends if ends is not None else wakes <= now + _UNTOLD
