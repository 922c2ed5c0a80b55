"""One changed Python file, parsed on both sides."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

from ci_factory.gates.change import is_test

MAX_BYTES = 2 * 1024 * 1024
"""Larger files are not parsed."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Remark:
    """What was seen, and where in the head's file."""

    text: str
    line: int


@dataclass(frozen=True)
class Module:
    """Head and base of one file."""

    path: str
    tree: ast.Module = field(repr=False)
    before: ast.Module | None = field(repr=False)
    """`None` when the change adds the file, or when the base's version does not parse."""
    added: frozenset[int]
    """Lines that only the head has."""

    @property
    def name(self) -> str:
        """File name without folders."""
        return PurePosixPath(self.path).name

    @property
    def is_test(self) -> bool:
        """Whether it belongs to the tests."""
        return is_test(self.path)

    @cached_property
    def imported(self) -> dict[str, str]:
        """What each imported name stands for: `{"o": "os", "leave": "os._exit"}`."""
        found: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found.update({each.asname: each.name for each in node.names if each.asname})
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.update({each.asname or each.name: f"{node.module}.{each.name}" for each in node.names})
        return found

    def named(self, node: ast.AST) -> str:
        """As `dotted`, whatever name a module was imported under, and through `getattr` and `__import__`."""
        if isinstance(node, ast.Name):
            return self.imported.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            before = self.named(node.value)
            return f"{before}.{node.attr}" if before else ""
        if isinstance(node, ast.Call) and node.args:
            return self._fetched(self.named(node.func), node.args)
        return ""

    def _fetched(self, by: str, given: list[ast.expr]) -> str:
        word = text_of(given[-1] if len(given) == 1 else given[1])
        if by in {"__import__", "importlib.import_module"}:
            return text_of(given[0])
        before = self.named(given[0]) if by == "getattr" and word else ""
        return f"{before}.{word}" if before else ""

    def new_nodes(self) -> Iterator[ast.AST]:
        """Nodes of the head that begin on an added line."""
        for node in ast.walk(self.tree):
            if getattr(node, "lineno", None) in self.added:
                yield node


def parse(text: str) -> ast.Module:
    """Parse untrusted source.

    Raises:
        ValueError: it does not parse with this Python, or is too large or too deep.
    """
    if len(text) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES} bytes")
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"it does not parse: {type(error).__name__}") from error


def functions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, Function]]:
    """Functions and methods by qualified name, `TestA::test_b`; functions inside functions are part of theirs."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Function):
            yield f"{prefix}{node.name}", node
        elif isinstance(node, ast.ClassDef):
            yield from functions(node, f"{prefix}{node.name}::")
        elif isinstance(node, (ast.If, ast.Try, ast.With)):
            yield from functions(node, prefix)


def is_test_name(name: str) -> bool:
    """Whether a function of a test file asserts something: a test, or a helper that is named so."""
    return name.rsplit("::", 1)[-1].startswith(("test", "check", "assert", "verify"))


def dotted(node: ast.AST) -> str:
    """`os.path.join` of such an expression, empty when it is not a chain of names."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def lines_of(node: ast.AST) -> set[int]:
    """All lines that a node covers."""
    first: int | None = getattr(node, "lineno", None)
    last: int | None = getattr(node, "end_lineno", None)
    return set() if first is None else set(range(first, (last or first) + 1))


def text_of(node: ast.AST) -> str:
    """The text of an expression that is one, pieced together or not; empty for any other."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        before, after = text_of(node.left), text_of(node.right)
        return before + after if before and after else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(each) for each in node.values)
    return ""
