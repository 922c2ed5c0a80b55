"""Files that a ticket's text names: by path, by the end of one, by a folder or pattern, by the name of a symbol."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from ci_factory.intake.symbols import NAME
from ci_factory.intake.tree import Tree
from ci_factory.model import globs
from ci_factory.model.ticket import Ticket

_MAX_TEXT = 200_000
"""Characters of a ticket that are searched for names."""
_MAX_PATTERN = 2_000
_MAX_WILD = 50
"""Patterns of a text that are held against all files."""
_PATH = re.compile(r"[\w.@+*?\[\]-]+(?:/[\w.@+*?\[\]-]+)*/?")
_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,9}")
_CAMEL_JOINT = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NO_STEMS = frozenset({"__init__", "__main__", "index", "main", "conftest"})


def text_of(ticket: Ticket) -> str:
    """What is searched."""
    return f"{ticket.title}\n{ticket.body}"[:_MAX_TEXT]


def prose(text: str, tree: Tree) -> str:
    """The text without paths, whose parts are no symbols and no plain words of it."""

    def kept(match: re.Match[str]) -> str:
        token = match[0]
        return " " if "/" in token or token.rstrip(".") in tree.by_name else token

    return _PATH.sub(kept, text)


def paths(text: str, tree: Tree) -> Iterator[tuple[str, str]]:
    """Paths and patterns that the text names, each with the reason."""
    wild = 0
    for token in dict.fromkeys(_PATH.findall(text)):
        pattern = globs.clean(token.rstrip(".?"))
        if not pattern or len(pattern) > _MAX_PATTERN:
            continue
        if pattern in tree.files:
            yield pattern, "is named in the ticket"
        elif pattern.rstrip("/") in tree.folders and "/" in token:
            yield f"{pattern.rstrip('/')}/**", "is a folder named in the ticket"
        elif globs.is_glob(pattern):
            wild += 1
            if "*" in pattern and wild <= _MAX_WILD and tree.matching(pattern):
                yield pattern, "is a pattern in the ticket that matches files"
        elif _SUFFIX.fullmatch(PurePosixPath(pattern).suffix):
            yield from _by_end(pattern, tree)


def stems(text: str, tree: Tree) -> Iterator[tuple[str, str]]:
    """Files with the name of a symbol in the text, each with the reason."""
    for match in NAME.finditer(prose(text, tree)):
        symbol = next(filter(None, match.groups()))
        for part in symbol.split("."):
            stem = _CAMEL_JOINT.sub("_", part).lower()
            if stem in _NO_STEMS:
                continue
            found = tree.stemmed(stem) or tree.stemmed(stem.replace("_", "-"))
            yield from ((path, f"has the name of `{symbol[:80]}`") for path in found)


def _by_end(path: str, tree: Tree) -> Iterator[tuple[str, str]]:
    folder, _, name = path.rpartition("/")
    ending = tuple(found for found in tree.named(name) if found.endswith(f"/{path}"))
    if ending:
        yield from ((found, f"ends in `{path}`, which the ticket names") for found in ending)
    elif folder in tree.folders:
        yield path, "would be new beside files of a folder that exists"
