"""The issue of ours that carries a report: found again by a hidden last line with its key. Pure.

It is no ticket. The follow-up of a ticket is found in the same way, by another kind of line, and is one. As with notes,
nobody may believe a marker without looking at the author first.
"""

import hashlib
import re

from ci_factory.errors import ForgeError
from ci_factory.forge import kept_notes

MAX_TITLE = 255
_KIND = "report"
FOLLOW_UP = "follow-up"
_MARKER = re.compile(rf"<!-- ci-factory:{_KIND}:{kept_notes.KEY} -->")


def follow_up_key(ticket_id: str) -> str:
    """The key of a ticket's follow-up; a ticket's id may hold what no key may."""
    return hashlib.sha256(ticket_id.encode()).hexdigest()[:32]


def marked(key: str, body: str, kind: str = _KIND) -> str:
    """The text with its marker below, as it is sent.

    Raises:
        ForgeError: it says nothing or too much, or the key can't be one.
    """
    return kept_notes.marked(key, body, kind)


def titled(title: str) -> str:
    """A title as it can be kept.

    Raises:
        ForgeError: it is empty, or too long.
    """
    kept = " ".join(kept_notes.storable(title).split())
    if not 0 < len(kept) <= MAX_TITLE:
        raise ForgeError(f"a report needs a title of at most {MAX_TITLE} characters")
    return kept


def carries(text: str, key: str, kind: str = _KIND) -> bool:
    """Whether a text is the report, or what else of its `kind`, with this key."""
    return _last_line(text) == kept_notes.marker(key, kind)


def is_report(text: str) -> bool:
    """Whether a text is a report, whatever its key."""
    return _MARKER.fullmatch(_last_line(text)) is not None


def _last_line(text: str) -> str:
    return text.rstrip().rpartition("\n")[2].strip()
