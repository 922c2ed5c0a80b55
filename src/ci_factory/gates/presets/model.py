"""What a preset is: the tools, tests and settings that are usual for a language. Data; nothing runs here."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fnmatch import translate
from typing import Literal

from ci_factory.model.commands import CommandConfig

SideName = Literal["base", "head"]


@dataclass(frozen=True, slots=True)
class TestsCommand:
    """A program that runs the tests of a root and writes what came out. Runs in the root's folder of a checkout."""

    __test__ = False  # not a test class, whatever pytest thinks of its name
    command: tuple[str, ...]
    """Program and arguments; the program is looked up by `tools.program`."""
    report: str
    """File, or pattern of files, relative to the root, that the command writes; empty is its standard output."""
    report_format: str
    coverage: str | None = None
    """File that the command writes, relative to the root; `None` when it measures none."""
    coverage_format: str | None = None
    install: str = ""
    """How to get what the command needs."""
    environment: tuple[tuple[str, str], ...] = ()
    """Variables that it needs besides the common ones."""


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one root on both sides; paths are relative to the root."""

    base: frozenset[str]
    head: frozenset[str]
    read: Callable[[SideName, str], str]
    """Text of a side's file, empty when there is none or it is too large."""

    @property
    def every(self) -> frozenset[str]:
        """Of either side: a change can't hide what was there."""
        return self.base | self.head

    def settled(self, preset: "Preset") -> SideName:
        """The side whose word counts: the base, unless the language is new with this change."""
        return "base" if any(preset.speaks(path) for path in self.base) else "head"

    def of(self, side: SideName) -> frozenset[str]:
        """The files of a side."""
        return self.base if side == "base" else self.head


@dataclass(frozen=True, slots=True)
class PresetTool:
    """A tool of a preset, and when it belongs to a project."""

    gate: CommandConfig
    applies: Callable[[Files, SideName], bool] = lambda _files, _side: True
    """Whether the project uses it, by the files of the side that counts."""
    executes: bool = False
    """Whether it runs code of the project (build scripts, plugins): it gets checkouts of its own."""
    version: tuple[str, ...] = ("--version",)
    """Arguments that print its version; empty when it has none."""


@dataclass(frozen=True, slots=True)
class Preset:
    """What is usual for one language."""

    name: str
    suffixes: tuple[str, ...]
    """Of its sources, each from its only dot."""
    manifests: tuple[str, ...] = ()
    """File names that say that the language is used."""
    tools: tuple[PresetTool, ...] = ()
    tests: Callable[[Files, SideName], TestsCommand | None] = lambda _files, _side: None
    settings: tuple[tuple[str, ...], ...] = ()
    """For each tool, names (patterns) of the files that configure it, in any folder; the base's version counts."""
    unasked: tuple[str, ...] = ()
    """Those of tools that run without settings too, so that a first settings file can loosen them."""
    programs: tuple[str, ...] = ()
    """Folders of the project's own tools, relative to the root, such as `node_modules/.bin`."""
    setup_paths: tuple[str, ...] = ()
    """Folders that a setup command fills, relative to the root."""
    locks: tuple[str, ...] = field(default=())
    """Names (patterns) of manifests and lock files that decide what a setup command installs."""

    def speaks(self, path: str) -> bool:
        """Whether a file shows that the language is used."""
        return path.endswith(self.suffixes) or path.rpartition("/")[2] in self.manifests


def named(paths: Iterable[str], *patterns: str, anywhere: bool = True) -> bool:
    """Whether a file has one of these names, in any folder or only directly in the root."""
    wanted = re.compile("|".join(map(translate, patterns)))
    names = (path if not anywhere else path.rpartition("/")[2] for path in paths)
    return any(wanted.match(name) for name in names)
