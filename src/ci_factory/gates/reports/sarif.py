"""SARIF 2.1.0 (OASIS standard). Results are streamed; what stands around them is kept."""

from collections.abc import Iterator
from typing import BinaryIO

from ci_factory.errors import ArtifactError
from ci_factory.gates.reports.jsonstream import JsonStream
from ci_factory.gates.reports.limits import CHUNK, MAX_RUNS
from ci_factory.gates.reports.model import Issue
from ci_factory.gates.reports.reading import Reading, a_list, an_object, optional_text, place
from ci_factory.gates.reports.sarif_rules import (
    SECRET_TOOLS,
    SECURITY_TOOLS,
    Rule,
    Rules,
    is_one_of,
    is_security,
    rules_of,
)
from ci_factory.gates.severities import severity
from ci_factory.model.base import Json
from ci_factory.model.gate import Component, Severity

_VERSION = "2.1.0"
_FIX = "look at the log of the job that wrote it"
_ABOUT = ("tool", "originalUriBaseIds")


def read(stream: BinaryIO, reading: Reading) -> Iterator[Issue]:
    """Results of all runs."""
    start, document, count, version = stream.tell(), JsonStream(stream), 0, None
    for key in document.members():
        if key == "runs":
            for _ in document.elements():
                yield from _Run(stream, start, count, reading).issues(document)
                if (count := count + 1) > MAX_RUNS:
                    raise ArtifactError(f"has more than {MAX_RUNS} runs", fix="split it")
        elif key == "version":
            version = document.value()
        else:
            document.skip()
    document.end()
    if version != _VERSION:
        raise ArtifactError(f"is of SARIF version {str(version)[:20]!r}", fix=f"write SARIF {_VERSION}")
    if not count:
        raise ArtifactError("has no run: nothing was measured", fix=_FIX)


class _Run:
    """One run, while it is read."""

    def __init__(self, stream: BinaryIO, start: int, number: int, reading: Reading) -> None:
        self._stream, self._start, self._number, self._reading = stream, start, number, reading
        self._rules: Rules | None = None
        self._bases: dict[str, Json] | None = None
        self._secrets = self._scanner = False

    def issues(self, document: JsonStream) -> Iterator[Issue]:
        """Walk the run; `document` stands before it."""
        measured = False
        for key in document.members():
            if key == "results":
                measured = True
                if document.peek() != "[":
                    raise ArtifactError("has a run without results: its tool did not finish", fix=_FIX)
                for row in document.items():
                    yield self._issue(row)
            elif key == "invocations":
                for each in document.items():
                    _must_have_succeeded(each)
            elif key in _ABOUT:
                self._learn(key, document.value())
            else:
                document.skip()
        if not measured:
            raise ArtifactError("has a run without results: its tool did not finish", fix=_FIX)
        self._known()

    def _learn(self, key: str, value: Json) -> None:
        if key == "originalUriBaseIds":
            self._bases = an_object(value, key)
            return
        rules = self._rules = rules_of(value)
        self._scanner = is_one_of(rules.tool, SECURITY_TOOLS)
        self._secrets = is_one_of(rules.tool, SECRET_TOOLS)
        component = Component.SECURITY if rules.security else Component.SYNTAX
        self._reading.tools.add((rules.tool, component))

    def _known(self) -> Rules:
        if self._rules is None:
            self._look_ahead()
        if self._rules is None:
            raise ArtifactError("has a run that names no tool")
        return self._rules

    def _look_ahead(self) -> None:
        """Some tools write `tool` behind the results; read this run's other members first."""
        here = self._stream.tell()
        self._stream.seek(self._start)
        document = JsonStream(self._stream)
        for key in document.members():
            if key == "runs":
                for number, _ in enumerate(document.elements()):
                    if number == self._number:
                        self._read_about(document)
                    else:
                        document.skip()
            else:
                document.skip()
        self._stream.seek(here)

    def _read_about(self, document: JsonStream) -> None:
        for key in document.members():
            if key in _ABOUT:
                self._learn(key, document.value())
            else:
                document.skip()

    def _base(self, name: str) -> str:
        """The URI that an id stands for; empty for the root of the checkout."""
        if self._bases is None:
            self._bases = {}
            if _mentions(self._stream, self._start, b"originalUriBaseIds"):
                self._look_ahead()
        return _resolved(self._bases, name)

    def _issue(self, row: dict[str, Json]) -> Issue:
        rules = self._rules or self._known()
        rule = rules.of(row)
        properties = an_object(row.get("properties"), "properties")
        locations = row.get("locations")
        physical = an_object((locations[0] if locations else {}).get("physicalLocation"), "physicalLocation")
        region = an_object(physical.get("region"), "region")
        security = self._scanner or rule.security or is_security(properties)
        return Issue(
            rule=rule.name,
            severity=self._severity(row, rule, properties),
            message=_message(row["message"]),
            path=self._path(physical.get("artifactLocation")),
            line=place(region.get("startLine")),
            column=place(region.get("startColumn"), "column"),
            end_line=place(region.get("endLine")),
            end_column=place(region.get("endColumn"), "column"),
            snippet=optional_text(an_object(region.get("snippet"), "snippet").get("text"), "snippet"),
            help=rule.help,
            suppressed=_suppressed(row.get("suppressions")),
            tool=rules.tool,
            component=Component.SECURITY if security else Component.SYNTAX,
            mark=_mark(row),
        )

    def _severity(self, row: dict[str, Json], rule: Rule, properties: dict[str, Json]) -> Severity:
        score = properties.get("security-severity", rule.score)
        if score is not None:
            found = severity("cvss", score)
        elif "level" in row:
            found = severity("sarif", row["level"])
        elif row.get("kind", "fail") != "fail":  # `pass`, `informational`, … have no level (3.27.10)
            found = Severity.INFO
        else:
            found = severity("sarif", "warning" if rule.level is None else rule.level)
        return min(found, Severity.CRITICAL if self._secrets else found, key=lambda each: each.rank)

    def _path(self, location: Json) -> str:
        uri = an_object(location, "artifactLocation").get("uri")
        if uri is None:
            return ""
        uri = optional_text(uri, "uri", 1 << 20)
        base = location.get("uriBaseId")
        prefix = "" if base is None else self._base(optional_text(base, "uriBaseId"))
        return self._reading.paths.uri(f"{prefix}{uri}" if prefix and ":" not in uri else uri)


