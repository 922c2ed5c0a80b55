"""Which lines a change adds: those that can carry a comment."""

import re

from ci_factory.model.forge import InlineComment
from ci_factory.system.git import Git

_HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+(?P<start>\d+)(?:,(?P<count>\d+))? @@", re.MULTILINE)


def commentable(
    git: Git, base: str, head: str, comments: tuple[InlineComment, ...]
) -> tuple[InlineComment, ...]:
    """Those comments that stand on lines which `head` has and `base` does not."""
    lines = {path: added(git, base, head, path) for path in {comment.path for comment in comments}}
    return tuple(comment for comment in comments if comment.line in lines[comment.path])


def added(git: Git, base: str, head: str, path: str) -> frozenset[int]:
    """Numbers of the lines of one file that are new or changed, in its new version."""
    hunks = _HUNK.finditer(git.diff(base, head, f":(literal){path}", context=0))
    spans = ((int(hunk["start"]), int(hunk["count"] or 1)) for hunk in hunks)
    return frozenset(line for start, count in spans for line in range(start, start + count))
