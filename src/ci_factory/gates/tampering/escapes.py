"""Code that leaves the test run, reaches into it, or behaves differently under test (THREATS 29-31)."""

import ast
import re
from collections.abc import Iterator

from ci_factory.gates.tampering.module import Module, Remark, dotted

_LEAVES = {"os._exit", "posix._exit", "faulthandler._sigsegv"}
_PATCHED = re.compile(
    r"(_pytest|pluggy|coverage|unittest\.(case|result|runner|suite|loader|TestCase)|builtins|__builtins__|pytest\.\w+)\."
)
_LOOKS = re.compile(r"PYTEST_(CURRENT_TEST|VERSION|XDIST_\w+)|--junit-?xml")
_INSIDE = {"sys.settrace", "sys.setprofile", "threading.settrace", "sys.monitoring.free_tool_id"}
_DETACHES = {"os.setsid", "os.setpgrp", "os.setpgid"}
_RUNNERS = {"pytest", "_pytest", "pluggy", "coverage", "xdist"}


def escapes(module: Module) -> Iterator[Remark]:
    """Added calls and assignments that no honest change of this kind of file needs."""
    forks = any(isinstance(node, ast.Attribute) and node.attr == "fork" for node in ast.walk(module.tree))
    for node in module.new_nodes():
        if isinstance(node, ast.Call):
            yield from _call(module, node, forks=forks)
        elif isinstance(node, (ast.Assign, ast.AugAssign, ast.Delete)):
            yield from _assignment(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from _text(module, node)
        elif isinstance(node, (ast.Import, ast.ImportFrom)) and not module.is_test:
            yield from _import(module, node)
        elif isinstance(node, ast.Compare) and not module.is_test:
            yield from _asks(node)


def _call(module: Module, node: ast.Call, *, forks: bool) -> Iterator[Remark]:
    name = dotted(node.func)
    if name in _LEAVES and not forks:
        yield Remark(f"{name} ends the process that runs the tests", node.lineno)
    elif name in _INSIDE and module.is_test:
        yield Remark(f"{name} in a test reaches into the test run", node.lineno)
    elif module.is_test and _leaves_behind(name, node):
        yield Remark("starts a process that outlives the test run", node.lineno)
    elif name in {"setattr", "delattr"} and node.args and _runner(dotted(node.args[0])):
        yield Remark(f"{name} on {dotted(node.args[0])} changes the test run itself", node.lineno)


def _leaves_behind(name: str, node: ast.Call) -> bool:
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    session = given.get("start_new_session")
    detached = isinstance(session, ast.Constant) and bool(session.value)
    return name in _DETACHES or detached or dotted(given.get("preexec_fn", node)) in _DETACHES


def _assignment(node: ast.Assign | ast.AugAssign | ast.Delete) -> Iterator[Remark]:
    targets = [node.target] if isinstance(node, ast.AugAssign) else node.targets
    for target in targets:
        name = dotted(target)
        if _PATCHED.match(name):
            yield Remark(f"changes {name}, a part of the test run itself", node.lineno)
        elif isinstance(target, ast.Subscript) and dotted(target.value) == "sys.modules":
            key = target.slice.value if isinstance(target.slice, ast.Constant) else None
            if isinstance(key, str) and key.split(".")[0] in _RUNNERS | {"builtins", "unittest"}:
                yield Remark(f"replaces the module {key}", node.lineno)


def _runner(name: str) -> bool:
    return name.split(".", maxsplit=1)[0] in {
        "_pytest",
        "pluggy",
        "builtins",
        "__builtins__",
        "pytest",
        "coverage",
    }


def _text(module: Module, node: ast.Constant) -> Iterator[Remark]:
    found = _LOOKS.search(str(node.value)[:2000])
    if found and (not module.is_test or found[0].startswith("--junit")):
        where = "a test" if module.is_test else "code that is no test"
        yield Remark(f"{found[0]} in {where}: asks how it is being tested", node.lineno)


def _import(module: Module, node: ast.Import | ast.ImportFrom) -> Iterator[Remark]:
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
    for root in sorted({name.split(".")[0] for name in names} & {"pytest", "_pytest"}):
        if root not in _imports(module.before):
            yield Remark(f"imports {root} in code that is no test", node.lineno)


def _imports(tree: ast.Module | None) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found


def _asks(node: ast.Compare) -> Iterator[Remark]:
    """`"pytest" in sys.modules`."""
    sides = [node.left, *node.comparators]
    words = {str(each.value) for each in sides if isinstance(each, ast.Constant)}
    if words & (_RUNNERS | {"unittest"}) and any(dotted(each).startswith("sys.") for each in sides):
        yield Remark("asks whether it is being tested", node.lineno)
