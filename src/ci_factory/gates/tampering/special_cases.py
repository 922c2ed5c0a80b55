"""Code that answers the tests' own inputs by heart (attacks 33).

Seen in the change: a branch that is taken when something equals a value, and that answers with another value, while the
function goes on to compute answers otherwise. It counts when a test has both values in one assertion or row of data. What is a
plain table (every answer a value) and the usual first cases of a recursion (0, 1, empty) are not meant.
"""

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ci_factory.gates.tampering.module import Function, Module, Remark, dotted, lines_of

Value = object
Known = Callable[[Value, Value], str | None]
"""Where the tests have both values together, `None` when nowhere."""
_SMALL = 10
_SHORT = 3
_NAME_LIKE = re.compile(r"[\w\s./:-]*")
"""Words, paths, media types, phrases: a program may well know such texts. Others are data."""
_TOO_MANY = 2_000
_CONVERSIONS = {"list", "tuple", "set", "frozenset", "sorted", "iter", "str", "int", "float"}


@dataclass(frozen=True)
class Case:
    """One answer by heart."""

    given: Value
    answer: Value
    line: int


def special_cases(module: Module, known: Known) -> Iterator[Remark]:
    """Answers by heart that the tests ask for."""
    for case in cases(module):
        if where := known(case.given, case.answer):
            given, answer = _short(case.given), _short(case.answer)
            yield Remark(f"answers {answer} for {given} by heart, which is what {where} asks", case.line)


def cases(module: Module) -> list[Case]:
    """Pairs in added code of functions that also compute; at most 2,000."""
    found: list[Case] = []
    if module.is_test:
        return found
    for node in ast.walk(module.tree):
        if isinstance(node, Function) and lines_of(node) & module.added and _computes(node):
            found += _in_function(node, module)
    # tables beside the function count only when a function that computes looks into them
    return found[:_TOO_MANY]


def _in_function(function: Function, module: Module) -> Iterator[Case]:
    tables = _tables(module)
    for node in ast.walk(function):
        if isinstance(node, ast.If) and lines_of(node.test) & module.added:
            yield from _pairs(_values(node.test), _answers(node.body), node.lineno)
        elif isinstance(node, ast.IfExp) and lines_of(node) & module.added:
            yield from _pairs(_values(node.test), _literal(node.body), node.lineno)
        elif isinstance(node, ast.match_case) and lines_of(node.pattern) & module.added:
            yield from _pairs(_matched(node.pattern), _answers(node.body), node.pattern.lineno)
        elif isinstance(node, ast.Dict) and lines_of(node) & module.added:
            yield from _rows(node)
        elif isinstance(node, ast.Name) and node.id in tables:
            yield from _rows(tables[node.id])


def _tables(module: Module) -> dict[str, ast.Dict]:
    """Module-level dictionaries that the change adds to, by name."""
    found = {}
    for node in module.tree.body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, ast.Dict):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if lines_of(node) & module.added:
                found.update({each.id: node.value for each in targets if isinstance(each, ast.Name)})
    return found


def _computes(function: Function) -> bool:
    """Whether some answer of the function is not a plain value."""
    returned = [
        node.value for node in ast.walk(function) if isinstance(node, (ast.Return, ast.Yield, ast.YieldFrom))
    ]
    return any(value is not None and not _literal(value) for value in returned)


def _pairs(given: Sequence[Value], answers: Sequence[Value], line: int) -> Iterator[Case]:
    for value in given:
        plain = value[0] if isinstance(value, tuple) and len(value) == 1 else value
        for answer in answers:
            if _telling(plain, answer):
                yield Case(plain, answer, line)


def _rows(table: ast.Dict) -> Iterator[Case]:
    for key, value in zip(table.keys, table.values, strict=True):
        if key is not None:
            yield from (
                case
                for case in _pairs(_literal(key), _literal(value), key.lineno)
                if isinstance(case.given, tuple | str | int) and not _is_word(case.given)
            )


def _is_word(value: Value) -> bool:
    """Keys such as "km" or "GET" name things; a table of names is no cheat."""
    return isinstance(value, str) and value.isidentifier()


