"""Test functions as they stand in files: where they are, and by what to know them again under another name. Pure but for reading."""

import ast
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

MAX_BYTES = 1024 * 1024
ALIKE = 0.8
"""Share of two bodies that must be equal for one to be the other's new version under a new name."""
_MAX_DUMP = 20_000

Name = tuple[str, str]
"""File, and class and function as pytest joins them: `TestA::test_b`."""
_Definition = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Function:
    """One function of a test file."""

    file: str
    name: str
    body: str
    """Its parameters and statements, without name, decorators, docstring and places."""
    decorators: str
    lines: frozenset[int]
    """Of its statements, docstring left out; empty when nothing is executed."""
    mentions: frozenset[str]
    """Names and attributes in it."""

    @property
    def digest(self) -> str:
        """Equal for equal bodies."""
        return hashlib.sha256(self.body.encode()).hexdigest()


def parse(text: bytes | str) -> ast.Module | None:
    """The tree of a Python file; `None` when this interpreter can't read it."""
    if len(text) > MAX_BYTES:
        return None
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def functions(folder: Path, files: Iterable[str]) -> dict[Name, Function]:
    """All functions and methods of these files of a checkout; files that can't be read have none."""
    found: dict[Name, Function] = {}
    for file in files:
        path = folder / file
        if path.is_file() and not path.is_symlink():
            found |= {(each.file, each.name): each for each in _read(file, path.read_bytes())}
    return found


def _read(file: str, text: bytes) -> list[Function]:
    tree = parse(text)
    try:
        return list(_of(file, tree, "")) if tree is not None else []
    except RecursionError:
        return []


def _of(file: str, node: ast.Module | ast.ClassDef, prefix: str) -> Iterator[Function]:
    for child in node.body:
        if isinstance(child, _Definition):
            yield _function(file, prefix + child.name, child)
        elif isinstance(child, ast.ClassDef):
            yield from _of(file, child, f"{prefix}{child.name}::")


def _function(file: str, name: str, node: _Definition) -> Function:
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    lines = {
        line for each in body if not _idle(each) for line in range(each.lineno, (each.end_lineno or 0) + 1)
    }
    return Function(
        file=file,
        name=name,
        body=ast.dump(node.args) + "".join(ast.dump(each) for each in body),
        decorators="".join(ast.dump(each) for each in node.decorator_list),
        lines=frozenset(lines),
        mentions=frozenset(_mentions(node)),
    )


def _idle(node: ast.stmt) -> bool:
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _mentions(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            yield each.id
        elif isinstance(each, ast.Attribute):
            yield each.attr


def renamed(
    gone: Iterable[Name],
    came: Iterable[Name],
    before: Mapping[Name, Function],
    after: Mapping[Name, Function],
) -> dict[Name, Name]:
    """Which test that is gone is which test that came: the same body anywhere, or a similar one in the same file."""
    found: dict[Name, Name] = {}
    free = sorted(name for name in came if name in after)
    for similar in (_same, _alike):
        for old in sorted(name for name in gone if name in before and name not in found):
            match = next((new for new in free if similar(before[old], after[new])), None)
            if match is not None:
                found[old] = match
                free.remove(match)
    return found


def _same(old: Function, new: Function) -> bool:
    return bool(old.lines) and old.body == new.body


def _alike(old: Function, new: Function) -> bool:
    if old.file != new.file or max(len(old.body), len(new.body)) > _MAX_DUMP or not old.lines:
        return False
    return SequenceMatcher(None, old.body, new.body, autojunk=False).ratio() >= ALIKE
