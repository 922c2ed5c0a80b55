"""The sentences of a ticket: what is asked for, without code, quotations and what nobody reads."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from ci_factory.model.ticket import Ticket

_MOST, _LONGEST = 100_000, 1_500
"""Characters of a body, and of a sentence; what goes on after that is not looked into."""
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_CODE = re.compile(r"(`{1,3})([^`]{1,500})\1")
_LINK = re.compile(r"\[([^\][]{0,300})\]\([^()]{0,500}\)|https?://\S+")
_QUOTED = re.compile(r"[“\"«][^”\"»\n]{1,200}[”\"»]")
_BULLET = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+(?:\[[ xX]\]\s+)?")
_END = re.compile(r"(?<=[.!?;])\s+(?=[\"'(A-Z0-9`])")
_CLAUSE = re.compile(r"[,;:—–]\s|\s-\s|\bbut\b|\band then\b|\bso that\b|\bwhile\b|\bbecause\b", re.IGNORECASE)
_NEGATION = re.compile(
    r"\b(?:no|not|never|without|avoid\w*|don['’]t|doesn['’]t|isn['’]t|mustn['’]t|shouldn['’]t|won['’]t|cannot|can['’]t"
    r"|instead of|rather than|nothing|neither|nor|none of|out of scope|unchanged|already)\b",
    re.IGNORECASE,
)
_SCOPE_HEADING = re.compile(
    r"out of scope|not in scope|non-goals?|what not to do|background|history|context", re.IGNORECASE
)
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.*)")


_MOST_SENTENCES = 1_000


@dataclass(frozen=True)
class Sentence:
    """One sentence; inline code is the word `CODE`, quotations are `QUOTE`."""

    text: str
    raw: str
    """With its code and quotations."""

    def says(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The first match that the sentence does not deny."""
        return next((found for found in pattern.finditer(self.text) if not self._denied(found)), None)

    def _denied(self, found: re.Match[str]) -> bool:
        """A denial in the same clause, before the match or within it."""
        start = 0
        for border in _CLAUSE.finditer(self.text, 0, found.start()):
            start = border.end()
        end = next((border.start() for border in _CLAUSE.finditer(self.text, found.end())), len(self.text))
        after = re.compile(r"\b(?:unchanged|out of scope|not needed|not part of)\b", re.IGNORECASE)
        before = _NEGATION.search(self.text, start, found.end())
        return before is not None or after.search(self.text, found.end(), end) is not None


def sentences(ticket: Ticket) -> list[Sentence]:
    """Of the title, the body and the acceptance criteria; test cases describe and ask for nothing."""
    criteria = (each for each in ticket.acceptance_criteria if each not in ticket.body)
    lines = (ticket.title, *_lines(ticket.body[:_MOST]), *criteria)
    return list(islice(of_lines(lines), _MOST_SENTENCES))


def of_lines(lines: Iterable[str]) -> Iterator[Sentence]:
    """Sentences of lines that are prose already."""
    for line in lines:
        for raw in _END.split(_BULLET.sub("", line.strip())):
            if raw.strip():
                yield Sentence(_without_code(raw[:_LONGEST]), raw[:_LONGEST])


def _without_code(text: str) -> str:
    bare = _LINK.sub(lambda found: found[1] or "LINK", _CODE.sub(" CODE ", text))
    return re.sub(r"\s+", " ", _QUOTED.sub(" QUOTE ", bare)).strip()


def _lines(body: str) -> Iterator[str]:
    """Paragraphs as one line each, bullets as one line each; no fences, quoted lines, comments, or asides."""
    paragraph: list[str] = []
    for line in _outside_fences(_COMMENT.sub("", body)):
        if not line.strip() or _BULLET.match(line):
            yield " ".join(paragraph)
            paragraph = []
        if line.strip():
            paragraph.append(line.strip())
    yield " ".join(paragraph)


def _outside_fences(body: str) -> Iterator[str]:
    fence, aside = "", False
    for line in body.splitlines():
        start = line.lstrip()[:3]
        if fence or start in {"```", "~~~"}:
            fence = ("" if start == fence else fence) if fence else start
        elif heading := _HEADING.match(line):
            aside = _SCOPE_HEADING.search(heading[1]) is not None or "test case" in heading[1].lower()
            yield ""
        elif not aside and not line.lstrip().startswith((">", "|")) and not line.startswith(("    ", "\t")):
            yield line
