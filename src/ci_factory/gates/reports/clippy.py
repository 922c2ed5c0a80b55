"""Compiler messages of cargo (`cargo clippy --message-format=json`)."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from ci_factory.errors import ArtifactError
from ci_factory.gates.reports.lines import objects
from ci_factory.gates.reports.model import Issue
from ci_factory.gates.reports.reading import Reading, a_list, an_object, name, optional_text, place, text
from ci_factory.gates.severities import severity
from ci_factory.model.base import Json
from ci_factory.model.gate import Component, Severity

_TOOL = "clippy"
_SUMMARY = re.compile(r"aborting due to |\d+ warnings? emitted|For more information about |Some errors have ")
"""What rustc says about its own messages."""


def read(stream: BinaryIO, reading: Reading) -> Iterator[Issue]:
    """Messages of a build that came to its end."""
    reading.tools.add((_TOOL, Component.SYNTAX))
    succeeded, errors = None, 0
    for row in objects(stream):
        if row.get("reason") == "build-finished":
            succeeded = row["success"] is True
        elif row["reason"] == "compiler-message" and (issue := _issue(row["message"], reading)):
            errors += issue.severity.rank <= Severity.HIGH.rank
            yield issue
    if succeeded is None:
        raise ArtifactError("has no `build-finished`", fix="look whether the job that wrote it was stopped")
    if not succeeded and not errors:
        raise ArtifactError("says that the build failed, but not why", fix="look at the job's log")


def _issue(message: dict[str, Json], reading: Reading) -> Issue | None:
    spans = [an_object(each, "span") for each in a_list(message["spans"], "spans")]
    span = next((each for each in spans if each.get("is_primary")), spans[0] if spans else {})
    said, code = text(message["message"], "message"), an_object(message.get("code"), "code")
    if not span and not code and _SUMMARY.match(said):
        return None
    shown = [optional_text(an_object(each, "text").get("text"), "text") for each in span.get("text") or []]
    return Issue(
        rule=name(code.get("code") or "rustc", "code"),
        severity=severity(_TOOL, message["level"]),
        message=said,
        path=reading.paths.tool_file(span["file_name"]) if span else "",
        line=place(span.get("line_start")),
        column=place(span.get("column_start"), "column"),
        end_line=place(span.get("line_end")),
        end_column=place(span.get("column_end"), "column"),
        snippet="\n".join(shown[:20]),
        tool=_TOOL,
    )