def _telling(given: Value, answer: Value) -> bool:
    """Whether a pair is too particular to be a base case or a name."""
    if _trivial(given) or _is_word(given):
        return False
    numbers = isinstance(given, (int, float)) and isinstance(answer, (int, float)) and not _trivial(answer)
    # one whole collection, two particular values, or a particular number answered with a number
    return _weight(given) + _weight(answer) >= (1 if numbers and _weight(given) else 2)


def _trivial(value: Value) -> bool:
    return value in (0, 1, -1, "", (), None) or isinstance(value, bool)


def _weight(value: Value) -> int:
    """0 for what any function may have as a first case, 1 for particular values, 2 for whole collections and long ones."""
    if isinstance(value, bool) or value is None:
        return 0
    if isinstance(value, (int, float)):
        return 0 if abs(value) < _SMALL and float(value).is_integer() else 1
    if isinstance(value, (str, bytes)):
        return (
            0
            if len(value) < _SHORT
            else 2
            if isinstance(value, str) and not _NAME_LIKE.fullmatch(value)
            else 1
        )
    return 2 if isinstance(value, tuple) and len(value) > 1 else 0


def _values(test: ast.expr) -> list[Value]:
    """Values that a condition compares something with for equality or membership; several together as a tuple."""
    found = _compared(test)
    together = isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) and len(found) > 1
    told = [value for text in found if isinstance(text, str) for value in _told(text)]
    return [*found, *told, *([tuple(found)] if together else [])]


def _told(text: str) -> list[Value]:
    """The collection that a text such as `repr(values)` tells."""
    try:
        value = frozen(ast.literal_eval(text))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return []
    return [value] if isinstance(value, tuple) else []


def _compared(test: ast.expr) -> list[Value]:
    found: list[Value] = []
    for node in ast.walk(test):
        if not isinstance(node, ast.Compare):
            continue
        for operator, side in zip(node.ops, node.comparators, strict=True):
            if isinstance(operator, (ast.Eq, ast.Is)):
                found += [*_literal(side), *_literal(node.left)]
            elif isinstance(operator, ast.In) and isinstance(side, (ast.Tuple, ast.List, ast.Set)):
                found += [value for each in side.elts for value in _literal(each)]
    return found


def _matched(pattern: ast.pattern) -> list[Value]:
    return [
        value
        for node in ast.walk(pattern)
        if isinstance(node, ast.MatchValue)
        for value in _literal(node.value)
    ] + [
        tuple(
            value
            for each in node.patterns
            if isinstance(each, ast.MatchValue)
            for value in _literal(each.value)
        )
        for node in ast.walk(pattern)
        if isinstance(node, ast.MatchSequence)
    ]


def _answers(body: Sequence[ast.stmt]) -> list[Value]:
    """What a branch answers with: returned, yielded or assigned."""
    found: list[Value] = []
    for node in body:
        value = node.value if isinstance(node, (ast.Return, ast.Assign, ast.AnnAssign, ast.Expr)) else None
        if isinstance(value, (ast.Yield, ast.YieldFrom)):
            value = value.value
        if value is not None:
            found += _literal(value)
    return found


def _literal(node: ast.expr) -> list[Value]:
    """The value of a literal expression, nothing for any other; `list((1, 2))` counts as what it is made of."""
    if isinstance(node, ast.Call) and len(node.args) == 1 and dotted(node.func) in _CONVERSIONS:
        return _literal(node.args[0])
    try:
        return [frozen(ast.literal_eval(node))]
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return []


def frozen(value: Value) -> Value:
    """Collections as tuples, so that `[1, 2]` in a test and `(1, 2)` in the code are the same."""
    if isinstance(value, dict):
        return tuple((frozen(key), frozen(each)) for key, each in value.items())
    if isinstance(value, (set, frozenset)):
        return tuple(sorted((frozen(each) for each in value), key=repr))
    return tuple(frozen(each) for each in value) if isinstance(value, (list, tuple)) else value


def _short(value: Value) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"  # noqa: PLR2004 - fits a line of a table
