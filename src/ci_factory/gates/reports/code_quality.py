"""Code Quality: GitLab's subset of the Code Climate issue format."""

from collections.abc import Iterator
from typing import BinaryIO

from ci_factory.gates.reports.model import Issue
from ci_factory.gates.reports.reading import Reading, a_list, an_object, name, optional_text, place, text
from ci_factory.gates.reports.rows import array
from ci_factory.gates.severities import severity
from ci_factory.model.base import Json
from ci_factory.model.gate import Component

_TOOL = "code-quality"


def read(stream: BinaryIO, reading: Reading) -> Iterator[Issue]:
    """Entries of the array."""
    reading.tools.add((_TOOL, Component.SYNTAX))
    for row in array(stream):
        yield _issue(row, reading)


def _issue(row: dict[str, Json], reading: Reading) -> Issue:
    location = an_object(row["location"], "location")
    line, column, last = _region(location)
    categories = a_list(row.get("categories"), "categories")
    return Issue(
        rule=name(row.get("check_name") or "unnamed", "check_name"),
        severity=severity(_TOOL, row.get("severity")),
        message=text(row["description"], "description"),
        path=reading.paths.path(location["path"]),
        line=line,
        column=column,
        end_line=last,
        help=optional_text(an_object(row.get("content"), "content").get("body"), "content"),
        tool=_TOOL,
        component=Component.SECURITY if "Security" in categories else Component.SYNTAX,
        mark=optional_text(row.get("fingerprint"), "fingerprint"),
    )


def _region(location: dict[str, Json]) -> tuple[int | None, int | None, int | None]:
    if "positions" in location:
        begin, end = location["positions"]["begin"], an_object(location["positions"].get("end"), "end")
        return place(begin["line"]), place(begin.get("column"), "column"), place(end.get("line"))
    return place(location["lines"]["begin"]), None, place(location["lines"].get("end"))
