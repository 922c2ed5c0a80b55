"""Changed files of Python that may change, by being imported or run, what tests of other files see.

Who does that is no cheat for it: it costs one more run of the base's tests, in which no new test takes part.
"""

import ast
from collections import Counter
from collections.abc import Iterator

from ci_factory.gates.change import is_test
from ci_factory.gates.subject import SideName, Subject
from ci_factory.gates.tampering.module import dotted, parse

_NAMES = frozenset(
    (
        "__builtins__",
        "__import__",
        "builtins",
        "delattr",
        "eval",
        "exec",
        "globals",
        "setattr",
        "site",
        "vars",
    )
)
_ATTRIBUTES = frozenset(("__dict__", "import_module", "meta_path", "modules", "path_hooks", "reload"))


def reaching(subject: Subject) -> list[str]:
    """Files of the head that reach into other modules in a way that the base's version of them did not."""
    found = []
    for path in subject.change.present(".py"):
        old = subject.change.before(path)
        known = _reached(subject, "base", old) if old is not None else Counter[str]()
        if _reached(subject, "head", path) - known:
            found.append(path)
    return found


def _reached(subject: Subject, side: SideName, path: str) -> Counter[str]:
    file = subject.part(side) / path
    try:
        tree = parse(file.read_text(encoding="utf-8", errors="replace"))
    except ValueError:
        return Counter({"unreadable": 1})
    found = Counter(ast.dump(node) for node in _reaches(tree))
    if is_test(path) and file.name == "__init__.py":  # runs before every test of its folder
        found.update(ast.dump(node) for node in tree.body if not _is_docstring(node))
    return found


def _reaches(tree: ast.Module) -> Iterator[ast.AST]:
    """Attributes and items of imported modules that are set, and names by which anything can be."""
    imported = {
        (alias.asname or alias.name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, (ast.Store, ast.Del)):
            if _owner(node) in imported:
                yield node
        elif (
            (isinstance(node, ast.Attribute) and (node.attr in _ATTRIBUTES or dotted(node) == "sys.path"))
            or (isinstance(node, ast.Name) and node.id in _NAMES)
            or (isinstance(node, ast.ImportFrom) and node.module in {"sys", "builtins", "site", "importlib"})
        ):
            yield node


def _owner(node: ast.expr) -> str:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
