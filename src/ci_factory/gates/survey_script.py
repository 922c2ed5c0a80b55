"""Reads Python files with the project's own interpreter and says what is in them.

Started as a program: a JSON list of paths on stdin, a JSON object of facts per path on stdout. It stands alone,
because that interpreter may be older than ours and knows nothing of us.
"""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any, Iterator  # noqa: UP035 - old interpreters


def facts(path: str) -> dict[str, Any]:
    """Syntax error, or public names with line and whether documented, and first lines of statements."""
    try:
        tree = ast.parse(Path(path).read_bytes(), path)
    except SyntaxError as error:
        return {"error": error.msg, "line": error.lineno}
    except (ValueError, RecursionError, MemoryError) as error:
        return {"error": str(error) or type(error).__name__, "line": None}
    return {"names": list(public(tree, "")), "statements": sorted(set(statements(tree)))}


def public(node: ast.Module | ast.ClassDef, prefix: str) -> Iterator[dict[str, Any]]:
    """Public functions, classes and methods; overloads and accessors after the first speak through another."""
    for child in node.body:
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        if not child.name.startswith("_") and not variant(child):
            documented = ast.get_docstring(child) is not None
            yield {"name": prefix + child.name, "line": child.lineno, "documented": documented}
            if isinstance(child, ast.ClassDef):
                yield from public(child, prefix + child.name + ".")


def variant(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    """Whether it is an overload, or the setter or deleter of a property."""
    words = {getattr(each, "attr", getattr(each, "id", "")) for each in node.decorator_list}
    return bool(words & {"overload", "setter", "deleter"})


def statements(tree: ast.Module) -> Iterator[int]:
    """First lines of what would be executed; bare strings (docstrings) are not."""
    for node in ast.walk(tree):
        bare = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node, ast.stmt) and not bare:
            yield node.lineno


if __name__ == "__main__":
    json.dump({path: facts(path) for path in json.load(sys.stdin)}, sys.stdout)
