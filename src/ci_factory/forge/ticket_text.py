"""What a ticket's text says: its sections, and the characters that hide things from people. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ci_factory.model.unseen import shown

_INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
"""Zero-width, bidirectional, tag and supplementary variation characters."""
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")

_LOG_SECTION = re.compile(r"section_(?:start|end):", re.IGNORECASE)

_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(?P<title>.*?)[ \t]*#*[ \t]*$")
_FENCE = re.compile(r" {0,3}(?P<fence>`{3,}|~{3,})")
_BULLET = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?(?P<text>\S.*)$")
_FIELDS = {
    "acceptance criteria": "acceptance_criteria",
    "test cases": "test_cases",
    "files": "files",
    "estimated files": "files",
}
_DEPENDS = re.compile(
    r"[\s>*_+-]*(?:\d{1,9}[.)]\s+)?[*_]*(?:depends on|blocked by)\b(?P<rest>.*)", re.IGNORECASE
)
_DEPENDENCIES = {"depends on", "dependencies", "blocked by"}
_REFERENCE = re.compile(r"(?<![\w/&!.-])#(?P<number>[1-9]\d{0,18})(?!\w)")


@dataclass(frozen=True)
class Sections:
    """Lists that a body carries under known headings."""

    acceptance_criteria: tuple[str, ...] = ()
    test_cases: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


def visible(text: str) -> str:
    """The text without characters that a reader can't see; everything else stays as it is."""
    return _INVISIBLE.sub("", text)


def printable(text: str) -> str:
    """Untrusted text for a terminal: no escape sequences, no control characters but newline and tab.

    Indentation stays, as in a diff; for one line there is `ci_factory.model.text.plain`. What opens a section in a
    GitLab job log goes too.
    """
    bare = _CONTROL.sub("", _ANSI.sub("", visible(text).replace("\r\n", "\n")))
    while _LOG_SECTION.search(bare):  # removing one may make another
        bare = _LOG_SECTION.sub("", bare)
    return bare


def first_heading(body: str) -> str | None:
    """The text of the first `# heading`, outside code."""
    for line in _outside_code(body):
        heading = _HEADING.match(line)
        if heading and heading["title"]:
            return heading["title"]
    return None


def sections(body: str) -> Sections:
    """The bullets and checkboxes under `Acceptance criteria`, `Test cases` and `Files` or `Estimated files`.

    A section ends at the next heading. A line that goes on indented belongs to its bullet. Code and
    HTML comments are passed over.
    """
    found: dict[str, list[str]] = {"acceptance_criteria": [], "test_cases": [], "files": []}
    items: list[str] | None = None
    for line in _outside_code(body):
        heading, bullet = _HEADING.match(line), _BULLET.match(line)
        if heading:
            items = found.get(_FIELDS.get(heading["title"].rstrip(":").strip().casefold(), ""))
        elif items is not None and bullet:
            items.append(bullet["text"].strip())
        elif items and line.strip() and line[0] in " \t":
            items[-1] += f" {line.strip()}"
    return Sections(
        tuple(found["acceptance_criteria"]),
        tuple(found["test_cases"]),
        tuple(path for path in map(_path, found["files"]) if path),
    )


def dependencies(body: str) -> tuple[str, ...]:
    """Numbers of issues that the body says it depends on, each once.

    They stand as `#12` on a line that starts with `Depends on` or `Blocked by`, or below such a heading (or
    `Dependencies`). References into other projects do not count; nor does code.
    """
    found: dict[str, None] = {}
    inside = False
    for line in _outside_code(body):
        heading, depends = _HEADING.match(line), _DEPENDS.match(line)
        if heading:
            inside = heading["title"].rstrip(":").strip().casefold() in _DEPENDENCIES
        elif depends or inside:
            told = depends["rest"] if depends else line
            found |= dict.fromkeys(match["number"] for match in _REFERENCE.finditer(told))
    return tuple(found)


def _path(item: str) -> str:
    """The path in "`src/a.py`: why" or "src/a.py - why"."""
    quoted = re.match(r"`([^`]+)`", item)
    return quoted[1].strip() if quoted else item.split(maxsplit=1)[0].rstrip(",;:")


def _outside_code(body: str) -> Iterator[str]:
    """Lines that a reader sees as text: no fenced code, no HTML comments and the like."""
    fence = ""
    for line in shown(body)[0].splitlines():
        match = _FENCE.match(line)
        if fence:
            closes = match and match["fence"].startswith(fence) and not line.strip().strip(fence[0])
            fence = "" if closes else fence
        elif match:
            fence = match["fence"]
        else:
            yield line
