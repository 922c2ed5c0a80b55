"""bandit's JSON."""

from collections.abc import Iterator
from typing import BinaryIO

from ci_factory.gates.reports.model import Issue
from ci_factory.gates.reports.reading import Reading, name, optional_text, place, text
from ci_factory.gates.reports.rows import results
from ci_factory.gates.severities import severity
from ci_factory.model.base import Json
from ci_factory.model.gate import Component

_TOOL = "bandit"


def read(stream: BinaryIO, reading: Reading) -> Iterator[Issue]:
    """Results of a scan that could read every file."""
    reading.tools.add((_TOOL, Component.SECURITY))
    for row in results(stream, _explained, flag="bandit -f json"):
        yield _issue(row, reading)


def _explained(error: dict[str, Json]) -> str:
    return f"{error.get('filename')}: {error.get('reason')}"


def _issue(row: dict[str, Json], reading: Reading) -> Issue:
    return Issue(
        rule=name(row["test_id"], "test_id"),
        severity=severity(_TOOL, row.get("issue_severity")),
        message=text(row["issue_text"], "issue_text"),
        path=reading.paths.tool_file(row["filename"]),
        line=place(row["line_number"]),
        # bandit counts columns from 0
        column=column + 1 if type(column := row.get("col_offset")) is int and column >= 0 else None,
        snippet=_code(optional_text(row.get("code"), "code"), row["line_number"]),
        help=optional_text(row.get("more_info"), "more_info"),
        tool=_TOOL,
        component=Component.SECURITY,
    )


def _code(numbered: str, line: int) -> str:
    """The line itself; bandit shows it between its neighbours, each with its number in front."""
    rows = (row.partition(" ") for row in numbered.splitlines())
    return next((code for number, _, code in rows if number == str(line)), "")
