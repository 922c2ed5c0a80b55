"""Which files a ticket is about: patterns against the base's tree, paths against a worktree."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ci_factory.model import globs
from ci_factory.system.git import Git
from ci_factory.work.paths import matching_untrusted, path_problem


@dataclass(frozen=True)
class Scope:
    """The files of the base."""

    repo: Git
    base: str

    @cached_property
    def tree(self) -> tuple[str, ...]:
        """Every path of the base; asked of git once, and only when a pattern needs it."""
        return tuple(self.repo.files(self.base))

    def expand(self, patterns: Iterable[str]) -> tuple[str, ...]:
        """Paths as they are, globs and folders as the files of the base that they match; each once."""
        found: dict[str, None] = {}
        for pattern in patterns:
            if globs.is_glob(pattern):
                found.update(dict.fromkeys(matching_untrusted(self.tree, pattern)))
            else:
                found[pattern] = None
        return tuple(found)


def is_file(root: Path, path: str) -> bool:
    """Whether a repository path is a file (or link) of a checkout; wrong paths are not."""
    if path_problem(path):
        return False
    place = root / path
    return place.is_symlink() or place.is_file()
