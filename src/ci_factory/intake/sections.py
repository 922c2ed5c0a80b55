"""The parts of a ticket's body that intake reads: headings, list items, check boxes, and text outside of code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ci_factory.model.unseen import shown

_HEADING = re.compile(r"#{1,6}[ \t]+(?P<name>.*)")
_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[(?P<box>[ xX~])\][ \t]+)?(?P<text>\S.*)")
_FENCE = re.compile(r"[ \t]*(```|~~~)")
_CODE_SPAN = re.compile(r"`[^`\n]*`")
_MAX_ITEM = 2_000
"""Characters of a list item that are read."""


@dataclass(frozen=True)
class Item:
    """A list item; `ticked` is `None` when it has no box."""

    text: str
    ticked: bool | None


@dataclass(frozen=True)
class Body:
    """A ticket's body, read once. What no reader sees, and fenced code, are no part of any section."""

    sections: dict[str, tuple[str, ...]]
    """Lower-case heading -> lines below it until the next heading; text before the first heading is under `""`."""
    unseen: int
    """How many HTML comments and the like it has: text that a person does not see."""

    def lines(self, *names: str) -> tuple[str, ...]:
        """Lines of all sections with one of these lower-case names."""
        return tuple(line for name in names for line in self.sections.get(name, ()))

    def prose(self) -> str:
        """Everything outside of code, one line per line."""
        text = "\n".join(line for lines in self.sections.values() for line in lines)
        return _CODE_SPAN.sub("", text)


def read(body: str) -> Body:
    """Split a body into its sections; a heading that occurs twice is one section."""
    visible, unseen = shown(body)
    sections: dict[str, list[str]] = {"": []}
    name = ""
    for line in _outside_fences(visible):
        heading = _HEADING.fullmatch(line)
        if heading:
            name = heading["name"].strip(" \t#").rstrip(":").lower()
            sections.setdefault(name, [])
        else:
            sections[name].append(line)
    return Body({name: tuple(lines) for name, lines in sections.items()}, unseen)


def items(lines: tuple[str, ...]) -> Iterator[Item]:
    """List items among the lines, with their continuation lines."""
    text = ""
    ticked: bool | None = None
    for line in lines:
        match = _ITEM.fullmatch(line)
        if text and not match and line.strip() and line.startswith((" ", "\t")):
            text = f"{text} {line.strip()}"[:_MAX_ITEM]
            continue
        if text:
            yield Item(text, ticked)
            text = ""
        if match:
            text = match["text"].strip()[:_MAX_ITEM]
            ticked = None if match["box"] is None else match["box"] != " "
    if text:
        yield Item(text, ticked)


def _outside_fences(text: str) -> Iterator[str]:
    fence: str | None = None
    for line in text.splitlines():
        mark = _FENCE.match(line)
        if fence is None and mark:
            fence = mark[1]
        elif fence is None:
            yield line
        elif mark and mark[1] == fence:
            fence = None
