"""Settings of tools: always the base's, so that a change can't loosen the rules it is judged by."""

import configparser
import functools
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ci_factory.gates import presets
from ci_factory.gates.change import Change
from ci_factory.gates.checkout import Entry
from ci_factory.model import plain_ini, plain_toml

_RUFF = {"ruff.toml", ".ruff.toml"}
SETTINGS = {
    *_RUFF,
    "pyproject.toml",
    "setup.cfg",
    "tox.ini",
    "mypy.ini",
    ".mypy.ini",
    "pytest.ini",
    ".pytest.ini",
    "pytest.toml",
    ".pytest.toml",
    ".coveragerc",
    ".semgrepignore",
    ".secrets.baseline",
    ".bandit",
    ".flake8",
    ".pylintrc",
}
"""Names of files in which tools look for settings."""
_MAX_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Overlay:
    """How the head's checkout differs from the head's tree."""

    put: tuple[Entry, ...]
    """The base's version of settings that the change touches."""
    drop: tuple[str, ...]
    """Settings that the change adds where the base did without."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Every settings file of the change that is not used."""
        return tuple(sorted({*(entry.path for entry in self.put), *self.drop}))


def overlay(change: Change, base: dict[str, Entry]) -> Overlay:
    """The base's settings over the head's. `base` is the base's tree by path."""
    put, drop = [], []
    for changed in change.files:
        if is_settings(changed.old_path) and changed.old_path in base:
            put.append(base[changed.old_path])
        if changed.path not in base and changed.status != "D" and _loosens(changed.path, base):
            drop.append(changed.path)
    return Overlay(tuple(put), tuple(drop))


@functools.lru_cache(maxsize=1 << 16)
def is_settings(path: str) -> bool:
    """Whether a tool looks for settings in a file of this name: of Python's by their names, of others by their presets."""
    return path.rpartition("/")[2] in SETTINGS or presets.is_setting(path)


def _loosens(path: str, base: dict[str, Entry]) -> bool:
    """Whether a new settings file would take over from the base's: those that tools look for folder by folder."""
    place = PurePosixPath(path)
    if place.name in {*_RUFF, ".semgrepignore"}:
        return True
    if presets.is_setting(path) and presets.takes_over(path, base):
        return True
    folder = f"{place.parent}/"
    return place.name == "pyproject.toml" and any(known.startswith(folder) for known in base)


def ruff_file(folder: Path) -> str | None:
    """Name of the file at the root that configures ruff."""
    plain = (name for name in (".ruff.toml", "ruff.toml") if (folder / name).is_file())
    return next(plain, None) or _toml_with(folder, "pyproject.toml", "ruff")


def mypy_file(folder: Path) -> str | None:
    """Name of the file at the root that configures mypy, in mypy's own order."""
    plain = (name for name in ("mypy.ini", ".mypy.ini") if (folder / name).is_file())
    return (
        next(plain, None)
        or _toml_with(folder, "pyproject.toml", "mypy")
        or _ini_with(folder, "setup.cfg", "mypy")
    )


def pytest_file(folder: Path) -> str | None:
    """Name of the file at the root that configures pytest, in pytest's own order."""
    plain = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini")
    return (
        next((name for name in plain if (folder / name).is_file()), None)
        or _toml_with(folder, "pyproject.toml", "pytest")
        or _ini_with(folder, "tox.ini", "pytest")
        or _ini_with(folder, "setup.cfg", "tool:pytest")
    )


def coverage_file(folder: Path) -> str | None:
    """Name of the file at the root that configures coverage, in coverage's own order."""
    if (folder / ".coveragerc").is_file():
        return ".coveragerc"
    for name in ("setup.cfg", "tox.ini"):
        if any(_ini_with(folder, name, f"coverage:{part}") for part in ("run", "report")):
            return name
    return _toml_with(folder, "pyproject.toml", "coverage")


def coverage_omits(folder: Path) -> tuple[str, ...]:
    """Patterns of files that the project leaves out of coverage."""
    name = coverage_file(folder)
    if name is None:
        return ()
    if name.endswith(".toml"):
        told = _toml_tool(folder / name)["coverage"]
        tables = [told.get(part) for part in ("run", "report")] if isinstance(told, dict) else []
        found = [table.get("omit") for table in tables if isinstance(table, dict)]
        return tuple(str(pattern) for patterns in found if isinstance(patterns, list) for pattern in patterns)
    parser = _ini(folder / name)
    prefix = "" if name == ".coveragerc" else "coverage:"
    texts = [parser.get(f"{prefix}{part}", "omit", fallback="") for part in ("run", "report")]
    return tuple(pattern for text in texts for pattern in text.replace(",", "\n").split())


def _toml_with(folder: Path, name: str, table: str) -> str | None:
    return name if table in _toml_tool(folder / name) else None


def _toml_tool(path: Path) -> dict[str, Any]:
    text = _text(path)
    try:
        tool = plain_toml.load(text).get("tool", {})
    except ValueError:
        return {}
    return tool if isinstance(tool, dict) else {}


def _ini_with(folder: Path, name: str, section: str) -> str | None:
    return name if _ini(folder / name).has_section(section) else None


def _ini(path: Path) -> configparser.ConfigParser:
    try:
        return plain_ini.load(_text(path))
    except configparser.Error:
        return configparser.ConfigParser()


def _text(path: Path) -> str:
    if not path.is_file() or path.stat().st_size > _MAX_BYTES:
        return ""
    return path.read_text(encoding="utf-8", errors="replace")
