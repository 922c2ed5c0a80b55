"""Which findings of a report the change brought."""

import hashlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from typing import Protocol

from ci_factory.gates.importing.trees import Comparison, Tree
from ci_factory.gates.reports.model import Issue

_MAX_SNIPPET_LINES = 20


class Newness(Protocol):
    """Asked once for every issue of the head."""

    words: str
    """How it is decided, for summaries."""

    def is_new(self, gate: str, issue: Issue) -> bool:
        """Whether the change brought it."""


def snippet(issue: Issue, tree: Tree | None) -> str:
    """What identifies an issue besides rule and path: its lines, else what its tool says instead."""
    if tree is not None and issue.line is not None and (lines := tree.lines(issue.path)):
        last = min(issue.end_line or issue.line, issue.line + _MAX_SNIPPET_LINES)
        if found := " ".join("\n".join(lines[issue.line - 1 : last]).split()):
            return found
    return " ".join((issue.snippet or issue.message).split())


class Everything:
    """There is nothing to compare with."""

    words = "everything counts as new"

    def is_new(self, _gate: str, _issue: Issue) -> bool:
        """Always."""
        return True


class ByLines:
    """New is what stands on a line that the change added."""

    words = "new is what stands on added lines"

    def __init__(self, comparison: Comparison) -> None:
        """Look at the change only once."""
        change = comparison.change
        self._known = comparison.head.paths
        self._added = {path: [line.number for line in lines] for path, lines in change.added.items()}
        self._touched = {each.path for each in (*change.files, *change.odd)}

    def is_new(self, _gate: str, issue: Issue) -> bool:
        """What names no line is new where its file changed; what names no file is new."""
        if issue.path not in self._known:
            return True
        if issue.line is None:
            return issue.path in self._touched
        lines = self._added.get(issue.path, [])
        place = bisect_left(lines, issue.line)
        return place < len(lines) and lines[place] <= max(issue.end_line or issue.line, issue.line)


class Compared:
    """New is what the base's reports do not have as often: by tool, rule, path and snippet."""

    words = "compared with the base's reports"

    def __init__(self, head: Tree | None, base: Tree | None, renames: Mapping[str, str]) -> None:
        """`renames` leads from the base's paths to the head's."""
        self._head, self._base, self._renames = head, base, renames
        self._left: Counter[bytes] = Counter()

    def before(self, gate: str, issue: Issue) -> None:
        """Take in an issue of the base."""
        self._left[_key(gate, issue, self._renames.get(issue.path, issue.path), self._base)] += 1

    def is_new(self, gate: str, issue: Issue) -> bool:
        """Each of the base's findings stands for one of the head's."""
        key = _key(gate, issue, issue.path, self._head)
        left = self._left.get(key, 0)
        if left:
            self._left[key] = left - 1
        return not left


def _key(gate: str, issue: Issue, path: str, tree: Tree | None) -> bytes:
    text = "\0".join((gate, issue.rule, path, snippet(issue, tree)))
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()
