"""Text by strangers, made safe to print: one line for Markdown, one line for a terminal.

`escape_markdown` follows CommonMark's backslash escapes and GitLab's reference syntax ("GitLab-specific references"
and "Placeholders" in its documentation of Markdown). An invisible break, written as the entity `&#8203;`, stands
between a reference's sign and its name, as GitLab looks for references after Markdown has been rendered, when a
backslash is already gone.
"""

import json
import re
import unicodedata

BREAK = "\u200b"
"""Shows nothing, and ends every name. `plain` leaves none of a stranger's."""
_ELLIPSIS = "…"
_SLACK = 1024
"""Characters read beyond the limit, so that a few invisible ones do not shorten the text."""

_IGNORABLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters and marks that show nothing (Unicode's default ignorables outside of category Cf, and the empty Braille cell)."""
_VARIATION_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
_ANSI = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # colours, cursor
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # titles, hyperlinks
    r"|\x1b[PX^_][^\x1b\x9c]*(?:\x1b\\|\x9c)"  # device control strings
    r"|\x1b[ -/]*[0-~]?"  # the short ones, and the start of one that never ends
)
_LINE_END = re.compile(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_LOG_SECTION = re.compile(r"section_(?:start|end):", re.IGNORECASE)

_SPECIAL = re.compile(r"[\\`*_\[\]{}()<>|~$^#!&]|%")
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;", BREAK: "&#8203;"}
_BREAKS = re.compile(
    r"(?<=@)"  # @user, @all, user@host
    r"|(?<=[#!&~%$^\[*])(?=[\w\"])"  # #1 !1 &1 ~label %milestone $1 ^alert#1 [issue:1] *iteration:1
    r"|(?<=\[)(?=\[)"  # [[_TOC_]], [[wiki page]]
    r"|(?<=[\[{])(?=[-+])"  # {+ added +} [- removed -]
    r"|(?<=%)(?=\{)"  # %{placeholder}
    r"|(?<=:)(?=//)|(?<=\b[wW]{3})(?=\.)"  # addresses
    r"|(?<=[\w.-])(?=>)"  # group/project>
    r"|(?<=\bGL)(?=-\d)"  # GL-1, an issue
    r"|(?<=:)(?=[\w+-]{1,60}:)"  # :emoji:
)
"""Places at which a break takes a reference or an address apart."""
_COMMIT = re.compile(r"(?<!\w)(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{7,}(?!\w)")
"""What may be a commit's name: GitLab takes 7 to 40 digits; words that happen to be such are left alone."""
_UNNAMED = 6
"""Digits that are too few to name a commit."""
_CLOSING = re.compile(
    r"\b(clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?)"
    r"(?=:?\s{1,9}(?:issues?\s{1,9})?\S{0,200}(?:#|\bGL-|/issues/|/work_items/|\b[A-Z][A-Z0-9_]{1,20}-)\d)",
    re.IGNORECASE,
)
"""GitLab's default pattern for words that close an issue. It is looked for in the source, code included."""
_LEADING = re.compile(r"[-+=/:]|\d{1,9}(?=\.)")
"""What opens a list, a heading or a quick action at the start of a line, apart from signs that are always escaped."""

_HIDDEN_KINDS = (
    ("bidirectional control", re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")),
    # Joiners belong to emoji and to several scripts; between or beside ASCII they only hide.
    (
        "zero-width",
        re.compile(
            "[\u200b\u2060-\u2064\ufeff\u00ad\u180e]|(?:(?<=[\x00-\x7f])|^)[\u200c\u200d]|[\u200c\u200d](?=[\x00-\x7f]|$)"
        ),
    ),
    ("tag", re.compile("[\U000e0000-\U000e007f\U000e0100-\U000e01ef]")),
    ("control", re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f]")),
)


class _Visible(dict[int, str]):
    """A translation table, filled as characters are met: what shows nothing goes, what breaks a line is a space."""

    def __missing__(self, code: int) -> str:
        shown = _shown(chr(code))
        self[code] = shown
        return shown


def _shown(character: str) -> str:
    if character.isspace():
        return " "
    return "" if invisible(character) else character


def invisible(character: str) -> bool:
    """Whether a character shows nothing, or is none that anybody can show; white space is none of these."""
    return (
        unicodedata.category(character).startswith("C")
        or character in _IGNORABLE
        or any(ord(character) in selectors for selectors in _VARIATION_SELECTORS)
    )


_VISIBLE = _Visible()


def plain(text: str, limit: int) -> str:
    """One line of at most `limit` characters without anything a terminal or a job log would obey.

    ANSI sequences, control, bidirectional and zero-width characters and GitLab's log sections go; every run of white
    space becomes one space; what is cut off leaves an ellipsis. `limit` is at least 1.
    """
    head = text[: limit * 2 + _SLACK]
    line = " ".join(_shown_line(head).split())
    if len(line) <= limit and len(head) == len(text):
        return line
    return line[: limit - 1].rstrip() + _ELLIPSIS


def plain_lines(text: str) -> list[str]:
    """The same, unbounded, for text of several lines, each with its indentation; a tab is up to four spaces."""
    return [_shown_line(line.expandtabs(4)).rstrip() for line in _LINE_END.split(text)]


def _shown_line(text: str) -> str:
    line = _LOG_SECTION.sub("", _ANSI.sub("", text).translate(_VISIBLE))
    while _LOG_SECTION.search(line):  # removing one may make another
        line = _LOG_SECTION.sub("", line)
    return line


def escape_markdown(text: str, *, limit: int) -> str:
    """One line that any Markdown renderer shows as it stands; `limit` counts characters as shown.

    Markup, HTML, table pipes, @mentions, references such as #1 and !2, bare links, and list, heading or quick-action
    signs at the start have no effect. Safe in a paragraph, a list item, a heading and a table cell; not within a
    code span, where escapes would show.
    """
    return escape_line(plain(text, limit))


def escape_line(line: str) -> str:
    """The same for a line that went through `plain`."""
    broken = break_references(line)
    escaped = _SPECIAL.sub(lambda found: _ENTITIES.get(found[0], f"\\{found[0]}"), broken)
    if leading := _LEADING.match(broken):
        sign = leading[0]
        escaped = f"{sign}\\{escaped[len(sign) :]}" if sign.isdigit() else f"\\{escaped}"
    return escaped.replace(BREAK, _ENTITIES[BREAK])


def break_references(line: str) -> str:
    """A line from `plain` in which no mention, reference, address or closing word is left whole; it looks the same."""
    return break_closing(_COMMIT.sub(_in_pieces, _BREAKS.sub(BREAK, line)))


def _in_pieces(found: re.Match[str]) -> str:
    return BREAK.join(found[0][start : start + _UNNAMED] for start in range(0, len(found[0]), _UNNAMED))


def break_closing(text: str) -> str:
    """Text in which no word closes an issue; for code, where other references mean nothing."""
    return _CLOSING.sub(rf"\1{BREAK}", text)


def hidden_characters(text: str) -> tuple[str, ...]:
    """Kinds of characters in `text` that a reader can't see but a program reads; empty when there are none."""
    return tuple(kind for kind, pattern in _HIDDEN_KINDS if pattern.search(text))


def listed(text: str) -> list[str] | None:
    """The words of a JSON array of texts and whole numbers, as array inputs of a CI component arrive; `None` for anything else."""
    try:
        found = json.loads(text) if text.lstrip().startswith("[") else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, list) or not all(type(each) in {str, int} for each in found):
        return None
    return [str(each) for each in found]
