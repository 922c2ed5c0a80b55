"""Which files configure the presets' tools: the base's version of them judges."""

import re
from collections.abc import Collection
from fnmatch import fnmatchcase, translate
from pathlib import PurePosixPath

from ci_factory.gates.presets.registry import PRESETS

SETTINGS: frozenset[str] = frozenset(
    name for preset in PRESETS.values() for tool in preset.settings for name in tool
)
"""Names (patterns) of these files, in any folder."""


_ANY = re.compile("|".join(map(translate, sorted(SETTINGS))))


def is_setting(path: str) -> bool:
    """Whether a file configures a tool of a preset."""
    return _ANY.match(path.rpartition("/")[2]) is not None


def takes_over(path: str, base: Collection[str]) -> bool:
    """Whether a settings file that only the change has would replace or loosen what the base is judged by.

    That is so in a folder that the base has too, when the base configures the same tool anywhere, or when the tool
    runs without settings. The first settings of a tool, and those of a new folder, are the project's own affair.
    """
    folder = f"{PurePosixPath(path).parent}/"
    if folder != "./" and not any(known.startswith(folder) for known in base):
        return False
    for preset in PRESETS.values():
        if _matches(path, preset.unasked) and any(preset.speaks(known) for known in base):
            return True
        tools = (tool for tool in preset.settings if _matches(path, tool))
        if any(_matches(known, tool) for tool in tools for known in base):
            return True
    return False


def _matches(path: str, patterns: Collection[str]) -> bool:
    name = path.rpartition("/")[2]
    return any(fnmatchcase(name, pattern) for pattern in patterns)
