"""What our documents say: headings, links, fenced blocks, and the command lines in them."""

import re
import shlex
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
SHELL = {"", "sh", "bash", "shell", "console"}
"""Languages of blocks in which people type; a block without one is shell only when a known program begins a line of it."""
_PROMPT = "$ "
_OPTIONAL = re.compile(r" \[(--?[^\]]+)\]")
_SPACES = re.compile(r"[\s\-]+")


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    document: str
    line: int
    language: str
    text: str

    @property
    def name(self) -> str:
        """For messages and test names."""
        return f"{self.document}:{self.line}"


@dataclass(frozen=True)
class Line:
    """One command line of a document, as it is written there, without prompt and comment."""

    document: str
    number: int
    text: str

    @property
    def name(self) -> str:
        """For messages and test names."""
        return f"{self.document}:{self.number} {self.text}"

    def words(self) -> list[str]:
        """Its words, with what stands in brackets taken as written: `[--json]` is `--json`."""
        return shlex.split(_OPTIONAL.sub(r" \1", self.text).replace(" …", ""), comments=True)


@dataclass(frozen=True)
class Document:
    """One page."""

    path: Path

    @property
    def name(self) -> str:
        """Its path in the repository."""
        return str(self.path.relative_to(ROOT))

    @cached_property
    def text(self) -> str:
        """As it stands there, without a site generator's header."""
        return re.sub(r"\A---\n.*?\n---\n", "", self.path.read_text(encoding="utf-8"), flags=re.DOTALL)

    @cached_property
    def tokens(self) -> list[Token]:
        """As CommonMark, with tables."""
        return MarkdownIt("commonmark").enable("table").parse(self.text)

    @cached_property
    def anchors(self) -> set[str]:
        """Identifiers of headings, as GitLab and MkDocs both make them, and those that are written as HTML."""
        pairs = zip(self.tokens, self.tokens[1:], strict=False)
        headings = [inline for opening, inline in pairs if opening.type == "heading_open"]
        written = re.findall(r"""\bid=["']([^"']+)["']""", self.text)
        return {slug(_shown(inline)) for inline in headings} | set(written)

    @cached_property
    def links(self) -> list[str]:
        """Where links and pictures lead to."""
        found = [each for token in self.tokens for each in token.children or []]
        named = [each.attrGet("href" if each.type == "link_open" else "src") for each in found]
        return [str(each) for each in named if each]

    @cached_property
    def blocks(self) -> list[Block]:
        """Fenced blocks."""
        return [
            Block(self.name, (token.map or [0])[0] + 1, token.info.split(" ")[0].strip(), token.content)
            for token in self.tokens
            if token.type == "fence"
        ]

    @cached_property
    def code(self) -> list[str]:
        """Inline code, each once."""
        spans = [each for token in self.tokens for each in token.children or []]
        return list(dict.fromkeys(each.content for each in spans if each.type == "code_inline"))


@cache
def documents() -> tuple[Document, ...]:
    """The front page, the contributor's page, and everything under docs/."""
    pages = sorted(ROOT.glob("docs/**/*.md"))
    return tuple(Document(path) for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *pages))


def shell_lines(block: Block) -> list[Line]:
    """The command lines of a block in which people type; of a console only what stands behind a prompt."""
    if block.language not in SHELL:
        return []
    lines = []
    for offset, given in enumerate(_joined(block.text), 1):
        text = given.removeprefix(_PROMPT).strip()
        typed = given.startswith(_PROMPT) if block.language == "console" else bool(text)
        if typed and not text.startswith("#"):
            lines += [
                Line(block.document, block.line + offset, each)
                for each in _without_comment(text).split(" && ")
            ]
    return [line for line in lines if line.text]


def _joined(text: str) -> list[str]:
    """Lines, one that ends in a backslash with the next; the rest of a joined line is empty, so that numbers hold."""
    return re.sub(r" *\\\n *", " ", text).splitlines()


def _without_comment(text: str) -> str:
    """What stands before a `#` that no quotes hold."""
    quoted = ""
    for place, sign in enumerate(text):
        if sign in "'\"" and quoted in {"", sign}:
            quoted = "" if quoted else sign
        if sign == "#" and not quoted and text[place - 1 : place].isspace():
            return text[:place].rstrip()
    return text


def _shown(inline: Token) -> str:
    return "".join(each.content for each in inline.children or [])


def slug(heading: str) -> str:
    """A heading's identifier."""
    kept = re.sub(r"[^\w\s-]", "", heading.lower()).strip()
    return _SPACES.sub("-", kept)
