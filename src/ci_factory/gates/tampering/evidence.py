"""What the tests of a tree ask: the values that stand together in one assertion, parameter row or line of data."""

import ast
import csv
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ci_factory.gates.change import is_test
from ci_factory.gates.tampering import module
from ci_factory.gates.tampering.special_cases import Value, frozen

_DATA = {".json", ".jsonl", ".ndjson", ".csv", ".tsv"}
_MAX_FILES = 2_000
_MAX_BYTES = 1024 * 1024
_MAX_ROWS = 20_000
_MAX_CELLS = 1_000

Row = frozenset[Value]


def is_evidence(path: str) -> bool:
    """Whether a file is a test in Python, or data in a folder of tests."""
    suffix = path[path.rfind(".") :]
    if suffix == ".py":
        return is_test(path)
    return suffix in _DATA and any("test" in part.lower() or part == "fixtures" for part in path.split("/"))


class Evidence:
    """Rows of the tests below a folder, read when first asked for."""

    def __init__(self, folder: Callable[[], Path], paths: Iterable[str]) -> None:
        """Read at most 2,000 of these files, those first that come first."""
        self._folder = folder
        self._paths = [path for path in paths if is_evidence(path)][:_MAX_FILES]
        self._rows: list[tuple[str, Row]] | None = None

    def together(self, given: Value, answer: Value) -> str | None:
        """The first test file in which both values stand together."""
        if self._rows is None:
            self._rows = [(path, row) for path in self._paths for row in self._read(path)]
        return next((path for path, row in self._rows if answer in row and _has(row, given)), None)

    def _read(self, path: str) -> list[Row]:
        file = self._folder() / path
        if file.is_symlink() or not file.is_file() or file.stat().st_size > _MAX_BYTES:
            return []
        text = file.read_text(encoding="utf-8", errors="replace")
        try:
            found = _of_python(text) if path.endswith(".py") else _of_data(path, text)
            return [row for _, row in zip(range(_MAX_ROWS), found, strict=False)]
        except (ValueError, RecursionError, csv.Error):
            return []


def _has(row: Row, given: Value) -> bool:
    return given in row or (
        isinstance(given, tuple) and len(given) > 1 and all(each in row for each in given)
    )


def _of_python(text: str) -> Iterator[Row]:
    for node in ast.walk(module.parse(text)):
        if isinstance(node, ast.Assert):
            yield _values(node.test)
        elif (isinstance(node, ast.Call) and _is_check(node)) or (
            isinstance(node, (ast.Tuple, ast.List)) and len(node.elts) > 1
        ):
            yield _values(node)
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            yield from (_values(key) | _values(value) for key, value in pairs if key is not None)


def _is_check(node: ast.Call) -> bool:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else module.dotted(node.func)
    return name.startswith(("assert", "check", "param"))


def _values(node: ast.expr) -> Row:
    """All literal values inside an expression, and the literal arguments of each call as a tuple."""
    found: set[Value] = set()
    for each in ast.walk(node):
        if isinstance(each, ast.expr):
            found.update(_literal(each))
        if isinstance(each, ast.Call):
            found.add(tuple(value for argument in each.args for value in _literal(argument)))
    return frozenset(found)


def _literal(node: ast.expr) -> list[Value]:
    try:
        value = frozen(ast.literal_eval(node))
        hash(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return []
    return [value]


def _of_data(path: str, text: str) -> Iterator[Row]:
    if path.endswith((".csv", ".tsv")):
        rows = csv.reader(text.splitlines(), delimiter="," if path.endswith(".csv") else "\t")
        yield from (frozenset(_inside([_plain(cell) for cell in row[:_MAX_CELLS]])) for row in rows)
        return
    for document in _documents(text):
        yield frozenset(_inside(document))
        yield from (frozenset(_inside(each)) for each in (document if isinstance(document, list) else ()))


def _documents(text: str) -> list[Value]:
    try:
        return [json.loads(text)]
    except ValueError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]


def _inside(value: Value) -> Iterator[Value]:
    yield frozen(value)
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from _inside(child)


def _plain(cell: str) -> Value:
    try:
        return frozen(ast.literal_eval(cell.strip()))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return cell