def _must_have_succeeded(invocation: Json) -> None:
    if invocation.get("executionSuccessful") is False:
        said = invocation.get("exitCodeDescription") or invocation.get("exitCode") or "no reason"
        raise ArtifactError(f"says that its tool failed: {str(said)[:100]}", fix=_FIX)
    for kind in ("toolExecutionNotifications", "toolConfigurationNotifications"):
        for note in a_list(invocation.get(kind), kind):
            if note.get("level") == "error":
                said = _message(note.get("message") or {"text": "no reason"})
                raise ArtifactError(f"is not complete, its tool says: {said[:200]}", fix=_FIX)


def _message(message: dict[str, Json]) -> str:
    said = message.get("text") or message.get("markdown") or message.get("id")
    return optional_text(said, "message")


def _suppressed(suppressions: Json) -> bool:
    """Accepted, and not under review or rejected (3.27.23)."""
    rows = a_list(suppressions, "suppressions")
    return bool(rows) and all(row.get("status", "accepted") == "accepted" for row in rows)


def _mark(row: dict[str, Json]) -> str:
    marks = row.get("partialFingerprints") or row.get("fingerprints") or {}
    return "".join(f"{key}={optional_text(marks[key], 'fingerprint', 200)};" for key in sorted(marks)[:8])


def _resolved(bases: dict[str, Json], name: str) -> str:
    """Follow `uriBaseId` from base to base; a base that nobody defines is the root (3.14.14)."""
    uri = ""
    for _ in range(len(bases) + 1):
        base = an_object(bases.get(name), "originalUriBaseIds")
        uri = optional_text(base.get("uri"), "uri") + uri
        if "uriBaseId" not in base:
            return uri
        name = optional_text(base["uriBaseId"], "uriBaseId")
    raise ArtifactError("has base URIs that refer to each other in a circle")


def _mentions(stream: BinaryIO, start: int, word: bytes) -> bool:
    """Whether a word stands anywhere in the file; much quicker than to read it as JSON."""
    here, tail = stream.tell(), b""
    stream.seek(start)
    found = False
    while not found and (data := stream.read(CHUNK)):
        found = word in tail + data
        tail = data[-len(word) :]
    stream.seek(here)
    return found
