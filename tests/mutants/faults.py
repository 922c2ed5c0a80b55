"""Every fault that is tried: those of the gate on tests, and those of f-strings, which are what our texts are made of."""

import ast
import copy
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from ci_factory.gates.testing.mutants import operators
from ci_factory.gates.testing.mutants.make import mutants, works
from ci_factory.gates.testing.mutants.mutant import Mutant, Places

_Node = ast.expr | ast.stmt
_MOST_SAID = 90


@dataclass(frozen=True)
class Fault:
    """A mutant, and where a running program holds it."""

    mutant: Mutant
    function: str
    """Qualified name of the outermost function around it; empty for what runs while the module is imported."""
    place: int
    """Bytes from that function's beginning, else from the module's."""
    statement: str
    """The line it begins in, without indentation: it names the place in the list of explained ones."""

    @property
    def key(self) -> str:
        """The same for the same fault at the same place of a function, wherever that stands."""
        parts = self.mutant.path, self.function, str(self.place), self.statement, self.mutant.text
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def faults(path: str, source: bytes) -> list[Fault]:
    """Every fault of a module that is still a program, in the order of the text."""
    tree, lines = ast.parse(source), source.decode().splitlines()
    functions = list(_functions(tree, "", Places(source)))
    every = [*mutants(path, source, range(1, len(lines) + 1)), *_texts(path, source, tree)]
    found = (
        Fault(each, *_around(each, functions), lines[each.line - 1].strip())
        for each in sorted(every, key=lambda each: (each.start, each.end, each.text))
        if works(each, source)
    )
    return list({each.key: each for each in found}.values())


def _functions(node: ast.AST, prefix: str, places: Places) -> Iterator[tuple[int, int, str]]:
    """First and last byte of the bodies of functions that stand in the module or in its classes."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield places.span(child.body[0])[0], places.span(child)[1], f"{prefix}{child.name}"
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{prefix}{child.name}.", places)


def _around(mutant: Mutant, functions: list[tuple[int, int, str]]) -> tuple[str, int]:
    start, _, name = next((row for row in functions if row[0] <= mutant.start < row[1]), (0, 0, ""))
    return name, mutant.start - start


def _texts(path: str, source: bytes, tree: ast.Module) -> Iterator[Mutant]:
    places = Places(source)
    for node in _outside_of_raise(tree):
        if isinstance(node, ast.JoinedStr):
            before, (start, end) = ast.unparse(node), places.span(node)
            for operator, other in _other_texts(node):
                try:
                    after = ast.unparse(ast.fix_missing_locations(other))
                except ValueError:  # quotes that no f-string of this version of Python can hold
                    continue
                yield Mutant(
                    path=path,
                    line=node.lineno,
                    statement=node.lineno,
                    operator=operator,
                    before=before[:_MOST_SAID],
                    after=after[:_MOST_SAID],
                    start=start,
                    end=end,
                    text=f"({after})",
                )


def _outside_of_raise(node: ast.AST) -> Iterator[ast.AST]:
    """The words of exceptions, assertions and inner parts of f-strings are not looked at on their own."""
    yield node
    if not isinstance(node, ast.Raise | ast.Assert | ast.JoinedStr):
        for child in ast.iter_child_nodes(node):
            yield from _outside_of_raise(child)


def _other_texts(node: ast.JoinedStr) -> Iterator[operators.Other]:
    """Longer by a sign; without one of its values; with a fault in one of its values."""
    yield "text", ast.JoinedStr([*node.values, ast.Constant("~")])
    for place, part in enumerate(node.values):
        if isinstance(part, ast.FormattedValue):
            yield "text without a value", ast.JoinedStr([*node.values[:place], *node.values[place + 1 :]])
            for inner in _other_values(part.value):
                changed = copy.copy(part)
                changed.value = inner
                values = [*node.values[:place], changed, *node.values[place + 1 :]]
                yield "value in a text", ast.JoinedStr(values)


def _other_values(value: ast.expr) -> Iterator[ast.expr]:
    for node in ast.walk(value):
        for _, other in operators.others(node):
            if isinstance(other, ast.expr):
                yield _replaced(value, node, other)


def _replaced(whole: ast.expr, old: ast.AST, new: ast.expr) -> ast.expr:
    """A copy of the whole with the one node replaced, which alone is not copied."""
    memo: dict[int, Any] = {id(old): old}

    class Swap(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return new if node is old else self.generic_visit(node)

    return cast("ast.expr", Swap().visit(copy.deepcopy(whole, memo)))
