"""The issue of ours that carries a report: found again by a hidden last line with its key. Pure.

It is no ticket. As with notes, nobody may believe a marker without looking at the author first.
"""

import re

from ci_factory.errors import ForgeError
from ci_factory.forge import kept_notes

MAX_TITLE = 255
_KIND = "report"
_MARKER = re.compile(rf"<!-- ci-factory:{_KIND}:{kept_notes.KEY} -->")


def marked(key: str, body: str) -> str:
    """The text with its marker below, as it is sent.

    Raises:
        ForgeError: it says nothing or too much, or the key can't be one.
    """
    return kept_notes.marked(key, body, _KIND)


def titled(title: str) -> str:
    """A title as it can be kept.

    Raises:
        ForgeError: it is empty, or too long.
    """
    kept = " ".join(kept_notes.storable(title).split())
    if not 0 < len(kept) <= MAX_TITLE:
        raise ForgeError(f"a report needs a title of at most {MAX_TITLE} characters")
    return kept


def carries(text: str, key: str) -> bool:
    """Whether a text is the report with this key."""
    return _last_line(text) == kept_notes.marker(key, _KIND)


def is_report(text: str) -> bool:
    """Whether a text is a report, whatever its key."""
    return _MARKER.fullmatch(_last_line(text)) is not None


def _last_line(text: str) -> str:
    return text.rstrip().rpartition("\n")[2].strip()
