"""mypy's JSON lines (`--output=json`)."""

from collections.abc import Iterator
from typing import BinaryIO

from ci_factory.gates.reports.lines import objects
from ci_factory.gates.reports.model import Issue
from ci_factory.gates.reports.reading import Reading, name, place, text
from ci_factory.gates.severities import severity
from ci_factory.model.base import Json
from ci_factory.model.gate import Component

_TOOL = "mypy"


def read(stream: BinaryIO, reading: Reading) -> Iterator[Issue]:
    """One message on each line."""
    reading.tools.add((_TOOL, Component.SYNTAX))
    for row in objects(stream):
        yield _issue(row, reading)


def _issue(row: dict[str, Json], reading: Reading) -> Issue:
    hint = f" ({row['hint']})" if row.get("hint") else ""
    column = row.get("column")
    return Issue(
        rule=name(row.get("code") or row["severity"], "code"),
        severity=severity(_TOOL, row["severity"]),
        message=text(row["message"], "message") + hint[:500],
        path=reading.paths.tool_file(row["file"]),
        line=None if row["line"] == -1 else place(row["line"]),  # -1 is the whole file
        column=None if column == -1 or column is None else place(column + 1, "column"),  # from 0
        tool=_TOOL,
    )
