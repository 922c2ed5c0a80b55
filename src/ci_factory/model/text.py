"""Text by strangers, made safe to print: one line for Markdown, one line for a terminal.

`escape_markdown` follows CommonMark's backslash escapes and GitLab's reference syntax. An invisible break written as
the entity `&#8203;` stands between a reference's sign and its name, as GitLab looks for references after Markdown
has been rendered, when a backslash is already gone.
"""

import re
import unicodedata

_BREAK = "&#8203;"
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
_LOG_SECTION = re.compile(r"section_(?:start|end):", re.IGNORECASE)

_SPECIAL = re.compile(r"[\\`*_\[\]{}()<>|~$^#!&@%]|://|(?i:www)\.")
_ALWAYS_BROKEN = "@"
_REFERENCE_SIGNS = frozenset("#!&~%$^[*")
_LEADING = re.compile(r"[-+=/:]|\d{1,9}(?=[.)])")

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
    hidden = (
        unicodedata.category(character).startswith("C")
        or character in _IGNORABLE
        or any(ord(character) in selectors for selectors in _VARIATION_SELECTORS)
    )
    return "" if hidden else character


_VISIBLE = _Visible()


def plain(text: str, limit: int) -> str:
    """One line of at most `limit` characters without anything a terminal or a job log would obey.

    ANSI sequences, control, bidirectional and zero-width characters and GitLab's log sections go; every run of white
    space becomes one space; what is cut off leaves an ellipsis. `limit` is at least 1.
    """
    head = text[: limit * 2 + _SLACK]
    line = _LOG_SECTION.sub("", _ANSI.sub("", head).translate(_VISIBLE))
    while _LOG_SECTION.search(line):  # removing one may make another
        line = _LOG_SECTION.sub("", line)
    line = " ".join(line.split())
    if len(line) <= limit and len(head) == len(text):
        return line
    return line[: limit - 1].rstrip() + _ELLIPSIS


def escape_markdown(text: str, *, limit: int) -> str:
    """One line that any Markdown renderer shows as it stands; `limit` counts characters as shown.

    Markup, HTML, table pipes, @mentions, references such as #1 and !2, bare links, and list, heading or quick-action
    signs at the start have no effect. Safe in a paragraph, a list item, a heading and a table cell; not within a
    code span, where escapes would show.
    """
    line = plain(text, limit)
    leading = _LEADING.match(line)
    escaped = _SPECIAL.sub(lambda match: _escape(match, line), line)
    if leading is None:
        return escaped
    sign = leading[0]
    return f"{sign}\\{escaped[len(sign) :]}" if sign.isdigit() else f"\\{escaped}"


def _escape(match: re.Match[str], line: str) -> str:
    found = match[0]
    if len(found) > 1:  # `://` and `www.` would make a link
        return f":{_BREAK}//" if found == "://" else f"{found[:-1]}{_BREAK}."
    follower = line[match.end() : match.end() + 1]
    refers = found in _ALWAYS_BROKEN or (
        found in _REFERENCE_SIGNS and (follower.isalnum() or follower in {'"', "_"})
    )
    shown = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "@": "@"}.get(found, f"\\{found}")
    return shown + _BREAK if refers else shown


def hidden_characters(text: str) -> tuple[str, ...]:
    """Kinds of characters in `text` that a reader can't see but a program reads; empty when there are none."""
    return tuple(kind for kind, pattern in _HIDDEN_KINDS if pattern.search(text))
