"""Finds every mutant of the changed lines of a Python file. Pure."""

import ast
from collections.abc import Collection, Iterator

from ci_factory.gates.testing.functions import parse
from ci_factory.gates.testing.mutants import operators
from ci_factory.gates.testing.mutants.mutant import Mutant, Places

_QUIET = {"log", "logger", "logging", "LOG", "LOGGER", "_log", "_logger", "warnings", "print"}
"""Calls that tell people something; their words are not behaviour."""
_NO_BEHAVIOUR = {"annotation", "returns", "decorator_list", "type_params"}
_PRAGMA = b"pragma: no cover"
_BOM = b"\xef\xbb\xbf"
_MAX_SAID = 60
_MAX = 5000


def mutants(path: str, source: bytes, lines: Collection[int]) -> list[Mutant]:
    """Mutants whose place begins on one of these lines; none when the file can't be read. Some may be no program."""
    tree = parse(source)
    if tree is None or source.startswith(_BOM) or b"\r" in source.replace(b"\r\n", b""):
        return []  # offsets would not be those of the parser
    silenced = {number for number, line in enumerate(source.splitlines(), 1) if _PRAGMA in line}
    wanted, places = set(lines) - silenced, Places(source)
    try:
        found = [
            _mutant(path, places, node, statement, other)
            for node, statement in _behaviour(tree, 1)
            if node.lineno in wanted
            for other in _others(node)
        ]
    except RecursionError:
        return []
    return list(dict.fromkeys(found))[:_MAX]


def works(mutant: Mutant, source: bytes) -> bool:
    """Whether the file is still a program."""
    return parse(mutant.applied(source)) is not None


def _others(node: ast.expr | ast.stmt) -> Iterator[tuple[ast.expr | ast.stmt, operators.Other]]:
    """The node to replace, and by what."""
    for other in operators.others(node):
        yield node, other
    if isinstance(node, ast.If | ast.While) and not isinstance(node.test, ast.Compare | ast.Constant):
        yield node.test, operators.condition(node)


def _behaviour(node: ast.AST, statement: int) -> Iterator[tuple[ast.expr | ast.stmt, int]]:
    """Nodes that decide what a program does, and first lines of their statements.

    No annotations, docstrings, messages, or code that only tools see.
    """
    if _idle(node):
        return
    here = node.lineno if isinstance(node, ast.stmt) else statement
    for name, value in ast.iter_fields(node):
        if name in _NO_BEHAVIOUR or (name in {"bases", "keywords"} and isinstance(node, ast.ClassDef)):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or _is_word(node, name, child):
                continue
            if isinstance(child, ast.expr | ast.stmt) and not _idle(child):
                yield child, child.lineno if isinstance(child, ast.stmt) else here
            yield from _behaviour(child, here)


def _idle(node: ast.AST) -> bool:
    if isinstance(node, ast.JoinedStr | ast.Import | ast.ImportFrom | ast.Assert | ast.Global | ast.Nonlocal):
        return True
    if isinstance(node, ast.If):
        return _mentions(node.test) & {"TYPE_CHECKING", "__name__"} != set()
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        dunders = any(isinstance(each, ast.Name) and each.id.startswith("__") for each in targets)
        return dunders or (isinstance(node, ast.AnnAssign) and node.value is None)
    if isinstance(node, ast.Expr):
        call = node.value
        return isinstance(call, ast.Constant) or (isinstance(call, ast.Call) and bool(_root(call) & _QUIET))
    return False


def _is_word(parent: ast.AST, field: str, child: ast.AST) -> bool:
    """Text that people read: what an exception says; a docstring is an idle statement already."""
    if isinstance(parent, ast.Raise) and field == "exc" and isinstance(child, ast.Call):
        return True
    return isinstance(parent, ast.Subscript) and field == "slice" and isinstance(child, ast.Tuple)


def _mentions(node: ast.AST) -> set[str]:
    return {getattr(each, "id", getattr(each, "attr", "")) for each in ast.walk(node)}


def _root(call: ast.Call) -> set[str]:
    """First names of what is called: `log` and `debug` of `self.log.debug(…)`."""
    names, node = set(), call.func
    while isinstance(node, ast.Attribute):
        names.add(node.attr)
        node = node.value
    return names | ({node.id} if isinstance(node, ast.Name) else set())


def _mutant(
    path: str,
    places: Places,
    node: ast.expr | ast.stmt,
    statement: int,
    replacement: tuple[ast.expr | ast.stmt, operators.Other],
) -> Mutant:
    target, (operator, other) = replacement
    start, end = places.span(target)
    plain = ast.unparse(ast.fix_missing_locations(other))
    text = f"({plain})" if isinstance(other, ast.expr) and not isinstance(other, ast.Constant) else plain
    return Mutant(
        path=path,
        line=node.lineno,
        statement=statement,
        operator=operator,
        before=_short(places.text(target)),
        after=_short(plain),
        start=start,
        end=end,
        text=text,
    )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MAX_SAID else f"{line[: _MAX_SAID - 1]}…"
