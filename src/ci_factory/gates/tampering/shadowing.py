"""New files that Python or pytest would load in place of what they should (attacks 29)."""

import sys
from pathlib import PurePosixPath

_STARTUP = {"sitecustomize.py", "usercustomize.py"}
_TOOLS = {"_pytest", "coverage", "pluggy", "py", "pytest", "pytest_timeout", "xdist", "iniconfig"}
_PLACES = {"", "src", "lib"}
"""Folders that stand on the import path of a test run."""


def shadowed(path: str) -> str | None:
    """What a new file of this path takes the place of, `None` when nothing."""
    place = PurePosixPath(path)
    if place.name in _STARTUP or place.suffix in {".pth", ".egg-link"}:
        return f"{place.name} is run by every Python that starts there"
    if place.name in {"entry_points.txt", "METADATA"} and place.parent.suffix in {".dist-info", ".egg-info"}:
        return "metadata of an installed package, which can load plugins"
    module = place.parent if place.name == "__init__.py" else place.with_suffix("")
    parent = "" if str(module.parent) == "." else str(module.parent)
    if place.suffix not in {".py", ".so", ".pyd"} or parent not in _PLACES:
        return None
    known = _TOOLS | set(sys.stdlib_module_names) - {"test", "this", "antigravity"}
    return f"takes the place of the module {module.name}" if module.name in known else None
