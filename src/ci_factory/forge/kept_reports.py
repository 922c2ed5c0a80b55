"""The issue of ours that carries a report: found again by a hidden last line with its key. Pure.

It is no ticket. As with notes, nobody may believe a marker without looking at the author first.
"""

import re

from ci_factory.errors import ForgeError
from ci_factory.forge import kept_notes

MAX_TITLE = 255
_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_MARKER = re.compile(rf"<!-- ci-factory:report:{_KEY.pattern} -->")


def marker(key: str) -> str:
    """The hidden last line of a report.

    Raises:
        ForgeError: the key is not lower-case letters, digits and dashes.
    """
    if not _KEY.fullmatch(key):
        raise ForgeError(f"{key!r} can't be a report's key", fix="use lower-case letters, digits and dashes")
    return f"<!-- ci-factory:report:{key} -->"


def marked(key: str, body: str) -> str:
    """The text with its marker below, as it is sent.

    Raises:
        ForgeError: it says nothing or too much, or the key can't be one.
    """
    return kept_notes.checked(f"{body.rstrip()}\n\n{marker(key)}")


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
    return _last_line(text) == marker(key)


def is_report(text: str) -> bool:
    """Whether a text is a report, whatever its key."""
    return _MARKER.fullmatch(_last_line(text)) is not None


def _last_line(text: str) -> str:
    return text.rstrip().rpartition("\n")[2].strip()
