"""Objects that are equal to everything: every assertion about them holds (attacks 33)."""

import ast
from collections.abc import Iterator, Mapping

from ci_factory.gates.tampering.assertions import holds
from ci_factory.gates.tampering.module import Function, Module, Remark, dotted, lines_of, text_of

Code = tuple[ast.arguments, list[ast.stmt] | list[ast.expr]]
_SETATTR = 3
"""Object, name, value."""

_METHODS = {"__eq__", "__ne__", "__contains__", "__lt__", "__le__", "__gt__", "__ge__"}
_EQUAL_TO_ALL = {"ANY", "_ANY"}


def always_equal(module: Module) -> Iterator[Remark]:
    """New comparisons that never look at what they are compared with, and `mock.ANY` outside of tests."""
    functions = {node.name: node for node in ast.walk(module.tree) if isinstance(node, Function)}
    for node in ast.walk(module.tree):
        if not lines_of(node) & module.added and not isinstance(node, ast.keyword):
            continue
        for name, value in _bound(node):
            if name in _METHODS and any(_blind(*code) for code in _code(value, functions)):
                yield Remark(f"{name} answers without looking at the other operand", value.lineno)
    if not module.is_test:
        yield from _any(module)


def _bound(node: ast.AST) -> Iterator[tuple[str, ast.expr | Function]]:
    """Names and what they are given, wherever a class, or what becomes one, may get its methods from."""
    if isinstance(node, ast.ClassDef):
        yield from ((each.name, each) for each in node.body if isinstance(each, Function))
    elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            yield getattr(target, "id", "") or getattr(target, "attr", ""), node.value
    elif isinstance(node, ast.Dict):
        keys = (text_of(key) if key is not None else "" for key in node.keys)
        yield from zip(keys, node.values, strict=True)
    elif isinstance(node, ast.keyword):
        yield node.arg or "", node.value
    elif isinstance(node, ast.Call) and dotted(node.func) == "setattr" and len(node.args) == _SETATTR:
        yield text_of(node.args[1]), node.args[2]


def _code(value: ast.expr | Function, functions: Mapping[str, Function]) -> Iterator[Code]:
    """Arguments and body of a function, a lambda, a function's name, or a call that wraps one of these."""
    if isinstance(value, Function | ast.Lambda):
        yield value.args, value.body if isinstance(value.body, list) else [value.body]
    elif isinstance(value, ast.Name) and value.id in functions:
        yield from _code(functions[value.id], functions)
    elif isinstance(value, ast.Call):
        for each in value.args:
            if isinstance(each, ast.Lambda | ast.Name):
                yield from _code(each, functions)


def _blind(arguments: ast.arguments, body: list[ast.stmt] | list[ast.expr]) -> bool:
    """Whether the other operand is never read, or read in vain, though an answer other than NotImplemented is given."""
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    other = names[1] if len(names) > 1 else arguments.vararg.arg if arguments.vararg else None
    read = {node.id for part in body for node in ast.walk(part) if isinstance(node, ast.Name)}
    return _always_yes(body) or (other not in read and not _declines(body))


def _always_yes(body: list[ast.stmt] | list[ast.expr]) -> bool:
    """Whether every answer is yes, on every way through: `return other == other or True`."""
    last = body[-1]
    returned = [node.value for part in body for node in ast.walk(part) if isinstance(node, ast.Return)]
    answers = [last] if isinstance(last, ast.expr) else returned if isinstance(last, ast.Return) else []
    return bool(answers) and all(each is not None and holds(each) for each in answers)


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
        elif isinstance(node, (ast.Attribute, ast.Call)) and module.named(node).endswith("mock.ANY"):
            yield Remark("mock.ANY, which is equal to everything, in code that is no test", node.lineno)
