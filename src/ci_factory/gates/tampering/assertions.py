"""Existing tests that assert less than they did (attacks 28).

A test that a right change keeps passing need not assert less. Strength of an assertion: 3 for a comparison with `==`, `is`, an
expected exception or a call of a checking method; 2 for an order, membership or approximate comparison; 1 for truth, type
or "not None"; 0 for what is true whatever the code does. The sum over a test must not fall.
"""

import ast
from collections.abc import Iterator, Sequence

from ci_factory.gates.tampering.module import Function, Module, Remark, dotted, functions, is_test_name

_EXACT, _LOOSE, _TRUTH, _EMPTY = 3, 2, 1, 0
_WEAK_CALLS = {"isinstance", "issubclass", "callable", "hasattr", "bool", "len"}
_WEAK_METHODS = ("assertTrue", "assertFalse", "assertIsNotNone", "assertIsInstance")
_LOOSE_METHODS = (
    "assertAlmostEqual",
    "assertGreater",
    "assertGreaterEqual",
    "assertIn",
    "assertLess",
    "assertLessEqual",
    "assertNotEqual",
    "assertNotIn",
)
_CHECKS = (
    "raises",
    "warns",
    "deprecated_call",
    "assertRaises",
    "assertRaisesRegex",
    "assertWarns",
    "assertLogs",
)
_WIDE = 0.01
"""A tolerance above one percent is no longer a comparison of numbers."""


def assertions(module: Module) -> Iterator[Remark]:
    """Tests of the base whose assertions became fewer or weaker, or can't be reached any more."""
    if module.before is None or not module.is_test:
        return
    after = dict(functions(module.tree))
    for name, before in functions(module.before):
        node = after.get(name)
        if node is None or not is_test_name(name) or ast.dump(node) == ast.dump(before):
            continue
        strength, earlier = _strength(node), _strength(before)
        if strength < earlier:
            said = f"asserts less than before (strength {strength}, was {earlier})"
            yield Remark(f"existing test {name} {said}", node.lineno)


def _strength(test: Function) -> int:
    return sum(_block(test.body))


def _block(body: Sequence[ast.stmt]) -> Iterator[int]:
    """Strength of each assertion that is reached without a condition that never holds."""
    for statement in body:
        yield from _statement(statement)
        if isinstance(statement, (ast.Return, ast.Raise, ast.Continue, ast.Break)) or _skips(statement):
            return


def _statement(node: ast.stmt) -> Iterator[int]:
    if isinstance(node, ast.Assert):
        yield _condition(node.test)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield _call(node.value)
    elif isinstance(node, ast.If):
        yield from () if _constant(node.test) is False else _block(node.body)
        yield from () if _constant(node.test) is True else _block(node.orelse)
    elif isinstance(node, (ast.With, ast.AsyncWith)):
        yield from (_EXACT for item in node.items if _checks(item.context_expr))
        yield from () if any(_suppresses(item.context_expr) for item in node.items) else _block(node.body)
    elif isinstance(node, ast.Try):
        yield from () if any(_swallows(handler) for handler in node.handlers) else _block(node.body)
        yield from _block([*node.orelse, *node.finalbody])
    elif isinstance(node, (ast.For, ast.AsyncFor)):
        yield from () if _is_empty(node.iter) else _block(node.body)
    elif isinstance(node, ast.While):
        yield from () if _constant(node.test) is False else _block(node.body)


def _condition(test: ast.expr) -> int:
    if _constant(test) is not None:
        return _EMPTY
    if isinstance(test, ast.BoolOp):
        parts = [_condition(each) for each in test.values]
        # either side of `or` may hold: the weaker one counts, and a choice is no exact comparison
        return min(_LOOSE, *parts) if isinstance(test.op, ast.Or) else sum(parts)
    if isinstance(test, ast.Compare):
        return _comparison(test)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _TRUTH
    if isinstance(test, ast.NamedExpr):
        return _condition(test.value)
    return _TRUTH


def holds(test: ast.expr) -> bool:
    """Whether a condition is true whatever the code does: `True`, `x == x`, either of them after an `or`."""
    if isinstance(test, ast.BoolOp):
        every = [holds(each) for each in test.values]
        return any(every) if isinstance(test.op, ast.Or) else all(every)
    if isinstance(test, ast.Compare):
        same = len({ast.dump(side) for side in (test.left, *test.comparators)}) == 1
        return same and all(isinstance(each, (ast.Eq, ast.Is, ast.LtE, ast.GtE)) for each in test.ops)
    return _constant(test) is True


