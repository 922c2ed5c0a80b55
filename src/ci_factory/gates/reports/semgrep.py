"""semgrep's own JSON."""

from collections.abc import Iterator
from typing import BinaryIO

from ci_factory.gates.reports.model import Issue
from ci_factory.gates.reports.reading import Reading, an_object, name, place, text
from ci_factory.gates.reports.rows import results
from ci_factory.gates.severities import severity
from ci_factory.model.base import Json
from ci_factory.model.gate import Component

_TOOL = "semgrep"
_WITHHELD = "requires login"
"""What recent versions write instead of the lines and the fingerprint."""
_QUALITY = {"best-practice", "correctness", "maintainability", "performance", "portability"}
"""Categories of rules that are not about security."""


def read(stream: BinaryIO, reading: Reading) -> Iterator[Issue]:
    """Results of a scan that had no errors."""
    reading.tools.add((_TOOL, Component.SECURITY))
    for row in results(stream, _explained, flag="semgrep --json"):
        yield _issue(row, reading)


def _explained(error: dict[str, Json]) -> str:
    return str(error.get("message") or error.get("type"))


def _issue(row: dict[str, Json], reading: Reading) -> Issue:
    extra = an_object(row["extra"], "extra")
    metadata = an_object(extra.get("metadata"), "metadata")
    category = metadata.get("category")
    return Issue(
        rule=name(row["check_id"], "check_id"),
        severity=severity(_TOOL, metadata.get("ci_factory_severity") or extra.get("severity")),
        message=text(extra["message"], "message"),
        path=reading.paths.tool_file(row["path"]),
        line=place(row["start"]["line"]),
        column=place(row["start"].get("col"), "column"),
        end_line=place(row["end"]["line"]),
        end_column=place(row["end"].get("col"), "column"),
        snippet=_told(extra.get("lines")),
        help=text(metadata.get("source") or "", "source"),
        suppressed=extra.get("is_ignored") is True,
        tool=_TOOL,
        component=Component.SYNTAX
        if isinstance(category, str) and category in _QUALITY
        else Component.SECURITY,
        mark=_told(extra.get("fingerprint")),
    )


def _told(value: Json) -> str:
    return "" if value is None or value == _WITHHELD else text(value, "text")
