"""Which tickets touch the same files: an inverted index from paths and folders to tickets.

A path overlaps itself and every folder above it. A pattern overlaps the paths it matches, and paths that may be a folder
(their name has no suffix) when it may match something there. Two patterns overlap when the
static prefix of one contains the other's. What would take too long to tell is taken to overlap.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator

from ci_factory.model import globs
from ci_factory.model.globs import Pattern

_MAX_PATTERNS = 32
"""Patterns kept apart in one folder; more count as patterns for everything below it."""
_MAX_PATHS = 256
"""Paths below a folder that are tried one by one against a pattern; if there are more, all are taken to match."""

Contains = Callable[[str, str], bool]
"""(upper, lower) -> whether the upper ticket's change has the lower's in it."""


class _Newest:
    """For each folder the newest ticket, as long as its change has all the others' in it; then two apart for good."""

    def __init__(self, contains: Contains) -> None:
        self._contains = contains
        self._ticket: dict[str, str] = {}
        self._apart: dict[str, str] = {}

    def add(self, folder: str, ticket: str) -> None:
        """Enter a ticket that is newer than all before."""
        if folder in self._apart:
            return
        before = self._ticket.get(folder)
        if before is not None and not self._contains(ticket, before):
            self._apart[folder] = before
        self._ticket[folder] = ticket

    def names(self, folder: str) -> Iterator[str]:
        """The newest, or the two."""
        for tickets in (self._ticket, self._apart):
            if folder in tickets:
                yield tickets[folder]


class FileIndex:
    """The files of the tickets placed so far: flat tables by path, `""` being the root."""

    def __init__(self, contains: Contains) -> None:
        """Take the question whether one ticket's change has another's in it."""
        self._paths: dict[str, str] = {}
        """Path -> newest ticket that touches exactly it."""
        self._children: dict[str, dict[str, None]] = {}
        """Folder -> paths and folders directly below it, in order of entry."""
        self._below = _Newest(contains)
        """By folder or path: all tickets that touch something there or below."""
        self._wild_below = _Newest(contains)
        """By folder: all tickets with a pattern there or below."""
        self._wild: dict[str, str] = {}
        """Folder -> newest ticket with a pattern there; the patterns of a folder all overlap."""
        self._whole: dict[str, str] = {}
        """Folder -> newest ticket with a pattern for everything below it."""
        self._patterns: dict[str, dict[str, str]] = {}
        """Folder -> its other patterns -> newest ticket with it."""

    def add(self, ticket: str, patterns: Iterable[Pattern]) -> None:
        """Enter the files of a ticket."""
        for pattern in patterns:
            above = None
            for folder in _way_to(pattern.prefix):
                self._below.add(folder, ticket)
                if pattern.wild:
                    self._wild_below.add(folder, ticket)
                if above is not None:
                    self._children.setdefault(above, {})[folder] = None
                above = folder
            if pattern.wild:
                self._add_pattern(ticket, pattern)
            else:
                self._paths[pattern.prefix] = ticket

    def overlapping(self, patterns: Iterable[Pattern]) -> list[str]:
        """Tickets that touch the same files, without those whose change another one of them has in it.

        When some of them are not on one chain of changes, at least two that are not are named.
        """
        found: dict[str, None] = {}
        for pattern in patterns:
            found |= dict.fromkeys(self._touching(pattern))
        return list(found)

    def _add_pattern(self, ticket: str, pattern: Pattern) -> None:
        self._wild[pattern.prefix] = ticket
        patterns = self._patterns.setdefault(pattern.prefix, {})
        crowded = len(patterns) >= _MAX_PATTERNS and pattern.text not in patterns
        if crowded or pattern.whole:
            self._whole[pattern.prefix] = ticket
        else:
            patterns[pattern.text] = ticket

    def _touching(self, pattern: Pattern) -> Iterator[str]:
        for folder in _way_to(pattern.prefix):
            if folder in self._paths:
                yield self._paths[folder]
            if folder in self._wild:
                yield from self._wild_above(folder, pattern)
        if pattern.whole or not pattern.wild:
            yield from self._below.names(pattern.prefix)
        else:
            yield from self._wild_below.names(pattern.prefix)
            yield from self._matched(pattern)

    def _wild_above(self, folder: str, pattern: Pattern) -> Iterator[str]:
        """Tickets with a pattern in a folder on the way to the path or pattern."""
        if pattern.wild:
            yield self._wild[folder]
            return
        if folder in self._whole:
            yield self._whole[folder]
        for text, ticket in self._patterns[folder].items():
            if globs.touches(text, pattern.text):
                yield ticket

    def _matched(self, pattern: Pattern) -> Iterator[str]:
        """Tickets whose paths below the pattern's folder match it."""
        paths = list(itertools.islice(self._paths_below(pattern.prefix), _MAX_PATHS + 1))
        if len(paths) > _MAX_PATHS:
            yield from self._below.names(pattern.prefix)
        else:
            yield from (self._paths[path] for path in paths if globs.touches(pattern.text, path))

    def _paths_below(self, folder: str) -> Iterator[str]:
        stack = [folder]
        while stack:
            at = stack.pop()
            if at in self._paths:
                yield at
            stack.extend(self._children.get(at, ()))


def _way_to(path: str) -> Iterator[str]:
    """The root, the folders on the way, and the path itself: `""`, `a`, `a/b` for `a/b`."""
    yield ""
    end = path.find("/")
    while end >= 0:
        yield path[:end]
        end = path.find("/", end + 1)
    if path:
        yield path
