"""GitLab's security reports: SAST, secret detection, dependency scanning (schemas 14 and 15)."""

from collections.abc import Iterator
from typing import BinaryIO

from ci_factory.errors import ArtifactError
from ci_factory.gates.reports.jsonstream import JsonStream
from ci_factory.gates.reports.model import Issue
from ci_factory.gates.reports.reading import (
    Reading,
    a_list,
    an_object,
    name,
    optional_text,
    place,
)
from ci_factory.gates.severities import severity
from ci_factory.model.base import Json
from ci_factory.model.gate import Component

TYPES = {
    "sast": "gitlab-sast",
    "secret_detection": "gitlab-secret-detection",
    "dependency_scanning": "gitlab-dependency-scanning",
}
_FIX = "look at the log of the job that wrote it"


def read(stream: BinaryIO, reading: Reading) -> Iterator[Issue]:
    """Vulnerabilities of the report. Read twice: what names the tool stands behind them."""
    start = stream.tell()
    tool, _ = _scan(stream)
    stream.seek(start)
    reading.tools.add((tool, Component.SECURITY))
    document, found = JsonStream(stream), False
    for key in document.members():
        if key == "vulnerabilities":
            found = True
            for row in document.items():
                yield _issue(row, tool, reading)
        else:
            document.skip()
    document.end()
    if not found:
        raise ArtifactError("has no `vulnerabilities`", fix=_FIX)


def format_of(stream: BinaryIO) -> str:
    """Which of the three reports it is.

    Raises:
        ArtifactError: it is damaged, or the scan did not succeed.
    """
    return TYPES[_scan(stream)[1]]


def _scan(stream: BinaryIO) -> tuple[str, str]:
    document, scan, version = JsonStream(stream), None, None
    for key in document.members():
        if key == "scan":
            scan = an_object(document.value(), "scan")
        elif key == "version":
            version = document.value()
        else:
            document.skip()
    document.end()
    if not scan or type(version) is not str:
        raise ArtifactError("does not say what was scanned (`version`, `scan`)", fix=_FIX)
    if scan.get("status") != "success":
        raise ArtifactError(f"says that its scan ended with {str(scan.get('status'))[:40]!r}", fix=_FIX)
    if scan.get("type") not in TYPES:
        raise ArtifactError(
            f"is of the type {str(scan.get('type'))[:40]!r}", fix=f"one of {', '.join(TYPES)}"
        )
    scanner = an_object(scan.get("scanner"), "scanner")
    return name(scanner.get("id") or scanner.get("name"), "scanner"), scan["type"]


def _issue(row: dict[str, Json], tool: str, reading: Reading) -> Issue:
    location = an_object(row.get("location"), "location")
    identifiers = [an_object(each, "identifier") for each in a_list(row["identifiers"], "identifiers")]
    said = row.get("message") or row.get("name") or row.get("description")
    package = an_object(location.get("dependency"), "dependency").get("package")
    return Issue(
        rule=name(identifiers[0]["value"], "identifier"),
        severity=severity("gitlab", row.get("severity")),
        message=name(said or identifiers[0].get("name") or identifiers[0]["value"], "message"),
        path=reading.paths.path(location["file"]) if "file" in location else "",
        line=place(location.get("start_line")),
        end_line=place(location.get("end_line")),
        snippet=optional_text(an_object(package, "package").get("name"), "package"),
        help=_help(row, identifiers),
        tool=tool,
        component=Component.SECURITY,
        mark=optional_text(row.get("id"), "id"),
    )


def _help(row: dict[str, Json], identifiers: list[dict[str, Json]]) -> str:
    links = (each.get("url") for each in identifiers)
    return optional_text(row.get("solution") or next((link for link in links if link), None), "solution")
