"""Anchors: the head of a store's chain, written where the store's owner can't rewrite it: in our notes on the forge. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from ci_factory.errors import UsageError
from ci_factory.metrics.storing.values import Head
from ci_factory.model import block
from ci_factory.model.base import Moment
from ci_factory.model.forge import Note

KEY = "anchor"
"""Of the hidden block."""


class Anchor(NamedTuple):
    """What the chain's head once was."""

    head: Head
    at: Moment
    """When the note was written that says so, by the forge's clock."""


def hidden_block(head: Head) -> str:
    """The hidden line that a note carries, once in each weekly or monthly report."""
    return block.write(KEY, {"head": str(head)})


def read(notes: Iterable[Note], *, ours: str) -> tuple[Anchor, ...]:
    """The anchors in our own notes (`ours` is our user), oldest first; what anybody else wrote is no anchor."""
    found = []
    for note in notes:
        data = block.read(note.body, KEY) if note.author == ours else None
        head = _head(data.get("head")) if data else None
        if head is not None and head.seq:
            found.append(Anchor(head, note.created_at))
    return tuple(sorted(found, key=lambda each: (each.at, each.head)))


def _head(told: object) -> Head | None:
    try:
        return Head.parse(told) if isinstance(told, str) else None
    except UsageError:
        return None
