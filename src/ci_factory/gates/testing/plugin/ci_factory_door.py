"""A pytest plugin: the moment at which the checkout may be imported. Stands alone."""

from __future__ import annotations

import importlib.machinery
import importlib.metadata
import os
import sys
import sysconfig
from pathlib import Path
from typing import Any, Iterator  # noqa: UP035 - old interpreters

import pytest


class Door:
    """A pytest plugin that lets the checkout in when the installed plugins are loaded, and not before.

    Until then what is not installed is still found in the checkout (a plugin that the settings name by `-p`), but
    nothing in it can take the place of an installed module, and its metadata names no plugin.
    """

    def __init__(self, paths: list[str]) -> None:
        """Stand behind all other finders; `paths` are the checkout's folders."""
        self._paths = paths
        forget_edited(self._paths)
        sys.meta_path.append(self)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """A module that nobody else knows."""
        del target
        return importlib.machinery.PathFinder.find_spec(name, self._paths) if path is None else None

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_load_initial_conftests(self) -> Iterator[None]:
        """Open: the checkout comes first from here on, before an installed version of the same project."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)
            sys.path[:0] = self._paths
            os.environ["PYTHONPATH"] = os.pathsep.join(self._paths)
        yield

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        """Nobody reads the summary on the terminal, and some plugins import a lot for it."""
        session.config.hook.pytest_terminal_summary = nothing  # type: ignore[attr-defined] # hooks are attributes
        yield


def nothing(**_: Any) -> None:
    """Summarise nothing."""


def forget_edited(paths: list[str]) -> None:
    """A pytest plugin that is the project itself, installed for editing, must come from the checkout."""
    for installed in importlib.metadata.distributions():
        if '"editable": true' not in (installed.read_text("direct_url.json") or "").replace(":t", ": t"):
            continue
        for entry in installed.entry_points:
            top = entry.value.split(":")[0].split(".")[0].strip()
            if entry.group == "pytest11" and any(holds(place, top) for place in paths):
                ours = set(sysconfig.get_paths().values())
                sys.path[:] = [place for place in sys.path if place in ours or not holds(place, top)]
                sys.meta_path[:] = [each for each in sys.meta_path if top not in mapping(each)]


def holds(folder: str, top: str) -> bool:
    """Whether a folder has a module or package of that name."""
    return Path(folder, top).is_dir() or Path(folder, f"{top}.py").is_file()


def mapping(finder: Any) -> Any:
    """Module names that a finder of an installation for editing knows."""
    return getattr(sys.modules.get(getattr(finder, "__module__", "")), "MAPPING", ())
