"""Which files a ticket claims, so that others keep off them."""

from collections.abc import Iterable

from ci_factory.model import globs
from ci_factory.model.globs import Pattern
from ci_factory.model.ticket import Candidate


def claims(candidate: Candidate) -> tuple[Pattern, ...]:
    """Paths and patterns of the files that a ticket is thought to touch."""
    return patterns(candidate.estimate.files)


def patterns(files: Iterable[str]) -> tuple[Pattern, ...]:
    """Parsed, each once, without what names nothing."""
    return tuple(globs.parse(text) for text in dict.fromkeys(map(globs.clean, files)) if text)
