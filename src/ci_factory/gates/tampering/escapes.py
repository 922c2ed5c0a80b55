"""Code that leaves the test run, reaches into it, or behaves differently under test (attacks 29-31)."""

import ast
import re
from collections.abc import Iterator

from ci_factory.gates.tampering.module import Module, Remark, dotted, text_of

_LEAVES = {"os._exit", "posix._exit", "os.abort", "posix.abort", "faulthandler._sigsegv"}
_PATCHED = re.compile(
    r"(_pytest|pluggy|coverage|unittest\.(case|result|runner|suite|loader|TestCase)|builtins|__builtins__|pytest\.\w+)\."
)
_LOOKS = re.compile(r"PYTEST_(CURRENT_TEST|VERSION|XDIST_\w+)|--junit-?xml")
_INSIDE = {"sys.settrace", "sys.setprofile", "threading.settrace", "sys.monitoring.free_tool_id"}
_DETACHES = {"os.setsid", "os.setpgrp", "os.setpgid"}
_RUNNERS = {"pytest", "_pytest", "pluggy", "coverage", "xdist"}
_SURROUNDINGS = ("sys.modules", "sys.argv", "sys.orig_argv", "importlib.util.find_spec")
_CALLERS = (
    "inspect.stack",
    "inspect.currentframe",
    "sys._getframe",
    "traceback.extract_stack",
    "traceback.format_stack",
)
_LOOKUPS = frozenset(
    (
        "all",
        "any",
        "count",
        "endswith",
        "filter",
        "find",
        "find_spec",
        "get",
        "index",
        "next",
        "search",
        "startswith",
    )
)
_RUNNER_WORD = re.compile(r"(?<![a-zA-Z])_?(pytest|pluggy|coverage|xdist|unittest)(?![a-zA-Z])")
_TEST_WORD = re.compile(r"(?<![a-zA-Z])_?(py)?tests?(?![a-zA-Z])")


def escapes(module: Module) -> Iterator[Remark]:
    """Added calls and assignments that no honest change of this kind of file needs."""
    yield from dict.fromkeys(_escapes(module))


def _escapes(module: Module) -> Iterator[Remark]:
    forks = any(isinstance(node, ast.Attribute) and node.attr == "fork" for node in ast.walk(module.tree))
    for node in module.new_nodes():
        if isinstance(node, ast.Call):
            yield from _call(module, node, forks=forks)
        elif isinstance(node, (ast.Assign, ast.AugAssign, ast.Delete)):
            yield from _assignment(node)
        elif isinstance(node, (ast.Constant, ast.BinOp)) and (text := text_of(node)):
            yield from _text(module, node, text)
        elif isinstance(node, (ast.Import, ast.ImportFrom)) and not module.is_test:
            yield from _import(module, node)
        if isinstance(node, (ast.Compare, ast.Call, ast.Attribute)) and not module.is_test:
            yield from _asks(module, node)


def _call(module: Module, node: ast.Call, *, forks: bool) -> Iterator[Remark]:
    name = module.named(node.func)
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


def _text(module: Module, node: ast.expr, text: str) -> Iterator[Remark]:
    found = _LOOKS.search(text[:2000])
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


def _asks(module: Module, node: ast.Compare | ast.Call | ast.Attribute) -> Iterator[Remark]:
    """`"pytest" in sys.modules`, `inspect.stack()[1].function == "test_it"`, a look at the caller's variables."""
    if isinstance(node, ast.Attribute):
        if node.attr == "f_locals":
            yield Remark(
                "reads the variables of whoever calls it, a test's expectations among them", node.lineno
            )
        return
    if isinstance(node, ast.Call) and module.named(node.func).rpartition(".")[2] not in _LOOKUPS:
        return  # such as one that starts a test run
    inside = list(ast.walk(node))
    names = [module.named(each.func if isinstance(each, ast.Call) else each) for each in inside]
    words = " ".join(text_of(each) for each in inside)
    looks = any(name.startswith(_SURROUNDINGS) for name in names) and _RUNNER_WORD.search(words)
    if looks or (any(name in _CALLERS for name in names) and _TEST_WORD.search(words)):
        yield Remark("asks whether it is being tested", node.lineno)
