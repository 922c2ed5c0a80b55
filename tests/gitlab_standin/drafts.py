"""Draft merge requests: the title says it."""

import re

_PREFIX = re.compile(r"\s*(?:\[draft\]|\(draft\)|draft:)\s*", re.IGNORECASE)


def is_draft(title: str) -> bool:
    """Whether a title makes its merge request a draft."""
    return _PREFIX.match(title) is not None


def undrafted(title: str) -> str:
    """The title without the prefixes that make a draft."""
    while match := _PREFIX.match(title):
        title = title[match.end() :]
    return title
