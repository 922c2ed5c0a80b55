"""Notes as people see them: rendered, with nothing that a renderer, or GitLab after it, would take for more than text."""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

_RENDERER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
_LINE_ENDS = re.compile("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_COMMENT = re.compile(r"<!-- ci-factory:[^\n]*-->\n?")
CODE = {"code_inline", "code_block", "fence"}


def lines(text: str) -> list[str]:
    """Lines in the reading of Unicode that knows most ends of them."""
    return _LINE_ENDS.split(text)


def commands(texts: Iterable[str]) -> list[str]:
    """Lines that a quick action could be."""
    return [line for text in texts for line in lines(text) if re.match(r"\s*/\w", line)]


def tokens(source: str) -> Iterator[Token]:
    """Everything of the rendered tree but our own hidden lines."""
    for token in _RENDERER.parse(_COMMENT.sub("", source)):
        yield token
        yield from token.children or ()


def kinds(source: str) -> set[str]:
    """What there is in the rendered tree."""
    return {token.type for token in tokens(source)}


def words(source: str) -> str:
    """The text outside of code, in which GitLab looks for references."""
    return "\n".join(token.content for token in tokens(source) if token.type == "text")


def addresses(source: str) -> list[str]:
    """Whatever a click or a look would fetch."""
    return [
        str(token.attrs.get("href") or token.attrs.get("src") or "")
        for token in tokens(source)
        if token.type in {"link_open", "image"}
    ]


def headings(source: str) -> list[str]:
    """Headings, in order."""
    found = list(tokens(source))
    return [after.content for token, after in pairwise(found) if token.type == "heading_open"]
