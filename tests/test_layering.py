"""The rooms of the house: who may import whom."""

import ast
from pathlib import Path

import ci_factory

ROOT = Path(ci_factory.__file__).parent
VALUES = {"model", "errors"}
MAY_IMPORT = {
    "model": {"model"},
    "errors": set(),
    "config": VALUES,
    "system": VALUES,
    "adoption": {*VALUES, "config"},
    "intake": {*VALUES, "config"},
    "planning": {*VALUES, "config"},
    "scoring": {*VALUES, "config"},
    "review": {*VALUES, "config"},
    "manifests": VALUES,
    "gates": {*VALUES, "config", "system", "manifests"},
    "work": {*VALUES, "config", "system", "manifests"},
    "forge": {*VALUES, "config", "system"},
    "publishing": {*VALUES, "config", "system", "forge"},
    "native": VALUES,
    "metrics": {*VALUES, "config", "system", "forge"},
    "workflow": {*VALUES, "config", "system", "forge", "adoption", "intake", "planning", "scoring", "review", "gates", "work",
                 "publishing", "metrics"},
}  # fmt: skip
ONLY_IN = {
    "subprocess": "system/process.py",
    "gitlab": "forge/gitlab/wire.py",
    "requests": "forge/gitlab/",
    "sqlalchemy": "metrics/storing/",
    "ortools": "planning/scheduling/exact_model.py",
}
"""A library, and the one module or folder that imports it."""
ELSEWHERE = {"gates/testing/plugin/ci_factory_door.py"}
"""Runs in the tests' own process and sets what their children see."""
PURE = ("adoption", "intake", "manifests", "planning", "scoring", "review", "model", "native")
IMPURE_MODULES = {
    "click",
    "os",
    "subprocess",
    "sqlite3",
    "time",
    "requests",
    "socket",
    "tempfile",
    "threading",
}


def imports(path: Path) -> set[str]:
    """Dotted names of everything a module imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def modules() -> list[tuple[str, str, set[str]]]:
    """(room, relative path, imports) of every module."""
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        relative = path.relative_to(ROOT)
        found.append((relative.parts[0].removesuffix(".py"), str(relative), imports(path)))
    return found


def test_rooms_import_only_what_they_may() -> None:
    """A room imports itself and the rooms that the table allows; nobody imports the command line."""
    wrong = [
        f"{path} imports {name}"
        for room, path, names in modules()
        for name in names
        if name.startswith("ci_factory.")
        and room in MAY_IMPORT
        and name.split(".")[1] not in MAY_IMPORT[room] | {room, "__version__"}
    ]
    assert wrong == []


def test_single_doors() -> None:
    """Processes, GitLab and the database library are each imported in one place only."""
    wrong = [
        f"{path} imports {name}"
        for _, path, names in modules()
        for name in names
        if (door := ONLY_IN.get(name.split(".")[0])) and not path.startswith(door)
    ]
    assert wrong == []


def test_pure_rooms_have_no_effects() -> None:
    """Pure rooms do not even import what could have an effect."""
    wrong = [
        f"{path} imports {name}"
        for room, path, names in modules()
        for name in names
        if room in PURE and name.split(".")[0] in IMPURE_MODULES
    ]
    assert wrong == []


def test_one_clock_and_one_reader_of_the_environment() -> None:
    """Nobody but `system` asks the time or reads the environment."""
    banned = ("datetime.now", "time.time(", "os.environ", "os.getenv", ".utcnow(")
    wrong = [
        f"{path}: {word}"
        for room, path, _ in modules()
        for word in banned
        if room != "system" and path not in ELSEWHERE and word in (ROOT / path).read_text(encoding="utf-8")
    ]
    assert wrong == []
