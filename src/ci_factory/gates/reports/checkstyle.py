"""Checkstyle's XML, which many linters write."""

from collections.abc import Iterator
from typing import BinaryIO

from ci_factory.errors import ArtifactError
from ci_factory.gates.reports.model import Issue
from ci_factory.gates.reports.reading import Reading, digits, name, place
from ci_factory.gates.reports.xmlstream import Attributes, Elements
from ci_factory.gates.severities import severity
from ci_factory.model.gate import Component

_TOOL = "checkstyle"


def read(stream: BinaryIO, reading: Reading) -> Iterator[Issue]:
    """Errors of every file."""
    reading.tools.add((_TOOL, Component.SYNTAX))
    elements = _Checkstyle(stream, reading)
    while elements.feed():
        yield from elements.taken()
    yield from elements.taken()


class _Checkstyle(Elements):
    def __init__(self, stream: BinaryIO, reading: Reading) -> None:
        super().__init__(stream)
        self._reading, self._path = reading, ""
        self._found: list[Issue] = []

    def taken(self) -> list[Issue]:
        """What was found since the last call."""
        found, self._found = self._found, []
        return found

    def start(self, tag: str, attributes: Attributes) -> None:
        """`checkstyle` holds `file`, and that holds `error`."""
        if self.depth == 1 and tag != "checkstyle":
            raise ArtifactError(f"is not checkstyle: it begins with <{tag[:40]}>")
        if tag == "file":
            self._path = self._reading.paths.tool_file(attributes["name"])
        elif tag == "exception":
            raise ArtifactError("says that checkstyle crashed", fix="look at the job's log")
        elif tag == "error":
            self._found.append(self._issue(attributes))

    def end(self, tag: str) -> None:
        """Paths hold for their own file."""
        if tag == "file":
            self._path = ""

    def _issue(self, attributes: Attributes) -> Issue:
        line, column = attributes.get("line"), attributes.get("column")
        return Issue(
            rule=name(attributes.get("source") or "checkstyle", "source"),
            severity=severity(_TOOL, attributes.get("severity")),
            message=attributes["message"][:2000],
            path=self._path,
            line=place(digits(line, "line")) if line else None,
            column=place(digits(column, "column"), "column") if column else None,
            tool=_TOOL,
        )
