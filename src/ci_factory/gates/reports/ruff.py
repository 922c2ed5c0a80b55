"""ruff's JSON."""

from collections.abc import Iterator
from typing import BinaryIO

from ci_factory.gates.reports.model import Issue
from ci_factory.gates.reports.reading import Reading, name, optional_text, place, text
from ci_factory.gates.reports.rows import array
from ci_factory.gates.severities import severity
from ci_factory.model.base import Json
from ci_factory.model.gate import Component

_TOOL = "ruff"
_SYNTAX_ERROR = "invalid-syntax"
"""ruff gives errors of syntax no code."""


def read(stream: BinaryIO, reading: Reading) -> Iterator[Issue]:
    """Entries of the array."""
    reading.tools.add((_TOOL, Component.SYNTAX))
    for row in array(stream):
        yield _issue(row, reading)


def _issue(row: dict[str, Json], reading: Reading) -> Issue:
    end = row.get("end_location") or {}
    return Issue(
        rule=name(row["code"] or _SYNTAX_ERROR, "code"),
        severity=severity(_TOOL, row.get("severity") or ""),
        message=text(row["message"], "message"),
        path=reading.paths.tool_file(row["filename"]),
        line=place(row["location"]["row"]),
        column=place(row["location"]["column"], "column"),
        end_line=place(end.get("row")),
        end_column=place(end.get("column"), "column"),
        help=optional_text(row.get("url"), "url"),
        tool=_TOOL,
    )