def _comparison(test: ast.Compare) -> int:
    sides = [test.left, *test.comparators]
    if len({ast.dump(side) for side in sides}) == 1 or all(_constant(side) is not None for side in sides):
        return _EMPTY
    operator = test.ops[0]
    none = any(isinstance(side, ast.Constant) and side.value is None for side in sides)
    if isinstance(operator, (ast.IsNot, ast.NotEq)):
        return _TRUTH if none else _LOOSE
    if isinstance(operator, (ast.Eq, ast.Is)):
        if any(_mocked(side) for side in sides):
            return _EMPTY
        return _LOOSE if any(_wide(side) for side in sides) else _weakened_by_call(sides)
    return _LOOSE


def _weakened_by_call(sides: Sequence[ast.expr]) -> int:
    """`len(x) == 3` and `type(x) is int` say less than `x == [1, 2, 3]`."""
    calls = {dotted(side.func) for side in sides if isinstance(side, ast.Call)}
    return _LOOSE if calls & (_WEAK_CALLS | {"type", "sorted", "set"}) else _EXACT


def _mocked(node: ast.expr) -> bool:
    return dotted(node).rsplit(".", 1)[-1] == "ANY"


def _wide(node: ast.expr) -> bool:
    if not (isinstance(node, ast.Call) and dotted(node.func).endswith("approx")):
        return False
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    values = [value.value for value in given.values() if isinstance(value, ast.Constant)]
    return any(isinstance(value, (int, float)) and value > _WIDE for value in values)


def _call(call: ast.Call) -> int:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else dotted(call.func)
    if name in _WEAK_METHODS:
        return min(_TRUTH, _condition(call.args[0])) if call.args else _EMPTY
    if name in _LOOSE_METHODS:
        return _LOOSE
    if name.startswith("assert"):
        same = len(call.args) > 1 and ast.dump(call.args[0]) == ast.dump(call.args[1])
        return _EMPTY if same else _EXACT
    return _EXACT if name in _CHECKS or name.startswith(("check", "verify", "expect")) else _EMPTY


def _checks(node: ast.expr) -> bool:
    name = dotted(node.func).rsplit(".", 1)[-1] if isinstance(node, ast.Call) else ""
    broad = isinstance(node, ast.Call) and node.args and dotted(node.args[0]) == "BaseException"
    return name in _CHECKS and not broad


def _suppresses(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and dotted(node.func).rsplit(".", 1)[-1] == "suppress"


def _swallows(handler: ast.ExceptHandler) -> bool:
    """Whether a failed assertion ends here unheard."""
    caught = (
        handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type] if handler.type else []
    )
    names = {dotted(each) for each in caught}
    broad = handler.type is None or bool(names & {"AssertionError", "Exception", "BaseException"})
    return broad and not any(
        isinstance(node, (ast.Raise, ast.Assert)) or _fails(node) for node in ast.walk(handler)
    )


def _fails(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and dotted(node.func).rsplit(".", 1)[-1] == "fail"


def _skips(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and dotted(node.value.func)
        in {
            "pytest.skip",
            "pytest.xfail",
            "self.skipTest",
            "pytest.exit",
        }
    )


def _constant(node: ast.expr) -> bool | None:
    """Whether an expression is true or false whatever the code does; `None` when that depends."""
    if isinstance(node, ast.Constant):
        return bool(node.value)
    if isinstance(node, (ast.Tuple, ast.List, ast.Set, ast.Dict)):
        filled = bool(node.keys if isinstance(node, ast.Dict) else node.elts)
        return filled if isinstance(node, ast.Tuple) or not filled else None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        inner = _constant(node.operand)
        return None if inner is None else not inner
    if isinstance(node, ast.BoolOp):
        parts = [_constant(each) for each in node.values]
        decisive = isinstance(node.op, ast.Or)
        if decisive in parts:
            return decisive
        return not decisive if all(part is not None for part in parts) else None
    return None


def _is_empty(node: ast.expr) -> bool:
    return isinstance(node, (ast.Tuple, ast.List)) and not node.elts
