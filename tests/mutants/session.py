"""One pytest session that collects the tests of a room once, and forks for each fault a process that runs some of them.

A fault inside of a function is put into the functions that are already there: a fork takes milliseconds. A fault in what
runs while its module is imported needs a process that has not imported it (see `imported.py`).
"""

import gc
import json
import os
import types
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import coverage
import pytest

from tests.mutants.faults import Fault
from tests.mutants.forks import Ended, Say, run_apart
from tests.mutants.results import Fate, Result
from tests.mutants.rooms import Room, file_of, source

FLAGS = (
    "--override-ini=addopts=--import-mode=importlib",
    "--override-ini=timeout=0",
    "-mnot agents and not long and not browser",
    "--capture=no",
    "--quiet",
    "--no-header",
    "--no-summary",
    "-pno:cacheprovider",
    "-Wignore::pytest.PytestAssertRewriteWarning",
)
_MAP = 3600.0
"""Seconds for all tests of a room."""
_PER_FAULT = 3.0
"""Seconds of tests that are run for one fault: what only slower tests would notice counts as not noticed."""
_OTHER_PROCESSES = {"factory_cli"}
"""Fixtures that run our code in a process that does not know the fault."""


@dataclass(frozen=True)
class Map:
    """How many seconds of the processor each test takes, and which lines it runs."""

    seconds: Mapping[str, float]
    ran: Mapping[str, Mapping[int, frozenset[str]]]
    """By path, by line."""
    broken: tuple[str, ...] = ()
    """Tests that fail without any fault; they say nothing and are left out."""

    @classmethod
    def read(cls, path: Path) -> "Map":
        """As it stands in a file."""
        told = json.loads(path.read_text(encoding="utf-8"))
        broken = frozenset(told["failed"])
        ran = {
            path: {int(line): frozenset(names) - broken for line, names in lines.items()}
            for path, lines in told["ran"].items()
        }
        seconds = {name: each for name, each in told["seconds"].items() if name not in broken}
        return cls(seconds, ran, tuple(sorted(broken)))

    def of(self, fault: Fault) -> list[str]:
        """The tests that run the place, the quickest first; of a module, those that run any of its lines."""
        lines = self.ran.get(fault.mutant.path, {})
        places = {fault.mutant.line, fault.mutant.statement} if fault.function else set(lines)
        names = {name for line in places for name in lines.get(line, ())}
        if not lines and not fault.function:
            names = set(self.seconds)  # constants: nothing of it runs later, and anybody may use them
        quickest = sorted(names, key=lambda name: (self.seconds[name], name))
        taken = accumulate(self.seconds[name] for name in quickest)
        return [
            name for name, seconds in zip(quickest, taken, strict=True) if seconds <= _PER_FAULT
        ] or quickest[:1]

    def allowed(self, tests: Iterable[str]) -> float:
        """Seconds of the processor that these tests may take with a fault."""
        return 2 + 5 * sum(self.seconds[name] for name in tests)


class Session:
    """The pytest plugin: it takes the place of pytest's loop over the tests."""

    def __init__(self, work: Callable[["Session"], None]) -> None:
        self._work = work
        self.items: dict[str, pytest.Item] = {}

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Do the work instead of running the tests."""
        if session.testsfailed:
            raise SystemExit("the tests can't be collected")
        self.items = {
            each.nodeid: each
            for each in session.items
            if not _OTHER_PROCESSES & set(getattr(each, "fixturenames", ()))
        }
        self._work(self)
        return True

    def run(
        self, names: Iterable[str], seen: "Outcome", before: Callable[[str], object] | None = None
    ) -> None:
        """Run tests in this process."""
        chosen = [self.items[name] for name in names]
        chosen[0].config.pluginmanager.register(seen)
        for item, following in zip(chosen, [*chosen[1:], None], strict=True):
            if before:
                before(item.nodeid)
            started = _processor()
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            seen.seconds[item.nodeid] = _processor() - started


def _processor() -> float:
    """Seconds of this process and of those that it waited for; the clock would count what others do on the machine."""
    return sum(os.times()[:4])


class Outcome:
    """A plugin that tells which tests fail, and keeps the seconds of each."""

    def __init__(self, failed: Callable[[str], None]) -> None:
        self._failed = failed
        self.seconds: dict[str, float] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note it."""
        if report.failed:
            self._failed(report.nodeid)


def mapped(session: Session, room: Room, answer: Path) -> Map:
    """Run every test once, in a process of its own; the map stays in the file `answer`."""
    ended = run_apart(lambda _: answer.write_text(json.dumps(_measured(session, room))), _MAP)
    if not ended.well:
        raise SystemExit(f"the tests of {room.name} did not run to their end: {ended.said}")
    return Map.read(answer)


def _measured(session: Session, room: Room) -> dict[str, object]:
    modules, failed = list(room.modules()), list[str]()
    include = [file_of(each) for each in modules]
    measure = coverage.Coverage(None, include=include, config_file=False)
    measure.start()
    seen = Outcome(failed.append)
    session.run(session.items, seen, measure.switch_context)
    measure.stop()
    data = measure.get_data()
    ran = {
        path: {line: [name for name in names if name] for line, names in found.items()}
        for path in modules
        if (found := data.contexts_by_lineno(file_of(path)))
    }
    return {"seconds": seen.seconds, "failed": failed, "ran": ran}


class Functions:
    """The functions of a room that are alive in this process."""

    def __init__(self, room: Room) -> None:
        files = {file_of(path): path for path in room.modules()}
        self._found: dict[tuple[str, str], list[types.FunctionType]] = defaultdict(list)
        for each in gc.get_objects():
            if isinstance(each, types.FunctionType) and each.__code__.co_filename in files:
                self._found[files[each.__code__.co_filename], each.__code__.co_qualname].append(each)

    def with_fault(self, fault: Fault) -> Callable[[], None] | None:
        """What puts the fault into them; `None` when it can't be put there while the program runs."""
        path = fault.mutant.path
        whole = compile(fault.mutant.applied(source(path)), file_of(path), "exec")
        code = next((each for each in _codes(whole) if each.co_qualname == fault.function), None)
        found = self._found.get((path, fault.function), [])
        if code is None or not found or any(each.__code__.co_freevars != code.co_freevars for each in found):
            return None

        def put() -> None:
            for each in found:
                each.__code__ = code

        return put


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            yield each
            yield from _codes(each)


def tried(
    session: Session, functions: Functions, fault: Fault, tests: Sequence[str], seconds: float
) -> Result | None:
    """Run these tests with a fault inside of a function; `None` when it can't be put there."""
    put = functions.with_fault(fault)
    if put is None:
        return None

    def work(say: Say) -> None:
        put()
        session.run(tests, Outcome(say))

    return judged(fault, run_apart(work, seconds))


def judged(fault: Fault, ended: Ended) -> Result:
    """What became of a fault."""
    if ended.timeout:
        return Result.of(fault, Fate.TIMEOUT)
    return Result.of(fault, Fate.SURVIVED if ended.well else Fate.KILLED, ended.said)
