"""Tries a sample of mutants on the tests that run the changed lines."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ci_factory.gates.protocol import Unmeasurable
from ci_factory.gates.subject import Subject
from ci_factory.gates.testing.channel import Tampered
from ci_factory.gates.testing.mutants.make import mutants, works
from ci_factory.gates.testing.mutants.mutant import Mutant
from ci_factory.gates.testing.mutants.sample import sample
from ci_factory.gates.testing.places import Place
from ci_factory.gates.testing.run import PytestRunner, import_paths, pytest_flags, workspace
from ci_factory.gates.testing.suite import Suite
from ci_factory.model.base import Json, Value

_START_SECONDS = 30
"""Allowed for the start of the process besides the time that the mutants get."""
_MAX_TESTS = 500
"""Tests for one mutant; the quickest."""


class Fault(Value):
    """A mutant that no test noticed."""

    path: str
    line: int
    said: str


class Trial(Value):
    """What became of the mutants."""

    killed: int = 0
    survivors: tuple[Fault, ...] = ()
    uncovered: tuple[Fault, ...] = ()
    """On lines that no test runs."""
    untried: int = 0
    """Out of time, or no test that passes without them."""
    problem: str = ""

    @property
    def total(self) -> int:
        """Those of which something is known."""
        return self.killed + len(self.survivors) + len(self.uncovered)

    @property
    def share(self) -> float | None:
        """Part that was noticed, 0-1; `None` when nothing is known."""
        return self.killed / self.total if self.total else None


@dataclass(frozen=True)
class _Aimed:
    """A mutant and the tests that may notice it."""

    mutant: Mutant
    tests: tuple[str, ...]


def try_mutants(
    subject: Subject, runner: PytestRunner, head: Suite, files: Sequence[str], unsteady: Collection[str]
) -> Trial:
    """Put small faults into the changed lines of these files. `unsteady` are ids of tests that say nothing.

    What could not be measured is told by `problem`.
    """
    config = subject.config.gates.tests.mutants
    if not config.sample or not files:
        return Trial()
    if head.covered is None:
        return Trial(problem="without coverage it is not known which tests run the changed lines")
    sources = {path: (subject.folder("head") / path).read_bytes() for path in files}
    every = [each for path in files for each in _in_file(subject, path, sources[path], head)]
    chosen = sample(
        every, config.sample, subject.change.head_tree, lambda each: works(each, sources[each.path])
    )
    key = {
        "tests": runner.key,
        "mutants": [[each.path, each.start, each.end, each.text] for each in chosen],
        "seconds": config.seconds,
        "unsteady": sorted(unsteady),
    }
    try:
        return subject.measure(
            "head", key, Trial, lambda: _try(subject, runner, chosen, sources, _Aim(head, unsteady))
        )
    except (Unmeasurable, Tampered) as error:
        return Trial(problem=error.what)


def _in_file(subject: Subject, path: str, source: bytes, head: Suite) -> Iterator[Mutant]:
    """Mutants on changed lines that coverage calls executable."""
    known = (head.covered or {}).get(path)
    lines = {line.number for line in subject.change.added.get(path, ())}
    executable = None if known is None else {*known.executed, *known.missing}
    for each in mutants(path, source, lines):
        if executable is None or each.statement in executable or each.line in executable:
            yield each


class _Aim:
    """Which tests run a line."""

    def __init__(self, head: Suite, unsteady: Collection[str]) -> None:
        self._head = head
        self._seconds = {case.id: case.seconds for case in head.passed if case.id not in unsteady}

    def at(self, mutant: Mutant) -> tuple[str, ...]:
        """The quickest first. A line that ran while modules were imported concerns every test that runs the file."""
        covered = self._head.covered or {}
        known = covered.get(mutant.path)
        if known is None or not {mutant.line, mutant.statement} & set(known.executed):
            return ()
        by_line: Mapping[int, tuple[str, ...]] = self._head.ran_by.get(mutant.path, {})
        names = {*by_line.get(mutant.line, ()), *by_line.get(mutant.statement, ())} & set(self._seconds)
        names = names or ({name for tests in by_line.values() for name in tests} & set(self._seconds))
        found = sorted(names or set(self._seconds), key=lambda name: (self._seconds[name], name))
        return tuple(found[:_MAX_TESTS])


def _try(
    subject: Subject, runner: PytestRunner, chosen: Sequence[Mutant], sources: Mapping[str, bytes], aim: _Aim
) -> Trial:
    aimed = [_Aimed(each, aim.at(each)) for each in chosen]
    uncovered = tuple(_fault(each.mutant) for each in aimed if not each.tests)
    aimed = [each for each in aimed if each.tests]
    results = _results(subject, runner, aimed, sources) if aimed else {}
    survivors = [each.mutant for place, each in enumerate(aimed) if results.get(place) == "survived"]
    killed = sum(result == "killed" for result in results.values())
    return Trial(
        killed=killed,
        survivors=tuple(map(_fault, survivors)),
        uncovered=uncovered,
        untried=len(aimed) - killed - len(survivors),
    )


def _results(
    subject: Subject, runner: PytestRunner, aimed: Sequence[_Aimed], sources: Mapping[str, bytes]
) -> dict[int, str]:
    config, place = subject.config.gates.tests, Place("head", "mutants")
    folder, work = place.folder(subject), workspace(subject)
    order = {
        "task": "mutants",
        "folder": str(folder),
        "paths": import_paths(folder),
        "args": [*pytest_flags(subject, folder, work, runner.python), "-q", "--tb=no"],
        "coverage": None,
        "seconds": config.mutants.seconds,
        "mutants": [_order(each, folder, sources[each.mutant.path]) for each in aimed],
    }
    answer = runner.ask(place, order, work, config.mutants.seconds + _START_SECONDS)
    if not answer.records or answer.records[0].get("steady") == []:
        raise Unmeasurable(f"the tests of the changed lines do not pass when they run alone: {answer.said}")
    return dict(_told(record) for record in answer.records if "mutant" in record)


def _order(aimed: _Aimed, folder: Path, source: bytes) -> Json:
    text = aimed.mutant.applied(source).decode("utf-8", "surrogateescape")
    return {"path": str(folder / aimed.mutant.path), "text": text, "tests": list(aimed.tests)}


def _told(record: Mapping[str, Any]) -> tuple[int, str]:
    number, result = record["mutant"], record.get("result")
    if type(number) is not int or result not in {"killed", "survived", "untried"}:
        raise Tampered("the report of the mutants holds a record that is none")
    return number, result


def _fault(mutant: Mutant) -> Fault:
    return Fault(path=mutant.path, line=mutant.line, said=mutant.said)
