"""Existing tests that need not pass any more, by a mark (attacks 27)."""

import ast
from collections.abc import Iterator, Sequence

from ci_factory.gates.tampering.module import Module, Remark, dotted, functions, is_test_name, lines_of

_AVOIDING = {"skip", "skipif", "skipIf", "skipUnless", "xfail", "expectedFailure"}


def marks(module: Module) -> Iterator[Remark]:
    """New marks of tests of the base, of their classes, and of their module."""
    if module.before is None or not module.is_test:
        return
    before = {name: node for name, node in functions(module.before) if is_test_name(name)}
    for name, node in functions(module.tree):
        if name in before:
            yield from _new(f"test {name} is", node, before[name].decorator_list)
    classes = {node.name: node for node in module.before.body if isinstance(node, ast.ClassDef)}
    for statement in module.tree.body:
        if isinstance(statement, ast.ClassDef) and statement.name in classes:
            yield from _new(
                f"tests of {statement.name} are", statement, classes[statement.name].decorator_list
            )
    yield from _of_module(module)


def _new(
    what: str, node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, before: Sequence[ast.expr]
) -> Iterator[Remark]:
    for mark in sorted(_avoiding(node.decorator_list) - _avoiding(before)):
        yield Remark(f"existing {what} marked {mark}", node.lineno)


def _avoiding(decorators: Sequence[ast.expr]) -> set[str]:
    names = (dotted(each.func if isinstance(each, ast.Call) else each) for each in decorators)
    return {name.rsplit(".", 1)[-1] for name in names} & _AVOIDING


def _of_module(module: Module) -> Iterator[Remark]:
    for node in module.tree.body:
        if isinstance(node, ast.Assign) and lines_of(node) & module.added:
            names = {target.id for target in node.targets if isinstance(target, ast.Name)}
            attributes = {each.attr for each in ast.walk(node.value) if isinstance(each, ast.Attribute)}
            if "pytestmark" in names and attributes & _AVOIDING:
                yield Remark("all tests of the module are marked", node.lineno)
