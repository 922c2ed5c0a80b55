"""The text of TypeScript's compiler (`tsc --pretty false`). It says nothing when it finds nothing."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from ci_factory.errors import ArtifactError
from ci_factory.gates.reports.lines import lines
from ci_factory.gates.reports.model import Issue
from ci_factory.gates.reports.reading import Reading, digits, place
from ci_factory.gates.severities import severity
from ci_factory.model.gate import Component

_TOOL = "tsc"
_MESSAGE = re.compile(
    r"(?:(?P<path>[^\n]{1,4096}?)\((?P<line>\d+),(?P<column>\d+)\): )?"
    r"(?P<word>error|warning|suggestion|message) (?P<code>TS\d{1,9}): (?P<said>.*)"
)
_MAYBE = re.compile(r"\b(?:error|warning) TS\d")


def read(stream: BinaryIO, reading: Reading) -> Iterator[Issue]:
    """Messages; lines that are indented explain the one above, others (of `--diagnostics`) are figures."""
    reading.tools.add((_TOOL, Component.SYNTAX))
    for line in lines(stream):
        found = _MESSAGE.fullmatch(line[:8192])
        if found:
            yield _issue(found, reading)
        elif _MAYBE.search(line[:8192]):
            raise ArtifactError(
                f"has a message that can't be read: {line[:100]!r}", fix="run tsc --pretty false"
            )


def _issue(found: re.Match[str], reading: Reading) -> Issue:
    path, line, column = found["path"], found["line"], found["column"]
    return Issue(
        rule=found["code"],
        severity=severity(_TOOL, found["word"]),
        message=found["said"][:2000],
        path=reading.paths.tool_file(path) if path else "",
        line=place(digits(line, "line")) if path else None,
        column=place(digits(column, "column"), "column") if path else None,
        tool=_TOOL,
    )
