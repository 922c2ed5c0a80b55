"""The oldest Python that a project says it supports, as ruff calls it. Pure."""

import configparser
import re

from ci_factory.model import plain_ini, plain_toml

_OLDEST, _NEWEST = 7, 14
_REQUIRES = re.compile(r"(?:>=?|\^|~=?|==)\s*3\.(\d{1,2})")


def supported_python(pyproject: str | None, setup_cfg: str | None = None) -> str | None:
    """Of `requires-python`, of poetry's `python`, or of `python_requires`; `None` when none of them tells."""
    for said in (*_in_pyproject(pyproject or ""), _in_setup(setup_cfg or "")):
        if isinstance(said, str) and (found := _REQUIRES.search(said)):
            return f"py3{min(max(int(found[1]), _OLDEST), _NEWEST)}"
    return None


def _in_pyproject(text: str) -> tuple[object, object]:
    try:
        document = plain_toml.load(text)
    except ValueError:
        return None, None
    return _at(document, "project", "requires-python"), _at(
        document, "tool", "poetry", "dependencies", "python"
    )


def _at(document: object, *keys: str) -> object:
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _in_setup(text: str) -> object:
    try:
        parser = plain_ini.load(text, strict=True)
    except configparser.Error:
        return None
    return parser.get("options", "python_requires", fallback=None)
