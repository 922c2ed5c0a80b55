"""Tests of our own among those of the project: two must fail and one must pass, and nobody can know which they are.

Whoever makes everything pass makes them pass too. Stands alone.
"""

from __future__ import annotations

import ast
import random
import types
from typing import Any

import pytest
from _pytest.assertion.rewrite import rewrite_asserts
from _pytest.fixtures import FuncFixtureInfo

CANARY = """
def must_fail():
    left, right = [{0}], [{1}]
    assert left == right, "{0}"


def must_pass():
    left, right = [{0}], [{0}]
    assert left == right, "{0}"
"""


class Canaries:
    """Those of one session."""

    def __init__(self) -> None:
        """None yet."""
        self.must_pass: dict[str, bool] = {}
        """Id of each to whether it has to pass."""

    def place(self, session: pytest.Session) -> None:
        """Put them beside tests of random modules, one that must fail at the very end.

        At the border of a module, where they take down no fixture that another test still needs. They ask for no
        fixture themselves.
        """
        source = random.SystemRandom()
        left, right = source.randrange(10**8), source.randrange(10**8, 10**9)
        functions = canary_functions(left, right, session.config)
        for name, at_end in (("must_fail", False), ("must_pass", False), ("must_fail", True)):
            places = borders(session.items)
            if not places:
                return
            index, module = places[-1] if at_end else source.choice(places)
            item = canary_item(module, name_like(session.items, source), functions[name])
            self.must_pass[item.nodeid] = name == "must_pass"
            session.items.insert(index, item)


def borders(items: list[pytest.Item]) -> list[tuple[int, Any]]:
    """Places between modules: index, and the module that is beside it. Modules that are marked are left out."""
    modules = [item.getparent(pytest.Module) for item in items]
    found = []
    for index, module in enumerate(modules):
        if module is None or list(module.iter_markers()):
            continue
        if index == 0 or modules[index - 1] is not module:
            found.append((index, module))
        if index + 1 == len(modules) or modules[index + 1] is not module:
            found.append((index + 1, module))
    return found


def canary_functions(left: int, right: int, config: pytest.Config) -> dict[str, Any]:
    """The functions, with their assertions rewritten as those of every test."""
    text = CANARY.format(left, right)
    tree = ast.parse(text)
    rewrite_asserts(tree, text.encode(), None, config)
    space: dict[str, Any] = {"__name__": "tests"}
    exec(compile(tree, __file__, "exec"), space)  # noqa: S102 - a text of our own with two numbers in it
    return space


def canary_item(module: Any, name: str, function: Any) -> pytest.Item:
    """A test of that module without fixtures, not even those that are used everywhere."""
    copy = types.FunctionType(function.__code__, function.__globals__, name)
    nothing = FuncFixtureInfo((), (), [], {})
    return pytest.Function.from_parent(module, name=name, callobj=copy, fixtureinfo=nothing)


def name_like(items: list[pytest.Item], source: random.Random) -> str:
    """A name that is like the others and that nobody can know."""
    known = [getattr(item, "originalname", None) or "test" for item in items]
    letters = "".join(source.choice("abcdefghijklmnoprstuvwz") for _ in range(source.randint(5, 11)))
    return f"{source.choice(known)}_{letters}"
