"""The base's own tests on the head's source: what a change does to tests can't hide what it does to the code."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from ci_factory.gates.change import is_test, is_test_module
from ci_factory.gates.subject import Subject
from ci_factory.gates.testing.files import is_test_file
from ci_factory.gates.testing.places import Place
from ci_factory.gates.testing.reaching import reaching
from ci_factory.gates.testing.runner import Runner
from ci_factory.gates.testing.suite import Suite
from ci_factory.system.git import FileChange


@dataclass(frozen=True)
class OldTests:
    """How the head's checkout is changed for it."""

    place: Place
    only: tuple[str, ...]
    """Files of the base to run; empty means all, because a helper of many changed."""


def plan(subject: Subject, base: Suite) -> OldTests | None:
    """What has to be run; `None` when the change touches no test of the base.

    Changed and deleted files of tests come back, data and conftest.py among them. New programs among the tests that are
    not tests themselves (conftest.py, modules that stand before others on the path) are left out; and all new tests where
    any file of the change reaches into other modules.
    """
    holders = {case.file for case in base.cases}
    touched = [each.old_path for each in subject.change.files if _touches(each, holders)]
    far = reaching(subject)  # what these leave behind, tests of any other file may see
    added = [
        each.path
        for each in subject.change.files
        if each.status in {"A", "R"} and (_helps(each.path) or (each.path in far and is_test(each.path)))
    ]
    helpers = [*far, *(path for path in touched if path not in holders and not is_test_module(path))]
    modules = sorted(path for path in touched if path in holders)
    if not (modules or helpers or added):
        return None
    moved = [each.path for each in subject.change.files if each.status == "R" and each.old_path in touched]
    put = tuple(subject.base_entries[path] for path in sorted(touched) if path in subject.base_entries)
    dropped = {*added, *(_new_modules(subject.change.files) if helpers or added else ()), *moved}
    place = Place("head", "old-tests", put, tuple(sorted(dropped - {entry.path for entry in put})))
    return OldTests(place, () if helpers or added else tuple(modules))


def _touches(change: FileChange, holders: set[str]) -> bool:
    return change.status != "A" and (change.old_path in holders or is_test_file(change.old_path))


def _helps(path: str) -> bool:
    """Whether a new file takes part in tests that do not ask for it."""
    place = PurePosixPath(path)
    if place.name == "conftest.py":
        return True
    inside = any(part in {"test", "tests"} for part in place.parts[:-1])
    return inside and place.suffix == ".py" and place.name != "__init__.py" and not is_test_module(path)


def _new_modules(changes: Iterable[FileChange]) -> set[str]:
    return {each.path for each in changes if each.status == "A" and is_test_module(each.path)}


def run(subject: Subject, runner: Runner, wanted: OldTests) -> Suite:
    """Run them.

    Raises:
        Unmeasurable: there is no usable result.
        Tampered: the head's source manipulated the run.
    """
    key = {"tests": runner.key, "old tests": wanted.place.key, "only": list(wanted.only)}
    only = wanted.only if runner.by_test else ()
    return subject.measure("head", key, Suite, lambda: runner.run(wanted.place, only=only))
