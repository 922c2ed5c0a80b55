"""What of a Markdown text its readers do not see, though a program reads it. Pure.

HTML comments, processing instructions, declarations, scripts, styles, link definitions and footnotes that nothing
refers to, and attributes of tags. Code is shown as it stands, so nothing in it is taken out. Every search for an end is
bounded or remembered, so that no text takes longer than its length.
"""

import re
from collections import Counter
from collections.abc import Iterator

_FENCE = re.compile(r" {0,3}(?P<fence>`{3,}|~{3,})")
_OPENING = re.compile(r"`+|<!--|<\?|<!\[CDATA\[|<![A-Za-z]|<(?:script|style|title|template)\b", re.IGNORECASE)
_ENDS = {"<!--": "-->", "<?": "?>", "<![cdata[": "]]>"}
_TAG = re.compile(r"<([A-Za-z][A-Za-z0-9-]{0,40})\s[^<>`]{0,2000}?(?:=[^<>`]{0,2000})(/?)>")
_LABEL = re.compile(r"\[([^\[\]\n]{1,200})\]")
_DEFINITION = re.compile(
    r"^ {0,3}\[(?P<label>[^\[\]\n]{1,200})\]:[ \t]*\n?[ \t]*(?P<to><[^<>\n]{0,2000}>|[^\s<]\S{0,2000})"
    r"(?P<title>[ \t]*\n?[ \t]*(?:\"[^\"]{0,5000}\"|'[^']{0,5000}'|\([^()]{0,5000}\)))?[ \t]*$\n?",
    re.MULTILINE,
)
_FOOTNOTE = re.compile(
    r"^ {0,3}\[(?P<label>\^[^\[\]\n]{1,200})\]:.*\n?(?:(?: {4}|\t).*\n?|\n(?= {4}|\t))*", re.MULTILINE
)
_MARK = re.compile(r"(?:\A|\n)[ \t>*+\-\d.)]*\Z")
_MARKS = 20
"""What may stand on a line before a block of HTML, which without an end reaches to the end of the text."""
_CODE_SPAN = 5_000
"""Characters in which the end of a code span is looked for."""


def shown(text: str) -> tuple[str, int]:
    """The text without what no reader sees, and how many such pieces it had; attributes of tags do not count."""
    pieces, hidden = [], 0
    for piece, kind in _pieces(text.replace("\r\n", "\n")):
        hidden += kind == "hidden"
        pieces.append((piece, kind))
    labels = Counter(
        label.casefold() for piece, kind in pieces if kind == "text" for label in _LABEL.findall(piece)
    )
    kept = []
    for piece, kind in pieces:
        if kind == "text":
            prose, gone = _without_definitions(_TAG.sub(r"<\1\2>", piece), labels)
            kept.append(prose)
            hidden += gone
        elif kind == "code":
            kept.append(piece)
    return "".join(kept), hidden


def _without_definitions(text: str, labels: Counter[str]) -> tuple[str, int]:
    """The text without definitions of labels that stand nowhere else; those that do keep their address alone."""
    gone = 0

    def judged(found: re.Match[str]) -> str:
        nonlocal gone
        if labels[found["label"].casefold()] > 1:
            title = found.groupdict().get("title")
            return found[0].replace(title, "", 1) if title else found[0]
        gone += 1
        return ""

    for pattern in (_FOOTNOTE, _DEFINITION):
        text = pattern.sub(judged, text)
    return text, gone


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """The text in pieces, in order: `text`, `code`, or `hidden`."""
    start = place = line_end = 0
    missing: set[str] = set()
    while place < len(text):
        if place >= line_end:
            line_end = text.find("\n", place) + 1 or len(text)
        at_start = place == 0 or text[place - 1] == "\n"
        if at_start and (fence := _FENCE.match(text, place, line_end)):
            end, kind = _fence_end(text, line_end, fence["fence"]), "code"
            first = place
        elif opening := _OPENING.search(text, place, line_end):
            first = opening.start()
            end, kind = _end(text, opening, missing)
        else:
            place = line_end
            continue
        if kind == "text":
            place = end
            continue
        if start < first:
            yield text[start:first], "text"
        yield text[first:end], kind
        start = place = end
    if start < len(text):
        yield text[start:], "text"


def _fence_end(text: str, after: int, fence: str) -> int:
    closing = re.compile(rf"^ {{0,3}}{re.escape(fence)}{re.escape(fence[0])}*[ \t]*$\n?", re.MULTILINE)
    found = closing.search(text, after)
    return found.end() if found else len(text)


def _end(text: str, opening: re.Match[str], missing: set[str]) -> tuple[int, str]:
    """Where what was opened ends, and what it is: `text` when it is no opening after all."""
    sign = opening[0].lower()
    if sign.startswith("`"):
        closing = re.compile(rf"(?<!`){sign}(?!`)").search(text, opening.end(), opening.end() + _CODE_SPAN)
        return (closing.end(), "code") if closing else (opening.end(), "text")
    ending = _ENDS.get(sign, ">" if sign.startswith("<!") else f"</{sign[1:]}>")
    found = -1 if ending in missing else _find(text, ending, opening.end())
    if found >= 0:
        return found + len(ending), "hidden"
    missing.add(ending)
    before = text[max(0, opening.start() - _MARKS) : opening.start()]
    return (len(text), "hidden") if _MARK.search(before) else (opening.end(), "text")


def _find(text: str, ending: str, after: int) -> int:
    if ending.startswith("</"):
        found = re.compile(re.escape(ending), re.IGNORECASE).search(text, after)
        return found.start() if found else -1
    return text.find(ending, after)
