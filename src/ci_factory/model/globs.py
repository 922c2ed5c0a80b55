"""Path patterns of tickets and CODEOWNERS, by strangers: bounded, never slow.

A pattern is a path from the repository's root with `/` between segments. `*` and `?` stay within a segment, `[ab]` is one
of several characters, a segment `**` is any number of segments, and a `/` at the end means everything below.
"""

import functools
import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

_WILD = re.compile(r"[*?\[]")
_MAX_LENGTH = 1024
_MAX_STARS = 3
"""In one segment; more backtrack for long."""
_MAX_DEEP = 5
"""Segments `**` in one pattern."""


class Pattern(NamedTuple):
    """A pattern, taken apart."""

    text: str
    wild: bool
    """Whether it may match more than one path."""
    prefix: str
    """Leading segments without a wildcard, `""` when there are none; of a plain path, all of them."""
    whole: bool
    """Whether it means everything below its prefix (`src/`, `src/**`), or is too wild to tell."""


def parse(text: str) -> Pattern:
    """Take a pattern apart that went through `clean`."""
    if not is_glob(text):
        return Pattern(text, wild=False, prefix=text, whole=False)
    parts = text.split("/")
    fixed = next((place for place, part in enumerate(parts) if not part or _WILD.search(part)), len(parts))
    whole = parts[fixed:] in ([""], ["**"], ["**", "*"]) or compiled(text) is None
    return Pattern(text, wild=True, prefix="/".join(parts[:fixed]), whole=whole)


def is_glob(pattern: str) -> bool:
    """Whether the pattern may match more than one path."""
    return pattern.endswith("/") or _WILD.search(pattern) is not None


def clean(pattern: str) -> str:
    """The pattern without what changes nothing: white space, `./` and doubled slashes; `""` when it leaves the root."""
    parts = [part for part in pattern.strip().split("/") if part not in {"", "."}]
    if not parts or ".." in parts:
        return ""
    if len(parts) == 1 and _WILD.search(parts[0]) and not pattern.endswith("/"):
        return f"**/{parts[0]}"  # as in .gitignore: without a slash, in any folder
    return "/".join(parts) + ("/" if pattern.rstrip().endswith("/") else "")


@functools.lru_cache(maxsize=16_384)
def compiled(pattern: str) -> re.Pattern[str] | None:
    """A regular expression for `fullmatch` on a path; `None` when the pattern is too wild to be matched quickly."""
    parts = pattern.split("/")
    too_wild = (
        len(pattern) > _MAX_LENGTH
        or parts.count("**") > _MAX_DEEP
        or any(part.count("*") > _MAX_STARS for part in parts)
    )
    if too_wild:
        return None
    if parts[-1] == "":
        parts[-1] = "**"
    body = "".join(_segment(part, last=place == len(parts) - 1) for place, part in enumerate(parts))
    return re.compile(body, re.DOTALL)


def matches(pattern: str, path: str) -> bool:
    """Whether the path matches; a pattern too wild to be matched is taken to match all below its static prefix."""
    expression = compiled(pattern)
    if expression is not None:
        return expression.fullmatch(path) is not None
    prefix = parse(pattern).prefix
    return not prefix or path == prefix or path.startswith(f"{prefix}/")


def touches(pattern: str, path: str) -> bool:
    """Whether the pattern matches the path, or something below it where its name may be a folder's (no suffix)."""
    return matches(pattern, path) or ("." not in path.rpartition("/")[2] and _reaches(pattern, path))


def _reaches(pattern: str, folder: str) -> bool:
    """Whether the pattern may match something below a folder: what is left of it when the folder's names are used up."""
    parts = pattern.split("/")
    places = _open(parts, {0})
    for name in folder.split("/"):
        passed = {place for place in places if parts[place] == "**"}
        passed |= {place + 1 for place in places if parts[place] != "**" and matches(parts[place], name)}
        places = _open(parts, passed)
    return bool(places)


def _open(parts: Sequence[str], places: Collection[int]) -> set[int]:
    """Places in a pattern that a name can be matched at; a `**` may also stand for none."""
    found: set[int] = set()
    for place in places:
        while place < len(parts):
            found.add(place)
            if parts[place] != "**":
                break
            place += 1  # noqa: PLW2901 - the next place
    return found


def _segment(part: str, *, last: bool) -> str:
    if part == "**":
        return ".+" if last else "(?:[^/]+/)*"
    text = "".join(_expression(piece) for piece in re.findall(r"\*+|\?|\[!?\]?[^\]/]*\]|.", part, re.DOTALL))
    return text if last else f"{text}/"


def _expression(piece: str) -> str:
    if piece.startswith("*"):
        return "[^/]*"
    if piece == "?":
        return "[^/]"
    if len(piece) > 1:
        inner = piece[1:-1]
        inside = re.sub(r"(?<=\w)\\-(?=\w)", "-", re.escape(inner.removeprefix("!")))
        return _character_class(inside, negated=inner.startswith("!"))
    return re.escape(piece)


def _character_class(inside: str, *, negated: bool) -> str:
    expression = f"[^/{inside}]" if negated else f"(?!/)[{inside}]"
    try:
        re.compile(expression)
    except re.error:  # a range that runs backwards matches nothing, as in a shell
        return "(?!)"
    return expression
