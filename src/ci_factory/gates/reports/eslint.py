"""eslint's JSON (`-f json`)."""

from collections.abc import Iterator
from typing import BinaryIO

from ci_factory.errors import ArtifactError
from ci_factory.gates.reports.model import Issue
from ci_factory.gates.reports.reading import Reading, a_list, count, name, place, text
from ci_factory.gates.reports.rows import array
from ci_factory.gates.severities import severity
from ci_factory.model.base import Json
from ci_factory.model.gate import Component

_TOOL = "eslint"
_NO_RULE = "parse-error"
"""Messages without a rule: the file can't be parsed, or its configuration is wrong."""


def read(stream: BinaryIO, reading: Reading) -> Iterator[Issue]:
    """Messages of every file, also those that a comment suppresses."""
    reading.tools.add((_TOOL, Component.SYNTAX))
    for row in array(stream):
        path = reading.paths.tool_file(text(row["filePath"], "filePath", limit=1 << 20))
        messages = a_list(row["messages"], "messages")
        _check(row, messages)
        yield from (_issue(each, path, suppressed=False) for each in messages)
        hidden = a_list(row.get("suppressedMessages"), "suppressedMessages")
        yield from (_issue(each, path, suppressed=True) for each in hidden)


def _check(row: dict[str, Json], messages: list[Json]) -> None:
    said = sum(count(row.get(key, 0), key) for key in ("errorCount", "warningCount"))
    if said != len(messages):
        raise ArtifactError(f"says {said} messages for one file, but holds {len(messages)}")


def _issue(row: dict[str, Json], path: str, *, suppressed: bool) -> Issue:
    word = 2 if row.get("fatal") else row.get("severity")
    return Issue(
        rule=name(row.get("ruleId") or _NO_RULE, "ruleId"),
        severity=severity(_TOOL, word),
        message=text(row["message"], "message"),
        path=path,
        line=place(row.get("line")),
        column=place(row.get("column"), "column"),
        end_line=place(row.get("endLine")),
        end_column=place(row.get("endColumn"), "column"),
        suppressed=suppressed,
        tool=_TOOL,
    )
