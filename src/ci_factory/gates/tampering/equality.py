"""Objects that are equal to everything: every assertion about them holds (THREATS 33)."""

import ast
from collections.abc import Iterator

from ci_factory.gates.tampering.module import Function, Module, Remark, lines_of

_METHODS = {"__eq__", "__ne__", "__contains__", "__lt__", "__le__", "__gt__", "__ge__"}
_EQUAL_TO_ALL = {"ANY", "_ANY"}


def always_equal(module: Module) -> Iterator[Remark]:
    """New comparisons that never look at what they are compared with, and `mock.ANY` outside of tests."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef):
            yield from _of_class(module, node)
        elif isinstance(node, ast.Call):
            yield from _made_class(module, node)
        elif isinstance(node, ast.Assign):
            yield from _set_later(module, node)
    if not module.is_test:
        yield from _any(module)


def _of_class(module: Module, cls: ast.ClassDef) -> Iterator[Remark]:
    for node in cls.body:
        if isinstance(node, Function) and node.name in _METHODS:
            if lines_of(node) & module.added and _blind(node.args, node.body):
                yield _remark(node.name, node.lineno)
        elif isinstance(node, ast.Assign) and lines_of(node) & module.added:
            names = {target.id for target in node.targets if isinstance(target, ast.Name)}
            for name in sorted(names & _METHODS):
                if isinstance(node.value, ast.Lambda) and _blind(node.value.args, [node.value.body]):
                    yield _remark(name, node.lineno)


def _made_class(module: Module, call: ast.Call) -> Iterator[Remark]:
    """`type("X", (), {"__eq__": lambda self, other: True})` and `setattr(X, "__eq__", lambda ...)`."""
    if not lines_of(call) & module.added or not isinstance(call.func, ast.Name):
        return
    if call.func.id == "setattr" and len(call.args) == 3:  # noqa: PLR2004 - object, name, value
        yield from _pair(call.args[1], call.args[2], call.lineno)
    for mapping in (each for each in call.args if call.func.id == "type" and isinstance(each, ast.Dict)):
        for key, value in zip(mapping.keys, mapping.values, strict=True):
            yield from _pair(key, value, call.lineno)


def _set_later(module: Module, node: ast.Assign) -> Iterator[Remark]:
    """`X.__eq__ = lambda self, other: True`."""
    for target in node.targets:
        if isinstance(target, ast.Attribute) and lines_of(node) & module.added:
            yield from _pair(ast.Constant(target.attr), node.value, node.lineno)


def _pair(key: ast.expr | None, value: ast.expr, line: int) -> Iterator[Remark]:
    name = key.value if isinstance(key, ast.Constant) else None
    if name in _METHODS and isinstance(value, ast.Lambda) and _blind(value.args, [value.body]):
        yield _remark(str(name), line)


def _blind(arguments: ast.arguments, body: list[ast.stmt] | list[ast.expr]) -> bool:
    """Whether the other operand is never read, though an answer other than NotImplemented is given."""
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    other = names[1] if len(names) > 1 else arguments.vararg.arg if arguments.vararg else None
    read = {node.id for part in body for node in ast.walk(part) if isinstance(node, ast.Name)}
    return other not in read and not _declines(body)


def _declines(body: list[ast.stmt] | list[ast.expr]) -> bool:
    """Abstract: raises, or says NotImplemented, or nothing at all."""
    returned = [node.value for part in body for node in ast.walk(part) if isinstance(node, ast.Return)]
    answers = [
        *returned,
        *(part for part in body if isinstance(part, ast.expr) and not isinstance(part, ast.Constant)),
    ]
    if any(isinstance(part, ast.Constant) for part in body):
        return False
    return all(isinstance(value, ast.Name) and value.id == "NotImplemented" for value in answers)


def _any(module: Module) -> Iterator[Remark]:
    for node in module.new_nodes():
        if isinstance(node, ast.ImportFrom) and (node.module or "").endswith("mock"):
            if _EQUAL_TO_ALL & {alias.name for alias in node.names}:
                yield Remark("mock.ANY, which is equal to everything, in code that is no test", node.lineno)
        elif isinstance(node, ast.Attribute) and node.attr == "ANY" and _named(node.value) == "mock":
            yield Remark("mock.ANY, which is equal to everything, in code that is no test", node.lineno)


def _named(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _remark(name: str, line: int) -> Remark:
    return Remark(f"{name} answers without looking at the other operand", line)
