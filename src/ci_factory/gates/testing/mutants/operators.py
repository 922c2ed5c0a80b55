"""Mutation operators: what may become what. The usual set of mutation testing (Offutt et al., 1996; cosmic-ray, mutmut). Pure."""

import ast
from collections.abc import Iterator

Other = tuple[str, ast.expr | ast.stmt]
"""Name of the operator, and the node that takes the place."""

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
_ARGUMENTS = 2
_ORDER_FREE = {"min", "max", "isinstance", "issubclass", "hasattr", "getattr", "setattr", "zip", "print"}
"""Swapped arguments of these change nothing, or break every run."""


def others(node: ast.AST) -> Iterator[Other]:
    """What may stand in the place of a node instead."""
    if isinstance(node, ast.expr):
        yield from _expressions(node)
    elif isinstance(node, ast.stmt):
        yield from _statements(node)


def _expressions(node: ast.expr) -> Iterator[Other]:
    if isinstance(node, ast.Compare):
        yield from _compare(node)
    elif isinstance(node, ast.BinOp):
        yield from _arithmetic(node)
    elif isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield "boolean", ast.BoolOp(other, node.values)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "negation", node.operand
    elif isinstance(node, ast.IfExp):
        yield "condition", ast.IfExp(_negated(node.test), node.body, node.orelse)
    elif isinstance(node, ast.Constant):
        yield from _constant(node)
    elif isinstance(node, ast.Call):
        yield from _call(node)


def _compare(node: ast.Compare) -> Iterator[Other]:
    for place, operator in enumerate(node.ops):
        for other in _COMPARISONS.get(type(operator), ()):
            ops = [*node.ops[:place], other(), *node.ops[place + 1 :]]
            yield "comparison", ast.Compare(node.left, ops, node.comparators)


def _arithmetic(node: ast.BinOp) -> Iterator[Other]:
    other = _ARITHMETIC.get(type(node.op))
    if other is not None and not (_is_text(node.left) or _is_text(node.right)):
        yield "arithmetic", ast.BinOp(node.left, other(), node.right)


def _is_text(node: ast.expr) -> bool:
    """Text and lists know no other operator: every run would end in an error, which says nothing about the tests."""
    if isinstance(node, ast.BinOp):
        return _is_text(node.left) or _is_text(node.right)
    text = isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    return text or isinstance(node, ast.JoinedStr | ast.List | ast.Tuple | ast.ListComp)


def _constant(node: ast.Constant) -> Iterator[Other]:
    if isinstance(node.value, bool):
        yield "constant", ast.Constant(not node.value)
    elif isinstance(node.value, int | float):
        yield "off by one", ast.Constant(node.value + 1)
    elif isinstance(node.value, str):
        yield "constant", ast.Constant(f"{node.value}~" if node.value else "~")


def _call(node: ast.Call) -> Iterator[Other]:
    name = getattr(node.func, "id", "")
    plain = len(node.args) >= _ARGUMENTS and not any(isinstance(each, ast.Starred) for each in node.args)
    if plain and name not in _ORDER_FREE and ast.dump(node.args[0]) != ast.dump(node.args[1]):
        swapped = [node.args[1], node.args[0], *node.args[2:]]
        yield "arguments", ast.Call(node.func, swapped, node.keywords)


def _statements(node: ast.stmt) -> Iterator[Other]:
    if isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield "return value", ast.Return(ast.Constant(None))
    elif isinstance(node, ast.AugAssign):
        other = _ARITHMETIC.get(type(node.op))
        if other is not None and not _is_text(node.value):
            yield "arithmetic", ast.AugAssign(node.target, other(), node.value)
        yield "statement", ast.Pass()
    elif isinstance(node, ast.Break | ast.Continue):
        yield "loop", ast.Continue() if isinstance(node, ast.Break) else ast.Break()
    elif isinstance(node, ast.Raise) or _acts(node):
        yield "statement", ast.Pass()


def _acts(node: ast.stmt) -> bool:
    """A statement without which every name is still there."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call | ast.Await)
    if isinstance(node, ast.Assign):
        return all(isinstance(target, ast.Attribute | ast.Subscript) for target in node.targets)
    return isinstance(node, ast.Delete)


def condition(node: ast.If | ast.While) -> Other:
    """The condition of a statement, turned round. A comparison has operators of its own for that."""
    return "condition", _negated(node.test)


def _negated(node: ast.expr) -> ast.expr:
    return (
        node.operand
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
        else ast.UnaryOp(ast.Not(), node)
    )


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
