"""Faults in what runs while a module is imported: a fork of a process that has imported none of the room."""

import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType, ModuleType

import pytest

import ci_factory.model
from tests.mutants.faults import Fault
from tests.mutants.forks import Say, run_apart
from tests.mutants.results import Result
from tests.mutants.rooms import file_of, module_name, source
from tests.mutants.session import FLAGS, Outcome, judged


def prepare() -> None:
    """Import what no fault is put into, once for all forks."""
    for name in ("hypothesis", "jinja2", "yaml", "pydantic", "ci_factory.config", "ci_factory.forge.local"):
        importlib.import_module(name)
    for each in pkgutil.iter_modules(ci_factory.model.__path__, "ci_factory.model."):
        importlib.import_module(each.name)


def tried_at_import(fault: Fault, tests: Sequence[str], seconds: float) -> Result:
    """Import everything with the fault, and run these tests."""

    def work(say: Say) -> None:
        sys.meta_path.insert(0, _Faulty(fault))
        files = dict.fromkeys(name.partition("::")[0] for name in tests)
        status = pytest.main([*FLAGS, *files], plugins=[_Only(tests), Outcome(say)])
        if status:
            say(f"pytest ended with {status}")

    return judged(fault, run_apart(work, seconds))


class _Only:
    """Runs these tests, in this order."""

    def __init__(self, tests: Sequence[str]) -> None:
        self._place = {name: place for place, name in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave the others out."""
        chosen = [each for each in items if each.nodeid in self._place]
        items[:] = sorted(chosen, key=lambda each: self._place[each.nodeid])


class _Faulty(MetaPathFinder):
    """Finds the one module with the fault."""

    def __init__(self, fault: Fault) -> None:
        self._fault, self._name = fault, module_name(fault.mutant.path)

    def find_spec(self, name: str, _path: object, _target: ModuleType | None = None) -> ModuleSpec | None:
        """Only its own module."""
        if name != self._name:
            return None
        path = file_of(self._fault.mutant.path)
        return importlib.util.spec_from_file_location(name, path, loader=_Loader(name, path, self._fault))


class _Loader(SourceFileLoader):
    """Reads the source, puts the fault in; never from or into compiled files."""

    def __init__(self, name: str, path: str, fault: Fault) -> None:
        super().__init__(name, path)
        self._fault = fault

    def get_code(self, fullname: str) -> CodeType:
        """With the fault."""
        text = self._fault.mutant.applied(source(self._fault.mutant.path))
        return compile(text, self.get_filename(fullname), "exec")
