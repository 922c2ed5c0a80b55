"""New ways for a test run to be steered by the change: conftest files and plugins (attacks 29)."""

import ast
from collections.abc import Iterator

from ci_factory.gates.tampering.module import Function, Module, Remark, dotted, lines_of

_HARMLESS = {"pytest_configure": "addinivalue_line", "pytest_addoption": "addoption"}
"""Hooks that declare something, as long as this is all they call."""
_NAMES = {"pytest_plugins", "collect_ignore", "collect_ignore_glob"}


def hooks(module: Module) -> Iterator[Remark]:
    """Functions named like a hook of pytest, and names that pytest reads, where the base has none of the kind."""
    known = _hooks(module.before) if module.before else {}
    for name, node in _hooks(module.tree).items():
        before = known.get(name)
        if before is not None and ast.dump(before) == ast.dump(node):
            continue
        if isinstance(node, Function) and _declares(node):
            continue
        what = "new" if before is None else "changed"
        yield Remark(f"{what} {name}, which steers the test run", node.lineno)


def patches(module: Module) -> Iterator[Remark]:
    """Statements of a conftest file that replace parts of other modules for the whole run."""
    imported = {
        (alias.asname or alias.name).split(".")[0]
        for node in ast.walk(module.tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    } - {"pytest"}
    for node in module.tree.body:
        if not lines_of(node) & module.added:
            continue
        for name in _replaced(node):
            if name.split(".")[0] in imported:
                yield Remark(f"replaces {name} for the whole test run", node.lineno)


def _replaced(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.Assign):
        return [dotted(target) for target in node.targets if isinstance(target, ast.Attribute)]
    call = node.value if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) else None
    if call is not None and dotted(call.func) == "setattr" and call.args:
        return [dotted(call.args[0])]
    return []


def _hooks(tree: ast.Module) -> dict[str, ast.stmt]:
    found: dict[str, ast.stmt] = {}
    for node in ast.walk(tree):
        if isinstance(node, Function) and node.name.startswith("pytest_") and not _is_fixture(node):
            found[node.name] = node
        elif isinstance(node, ast.Assign):
            names = {target.id for target in node.targets if isinstance(target, ast.Name)}
            found.update(dict.fromkeys(sorted(names & _NAMES), node))
    return found


def _is_fixture(node: Function) -> bool:
    marks = [each.func if isinstance(each, ast.Call) else each for each in node.decorator_list]
    return any(dotted(mark).endswith("fixture") for mark in marks)


def _declares(node: Function) -> bool:
    """Whether a hook does nothing but declare markers or options."""
    wanted = _HARMLESS.get(node.name)
    body = [
        each
        for each in node.body
        if not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
    ]
    calls = [each.value for each in body if isinstance(each, ast.Expr) and isinstance(each.value, ast.Call)]
    plain = [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == wanted]
    return wanted is not None and len(plain) == len(body) and not any(_nested_call(call) for call in plain)


def _nested_call(call: ast.Call) -> bool:
    values = [*call.args, *(keyword.value for keyword in call.keywords)]
    return any(isinstance(node, ast.Call) for value in values for node in ast.walk(value))
