"""The repository's paths, indexed by the names that tickets use for them."""

import functools
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from ci_factory.model import globs

_AMBIGUOUS = 3
"""A name that stands for more files than that tells nothing."""
_TEST_FOLDERS = frozenset({"test", "tests", "spec", "specs", "__tests__"})
_TEST_MARKS = ("test_", "_test", ".test", ".spec", "_spec", "test-", "-test")
_DOCUMENT_SUFFIXES = frozenset({".md", ".rst", ".txt", ".adoc"})


@dataclass(frozen=True)
class Tree:
    """All files and folders at the base."""

    files: frozenset[str]
    folders: frozenset[str]
    by_name: dict[str, tuple[str, ...]]
    """Last segment -> paths."""
    by_stem: dict[str, tuple[str, ...]]
    """Lower-case last segment without its suffix -> paths."""
    ordered: tuple[str, ...]
    """All files, sorted."""
    _matched: dict[str, tuple[str, ...]] = field(default_factory=dict, compare=False, repr=False)

    def named(self, name: str) -> tuple[str, ...]:
        """Files with this last segment, none when there are too many to mean one."""
        found = self.by_name.get(name, ())
        return found if len(found) <= _AMBIGUOUS else ()

    def stemmed(self, stem: str) -> tuple[str, ...]:
        """Files with this stem that are no tests, none when there are too many to mean one."""
        found = tuple(path for path in self.by_stem.get(stem.lower(), ()) if not is_test(path))
        return found if len(found) <= _AMBIGUOUS else ()

    def tests_of(self, path: str) -> tuple[str, ...]:
        """Test files named after a file, or after its folder and it."""
        *_, folder, name = f"/{path}".rsplit("/", 2)
        stem = PurePosixPath(name).stem.lower()
        names = [f"test_{stem}", f"{stem}_test", f"{stem}.test", f"{stem}.spec", f"{stem}_spec"]
        if folder:
            names.append(f"test_{folder.lower()}_{stem}")
        found = tuple(test for name in names for test in self.by_stem.get(name, ()))
        return found if len(found) <= _AMBIGUOUS else ()

    def matching(self, pattern: str) -> tuple[str, ...]:
        """Files that a pattern of a ticket means, sorted."""
        if pattern in self.files:
            return (pattern,)
        if not globs.is_glob(pattern):
            return ()
        if pattern not in self._matched:
            below = self._below(globs.parse(pattern).prefix)
            self._matched[pattern] = tuple(path for path in below if globs.matches(pattern, path))
        return self._matched[pattern]

    def _below(self, folder: str) -> Sequence[str]:
        if not folder:
            return self.ordered
        start = bisect_left(self.ordered, f"{folder}/")
        return self.ordered[start : bisect_left(self.ordered, f"{folder}0", start)]  # `0` follows `/`


@functools.lru_cache(maxsize=4)
def index(tree: frozenset[str]) -> Tree:
    """Index the paths; the same tree is indexed once."""
    by_name: defaultdict[str, list[str]] = defaultdict(list)
    by_stem: defaultdict[str, list[str]] = defaultdict(list)
    ordered = tuple(sorted(tree))
    for path in ordered:
        name = path.rsplit("/", 1)[-1]
        by_name[name].append(path)
        by_stem[PurePosixPath(name).stem.lower()].append(path)
    return Tree(tree, frozenset(_folders(tree)), _frozen(by_name), _frozen(by_stem), ordered)


def is_test(path: str) -> bool:
    """Whether a path looks like a test's."""
    *folders, name = path.lower().split("/")
    stem = PurePosixPath(name).stem
    return not _TEST_FOLDERS.isdisjoint(folders) or stem.startswith(_TEST_MARKS) or stem.endswith(_TEST_MARKS)


def is_document(path: str) -> bool:
    """Whether a path looks like documentation."""
    return (
        path.lower().startswith(("docs/", "doc/")) or PurePosixPath(path.lower()).suffix in _DOCUMENT_SUFFIXES
    )


def _folders(paths: Iterable[str]) -> set[str]:
    folders: set[str] = set()
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    return folders


def _frozen(lists: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {key: tuple(values) for key, values in lists.items()}
