"""Functions of source files with their cyclomatic complexity: radon counts Python, lizard the other languages."""

import csv
import functools
import io
import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from ci_factory.gates.protocol import Unmeasurable
from ci_factory.gates.subject import SideName, Subject
from ci_factory.gates.tools import Tool
from ci_factory.model.base import Json, Value
from ci_factory.system import process

RADON = Tool("radon")
LIZARD = Tool("lizard")
OTHERS = (
    *(".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".vue", ".go", ".rs", ".php", ".java"),
    *(".c", ".cc", ".cpp", ".cs", ".kt", ".swift", ".rb", ".scala"),
)
"""Sources that lizard reads (its documentation, "Supported languages")."""
_AS = {".mjs": ".js", ".cjs": ".js", ".jsx": ".js", ".mts": ".ts", ".cts": ".ts"}
"""Suffixes that lizard does not know, and those by which it reads them."""
_FORGIVE = re.compile(rb"(lizard) (forgive)|(GENERATED) (CODE)", re.IGNORECASE)
"""Comments that tell lizard to leave something out; they are not obeyed."""
_MAX_BYTES = 4 * 1024 * 1024
"""A larger source is generated; it is left out on both sides."""


class Block(Value):
    """One function or method; `path` is the head's name of its file."""

    path: str
    name: str
    line: int
    complexity: int


class Blocks(Value):
    """All functions of the changed files of one side."""

    blocks: tuple[Block, ...] = ()
    unreadable: tuple[str, ...] = ()
    """Head's names of files that do not parse."""

    @property
    def total(self) -> int:
        """Sum of their complexity."""
        return sum(block.complexity for block in self.blocks)

    def without(self, paths: Sequence[str]) -> "Blocks":
        """The same, these files left out."""
        return Blocks(blocks=tuple(block for block in self.blocks if block.path not in paths))

    def __add__(self, other: "Blocks") -> "Blocks":
        return Blocks(blocks=(*self.blocks, *other.blocks), unreadable=(*self.unreadable, *other.unreadable))


Names = Mapping[SideName, Mapping[str, str]]
"""Of each side, its paths and what the head calls them."""


def count(subject: Subject, tool: Tool, names: Names, version: str) -> dict[SideName, Blocks]:
    """Functions of the sides' files, by radon or by lizard.

    Raises:
        Unmeasurable: the tool is missing, or its report can't be read.
    """
    read = _radon if tool is RADON else _lizard
    known: dict[SideName, Blocks] = {side: Blocks() for side in names if not names[side]}

    def blocks(side: SideName) -> Blocks:
        """What is not known yet, of all sides at once: starting a tool takes longer than counting."""
        if side not in known:
            known.update(read(subject, {each: names[each] for each in names if each not in known}))
        return known[side]

    for side in names:
        key = {"tool": tool.program, "version": version, "files": dict(names[side])}
        known[side] = subject.measure(side, key, Blocks, functools.partial(blocks, side))
    return known


def _radon(subject: Subject, names: Names) -> dict[SideName, Blocks]:
    places = {side: subject.part(side) for side in names}
    # radon would take settings from its current folder: it gets an empty one and absolute paths
    files = [str(places[side] / path) for side in names for path in names[side]]
    done = RADON.run(subject, ["cc", "-j", *files], cwd=subject.scratch / "tmp", expected=frozenset({0}))
    try:
        report = json.loads(done.stdout)
        return {side: _radon_side(report, places[side], names[side]) for side in names}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unmeasurable(f"radon's report can't be read: {error}") from error


def _radon_side(report: dict[str, Json], folder: Path, names: Mapping[str, str]) -> Blocks:
    found = {path: report[str(folder / path)] for path in names if str(folder / path) in report}
    unreadable = tuple(names[path] for path, rows in found.items() if isinstance(rows, dict))
    return Blocks(blocks=tuple(_radon_blocks(found, names)), unreadable=unreadable)


def _radon_blocks(found: dict[str, Json], names: Mapping[str, str]) -> Iterator[Block]:
    for path, rows in found.items():
        for row in rows if isinstance(rows, list) else ():
            if row["type"] != "class":  # its methods are listed by themselves
                owner = f"{row['classname']}." if row.get("classname") else ""
                name, line = f"{owner}{row['name']}", row["lineno"]
                yield Block(path=names[path], name=name, line=line, complexity=row["complexity"])


def _lizard(subject: Subject, names: Names) -> dict[SideName, Blocks]:
    return {side: _lizard_side(subject, side, names[side]) for side in names}


def _lizard_side(subject: Subject, side: SideName, names: Mapping[str, str]) -> Blocks:
    work = Path(tempfile.mkdtemp(dir=subject.scratch, prefix="lizard-"))
    try:
        copies = dict(_copies(subject.part(side), list(names), work))
        if not copies:
            return Blocks()
        done = LIZARD.run(
            subject, ["--csv", "-i", "-1", *map(str, copies)], cwd=work, expected=frozenset({0})
        )
        return Blocks(blocks=tuple(_lizard_blocks(done, copies, names)))
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _copies(folder: Path, paths: Sequence[str], work: Path) -> Iterator[tuple[Path, str]]:
    """Each file in a folder of its own: lizard is told nothing by names, ignore files or comments."""
    for number, path in enumerate(paths):
        source, suffix = folder / path, PurePosixPath(path).suffix
        if source.is_file() and not source.is_symlink() and source.stat().st_size <= _MAX_BYTES:
            copy = work / f"{number}{_AS.get(suffix, suffix)}"
            # lizard reads files of equal content once
            copy.write_bytes(_FORGIVE.sub(rb"\1\3_\2\4", source.read_bytes()) + b"\n" * (number + 1))
            yield copy, path


def _lizard_blocks(
    done: process.Completed, copies: Mapping[Path, str], names: Mapping[str, str]
) -> Iterator[Block]:
    try:
        for row in csv.reader(io.StringIO(done.stdout), strict=True):
            _, complexity, _, _, _, _, file, name, _, start, _ = row
            path = names[copies[Path(file)]]
            yield Block(path=path, name=name, line=int(start), complexity=int(complexity))
    except (ValueError, KeyError, csv.Error) as error:
        raise Unmeasurable(f"lizard's report can't be read: {error}") from error
