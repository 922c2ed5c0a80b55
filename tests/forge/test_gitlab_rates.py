"""Budgets, pauses and waits, without a server."""

import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_factory.errors import ForgeError
from ci_factory.forge.gitlab.rates import (
    LONGEST_DELAY,
    WINDOW,
    Budget,
    Kind,
    Pace,
    Pauses,
    delay,
    kind_of,
    told_wait,
)
from ci_factory.model.forge_settings import Rates
from ci_factory.system.clock import ManualClock, SystemClock

START = datetime(2026, 3, 2, 18, tzinfo=UTC)
NOW = START.timestamp()


@given(st.integers(1, 5), st.lists(st.floats(0, 50), min_size=1, max_size=60))
def test_no_minute_has_more_than_its_budget(limit: int, gaps: list[float]) -> None:
    """However requests come, every 60 s after any of them hold at most the limit; and none waits without need."""
    clock = ManualClock(START)
    budget, went = Budget(limit, clock), list[float]()
    for gap in gaps:
        clock.sleep(gap)
        wait = budget.take()
        assert wait == 0 or len([moment for moment in went if moment > clock.monotonic() - WINDOW]) >= limit
        clock.sleep(wait)
        went.append(clock.monotonic())
    for moment in went:
        assert sum(moment <= other < moment + 60 for other in went) <= limit


def test_budget_holds_for_all_threads_together() -> None:
    """Threads that ask at the same time get places one after another."""
    budget, places, lock = Budget(10, SystemClock()), [], threading.Lock()
    began = time.monotonic()

    def take() -> None:
        for _ in range(10):
            wait = budget.take()
            with lock:
                places.append(round((time.monotonic() - began + wait) / WINDOW))

    threads = [threading.Thread(target=take) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(places) == dict.fromkeys(range(5), 10)


def test_no_limit_never_waits() -> None:
    """`None` is no limit."""
    budget = Budget(None, ManualClock(START))
    assert {budget.take() for _ in range(1000)} == {0.0}


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("POST", "/projects/1/issues/2/notes", Kind.NOTE),
        ("POST", "/projects/1/merge_requests/2/discussions", Kind.NOTE),
        ("POST", "/projects/1/merge_requests/2/discussions/abc/notes", Kind.NOTE),
        ("POST", "/projects/1/issues", Kind.ISSUE),
        ("POST", "/projects/1/merge_requests", Kind.REQUEST),
        ("PUT", "/projects/1/issues/2/notes/3", Kind.REQUEST),
        ("GET", "/projects/1/issues/2/notes", Kind.REQUEST),
    ],
)
def test_only_creations_are_counted_apart(method: str, path: str, kind: Kind) -> None:
    """GitLab limits new notes, threads and issues, not their updates or reading."""
    assert kind_of(method, f"https://gitlab.example/api/v4{path}") is kind


def http_date(seconds: float) -> str:
    return format_datetime(START + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "30"}, 30),
        ({"retry-after": " 0 "}, 0),
        ({"retry-after": http_date(90)}, 90),
        ({"retry-after": http_date(-90)}, 0),
        ({"retry-after": http_date(3690), "date": http_date(3600)}, 90),
        ({"ratelimit-reset": str(int(NOW) + 45)}, 45),
        ({"ratelimit-reset": str(int(NOW) + 3645), "date": http_date(3600)}, 45),
        ({"ratelimit-reset": "45"}, 45),
        ({"retry-after": "5", "ratelimit-reset": str(int(NOW) + 45)}, 5),
        ({"retry-after": "soon", "ratelimit-reset": "45"}, 45),
        ({}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "1e9"}, None),
        ({"retry-after": "٣٠"}, None),
        ({"retry-after": "9" * 5000}, None),
        ({"ratelimit-reset": "nan"}, None),
    ],
)
def test_what_a_server_says_about_waiting(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds or a date, before the reset; by the server's clock where it shows one; nonsense is silence."""
    assert told_wait(headers, NOW) == seconds


@given(st.dictionaries(st.sampled_from(["retry-after", "ratelimit-reset", "date"]), st.text()))
def test_no_header_breaks_the_reading(headers: dict[str, str]) -> None:
    """Whatever stands there, the answer is a wait that is not negative, or none."""
    told = told_wait(headers, NOW)
    assert told is None or told >= 0


@given(st.integers(1, 10_000), st.integers())
def test_jitter_is_full_and_bounded(tries: int, seed: int) -> None:
    """A wait lies between nothing and a delay that doubles to a minute; the seed decides it."""
    first, second = (Pace(Rates(), ManualClock(START), seed, None) for _ in range(2))
    wait = first.jitter(tries)
    assert 0 <= wait <= delay(tries) <= LONGEST_DELAY
    assert wait == second.jitter(tries)
    assert delay(tries + 1) in {2 * delay(tries), LONGEST_DELAY}


def test_pauses_that_overlap_count_once() -> None:
    """Threads that are all told to wait the same minute use up one minute of the bound."""
    clock = ManualClock(START)
    pauses = Pauses(Rates(total_wait_minutes=2), clock)
    for _ in range(10):
        pauses.begin(Kind.REQUEST, 60)
    clock.sleep(30)
    pauses.begin(Kind.REQUEST, 10)
    assert pauses.left(Kind.REQUEST) == 30
    clock.sleep(30)
    pauses.begin(Kind.REQUEST, 60)
    clock.sleep(60)
    with pytest.raises(ForgeError, match="made us wait 120 s"):
        pauses.begin(Kind.REQUEST, 1)


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), max_size=30))
def test_pauses_are_never_longer_than_the_bound(steps: list[tuple[float, float]]) -> None:
    """Whatever is asked for, the time in which nothing may go is at most the bound."""
    clock, paused = ManualClock(START), 0.0
    pauses = Pauses(Rates(longest_wait_minutes=1, total_wait_minutes=3), clock)
    for idle, seconds in steps:
        left = pauses.left(Kind.REQUEST)
        paused += min(left, idle)
        clock.sleep(idle)
        try:
            pauses.begin(Kind.REQUEST, seconds)
        except ForgeError:
            continue
    assert paused + pauses.left(Kind.REQUEST) <= 180.1


def test_pause_of_one_kind_leaves_the_others() -> None:
    """Creations of notes wait alone; a pause of requests holds everything."""
    pauses = Pauses(Rates(), ManualClock(START))
    pauses.begin(Kind.NOTE, 60)
    assert [pauses.left(kind) for kind in Kind] == [0, 60, 0]
    pauses.begin(Kind.REQUEST, 30)
    assert [pauses.left(kind) for kind in Kind] == [30, 60, 30]


def test_waits_of_two_processes_differ() -> None:
    """Another seed spreads the same 429 differently, and neither comes back early."""
    waits = set()
    for seed in (1, 2, 3, 500, 999):
        clock = ManualClock(START)
        pace = Pace(Rates(), clock, seed, None)
        pace.limited(Kind.REQUEST, {"retry-after": "20"}, 1)
        pace.enter(Kind.REQUEST)
        waits.add(clock.monotonic())
    assert len(waits) == 5
    assert all(20 <= wait <= 22 for wait in waits)


def test_bound_may_be_asked_for_exactly() -> None:
    """A wait as long as the longest allowed is allowed, whatever is added to spread it."""
    clock = ManualClock(START)
    pace = Pace(Rates(longest_wait_minutes=1), clock, 0, None)
    pace.limited(Kind.REQUEST, {"retry-after": "60"}, 1)
    pace.enter(Kind.REQUEST)
    assert clock.monotonic() == 60
