"""phpstan's JSON (`--error-format=json`)."""

from collections.abc import Iterator
from typing import BinaryIO

from ci_factory.errors import ArtifactError
from ci_factory.gates.reports.jsonstream import JsonStream
from ci_factory.gates.reports.model import Issue
from ci_factory.gates.reports.reading import Reading, an_object, count, name, optional_text, place, text
from ci_factory.gates.severities import severity
from ci_factory.model.base import Json
from ci_factory.model.gate import Component

_TOOL = "phpstan"
_CONTEXT = " (in context of "
"""phpstan names the class behind the path of a trait."""


def read(stream: BinaryIO, reading: Reading) -> Iterator[Issue]:
    """Errors of every file, then those of the whole run."""
    reading.tools.add((_TOOL, Component.SYNTAX))
    document, found = JsonStream(stream), 0
    seen: dict[str, Json] = {}
    for key in document.members():
        if key == "files" and document.peek() == "{":
            for path in document.members():
                for issue in _file(path, document.value(), reading):
                    found += 1
                    yield issue
            seen[key] = None
        elif key == "errors":
            yield from (_general(each) for each in document.items())
            seen[key] = None
        else:  # `files` without any is an empty array
            seen[key] = document.value()
    document.end()
    _check(seen, found)


def _check(seen: dict[str, Json], found: int) -> None:
    if not {"totals", "files", "errors"} <= set(seen) or seen["files"]:
        raise ArtifactError("has not all of `totals`, `files` and `errors`")
    said = count(an_object(seen["totals"], "totals").get("file_errors"), "file_errors")
    if said != found:
        raise ArtifactError(f"says {said} errors in files, but holds {found}")


def _file(path: str, facts: dict[str, Json], reading: Reading) -> Iterator[Issue]:
    plain = reading.paths.tool_file(path.split(_CONTEXT, 1)[0])
    for row in facts["messages"]:
        yield Issue(
            rule=name(row.get("identifier") or "error", "identifier"),
            severity=severity(_TOOL, "error"),
            message=text(row["message"], "message"),
            path=plain,
            line=place(row.get("line")),
            help=optional_text(row.get("tip"), "tip"),
            tool=_TOOL,
        )


def _general(said: Json) -> Issue:
    return Issue("error", severity(_TOOL, "error"), text(said, "error"), "", tool=_TOOL)
