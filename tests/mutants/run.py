"""Tries the faults of a room: those in functions in one session, those of imports each in a process of its own."""

import os
import random
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import hypothesis
import pytest

from tests.mutants.faults import Fault, faults
from tests.mutants.imported import prepare, tried_at_import
from tests.mutants.results import Fate, Result
from tests.mutants.rooms import Room, source
from tests.mutants.session import FLAGS, Functions, Map, Session, mapped, tried

_BROKEN = 3
Tell = Callable[[Result], None]


def room_faults(room: Room) -> list[Fault]:
    """Every fault of a room."""
    return [each for path in room.modules() for each in faults(path, source(path))]


def chosen(every: Sequence[Fault], size: int, seed: int) -> list[Fault]:
    """A sample in which each is as likely as the other; all when the size is 0."""
    if not size or size >= len(every):
        return list(every)
    places = random.Random(seed).sample(range(len(every)), size)  # noqa: S311 - a sample, no secret
    return [every[place] for place in sorted(places)]


def try_all(room: Room, wanted: Sequence[Fault], tell: Tell) -> None:
    """Try each fault, and tell what became of it."""
    prepare()
    _quick_hypothesis()
    with tempfile.TemporaryDirectory() as folder:
        known, left = Path(folder) / "map.json", Path(folder) / "left"
        # The session is a fork, so that this process stays one that has imported nothing of the room.
        pid = os.fork()
        if pid == 0:
            try:
                os._exit(_session(room, wanted, known, left, tell))
            finally:
                os._exit(_BROKEN)
        if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
            raise SystemExit(f"the session of {room.name} did not come to its end")
        keys = set(left.read_text().split())
        tests = Map.read(known)
    for fault in wanted:
        if fault.key in keys:
            names = tests.of(fault)
            tell(tried_at_import(fault, names, tests.allowed(names)))


def _quick_hypothesis() -> None:
    """The same examples in every run; the first that fails is enough."""
    hypothesis.settings.register_profile(
        "mutants",
        database=None,
        deadline=None,
        derandomize=True,
        max_examples=25,
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    hypothesis.settings.load_profile("mutants")


def _session(room: Room, wanted: Sequence[Fault], known: Path, left: Path, tell: Tell) -> int:
    parent = os.getppid()

    def work(session: Session) -> None:
        tests, functions, keys = mapped(session, room, known), Functions(room), list[str]()
        for name in tests.broken:
            sys.stderr.write(f"left out, as it fails without any fault: {name}\n")
        for fault in wanted:
            if os.getppid() != parent:
                os._exit(_BROKEN)  # whoever started it was stopped
            result = _in_function(session, functions, tests, fault) if fault.function else None
            if result is None:
                keys.append(fault.key)
            else:
                tell(result)
        left.write_text(" ".join(keys))

    return int(pytest.main([*FLAGS, *room.tests], plugins=[Session(work)]))


def _in_function(session: Session, functions: Functions, tests: Map, fault: Fault) -> Result | None:
    names = tests.of(fault)
    if not names:
        return Result.of(fault, Fate.UNCOVERED)
    return tried(session, functions, fault, names, tests.allowed(names))
