"""Whether the functions that judge tests are still the same: those of pytest, pluggy and unittest, and some built-in ones.

Installed plugins may replace them, before the first look and later; code of the checkout may not. Stands alone.
"""

from __future__ import annotations

import builtins
import os
import sys
import types
from typing import Any, Iterator  # noqa: UP035 - old interpreters

PACKAGES = {"_pytest", "pluggy", "ci_factory_recorder", "ci_factory_integrity", "ci_factory_limits"}
MODULES = {"unittest.case", "unittest.suite"}
BUILT_IN = {"isinstance", "issubclass"}
CRITICAL = {
    "_pytest.python:Function.runtest",
    "_pytest.python:pytest_pyfunc_call",
    "_pytest.runner:CallInfo.from_call",
    "_pytest.runner:call_and_report",
    "_pytest.runner:call_runtest_hook",
    "_pytest.runner:runtestprotocol",
    "_pytest.runner:pytest_runtest_call",
    "_pytest.runner:pytest_runtest_makereport",
    "_pytest.reports:TestReport.from_item_and_call",
    "_pytest.unittest:TestCaseFunction.runtest",
    "_pytest.unittest:TestCaseFunction.addFailure",
    "_pytest.unittest:TestCaseFunction.addError",
    "pluggy._callers:_multicall",
    "unittest.case:TestCase.run",
    "unittest.case:TestCase.__call__",
    "unittest.case:TestCase.assertEqual",
    "unittest.case:TestCase.assertTrue",
    "unittest.case:TestCase._callTestMethod",
}
"""Looked at after every test; all others after every module."""


class Integrity:
    """Remembers functions, and says which were replaced."""

    def __init__(self, homes: tuple[str, ...]) -> None:
        """`homes` are the folders of modules that are not the checkout's."""
        self._homes = homes
        self._known: dict[str, tuple[Any, Any]] = {}

    def remember(self) -> None:
        """From here on nobody may replace them."""
        self._known = watched()

    def replaced(self, *, only_critical: bool = False) -> Iterator[str]:
        """Names of functions that are not the same and were not replaced by an installed module."""
        for name in CRITICAL & set(self._known) if only_critical else list(self._known):
            function, code = self._known[name]
            now = resolve(name)
            here = getattr(now, "__code__", None)
            if not (now is function and here is code) and not (
                here is not None and self.installed(code_file(now))
            ):
                yield name.replace(":", ".")

    def installed(self, file: str) -> bool:
        """Whether a file is no part of the checkout."""
        return os.path.realpath(file).startswith(self._homes) or file.startswith("<frozen ")


def watched() -> dict[str, tuple[Any, Any]]:
    """Every function and method of the modules that judge, by `module:name`, and the exceptions that they know."""
    found: dict[str, tuple[Any, Any]] = {}
    for name, module in list(sys.modules.items()):
        if name.split(".", maxsplit=1)[0] in PACKAGES or name in MODULES:
            for path, function in functions_of(module):
                found[f"{name}:{path}"] = (function, getattr(function, "__code__", None))
    for name, value in vars(builtins).items():
        if name in BUILT_IN or (isinstance(value, type) and issubclass(value, BaseException)):
            found[f"builtins:{name}"] = (value, None)
    return found


def functions_of(module: Any) -> Iterator[tuple[str, Any]]:
    """Functions of a module and of its classes."""
    for name, value in list(vars(module).items()):
        if isinstance(value, types.FunctionType) and value.__module__ == module.__name__:
            yield name, value
        elif isinstance(value, type) and value.__module__ == module.__name__:
            for inner, each in list(vars(value).items()):
                plain = getattr(each, "__func__", each)
                if isinstance(plain, types.FunctionType):
                    yield f"{name}.{inner}", plain


def resolve(name: str) -> Any:
    """The function of that name as it is now, `None` when it is gone."""
    module_name, path = name.split(":")
    value: Any = sys.modules.get(module_name)
    *owners, last = path.split(".")
    for owner in owners:
        value = vars(value).get(owner) if value is not None else None
    value = vars(value).get(last) if value is not None else None
    return getattr(value, "__func__", value)


def code_file(function: Any) -> str:
    """File that a function was written in, empty when it has none."""
    plain = getattr(function, "__func__", function)
    plain = getattr(plain, "__wrapped__", plain)
    code = getattr(plain, "__code__", None)
    return str(code.co_filename) if code is not None else ""
