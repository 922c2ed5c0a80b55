"""Two plain formats that many tools print: `path:line: message`, and lists of paths."""

import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

from ci_factory.gates.reports import limits
from ci_factory.gates.reports.lines import lines
from ci_factory.gates.reports.model import Issue
from ci_factory.gates.reports.paths import Paths
from ci_factory.gates.severities import severity
from ci_factory.model.gate import Severity

TEXTS = ("gnu", "paths")
"""Their names in the configuration; an empty output means that nothing was found."""
_PLACE = re.compile(
    # GNU coding standards, section 4.4 "Formatting Error Messages"; javac, gcc, go vet ("vet: " before it), shellcheck
    r"(?:vet: )?(?P<path>[^\s:][^:]*):(?P<line>\d{1,8})(?::(?P<column>\d{1,8}))?: *(?P<text>\S.*)"
    # Maven: [ERROR] /path/File.java:[12,8] text
    r"|\[(?P<level>ERROR|WARNING)\] (?P<file>[^\s:][^:]*):\[(?P<row>\d{1,8}),(?P<place>\d{1,8})\] (?P<said>\S.*)"
)
_WORD = re.compile(
    r"(?:fatal )?(error|warning|note|info|style)\b:? *(?:\[(?P<rule>[\w.-]{1,100})\])?:? *", re.IGNORECASE
)
_SAME = {"style": "info"}


def read_gnu(stream: BinaryIO, paths: Paths) -> Iterator[Issue]:
    """Messages with a place, each once; lines without one are talk.

    A message is an error unless it calls itself a warning, note, info or style.

    Raises:
        ArtifactError: a line is too long, or a path leads out of the checkout.
    """
    said = set()
    for line in lines(stream):
        found = _PLACE.match(line)
        if found and line not in said:
            said.add(line)
            yield _message(found, paths)


def _message(found: re.Match[str], paths: Paths) -> Issue:
    path, text = found["path"] or found["file"], found["text"] or found["said"]
    word = _WORD.match(text)
    level = (found["level"] or (word[1] if word else "error")).lower()
    line, column = int(found["line"] or found["row"]), found["column"] or found["place"]
    return Issue(
        rule=(word["rule"] if word else None) or level,
        severity=severity("checkstyle", _SAME.get(level, level)),
        message=(text[word.end() :] if word else text)[: limits.MAX_TEXT_CHARS],
        path=paths.tool_path(path),
        line=line or None,
        column=int(column) or None if column else None,
    )


def read_paths(stream: BinaryIO, paths: Paths) -> Iterator[Issue]:
    """Files that a tool found wanting, one on a line; the caller knows what for.

    Raises:
        ArtifactError: a line is no path of the checkout.
    """
    for line in lines(stream):
        if text := line.strip():
            found = paths.path(text)
            yield Issue(rule="", severity=Severity.HIGH, message="", path=found)


READERS: dict[str, Callable[[BinaryIO, Paths], Iterator[Issue]]] = {"gnu": read_gnu, "paths": read_paths}
