"""The change that is judged: files and added lines, as git itself sees them."""

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ci_factory.errors import ArtifactError
from ci_factory.system.git import FileChange, Git

_HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+(\d+)(?:,\d+)? @@")
_REGULAR_MODES = {"100644", "100755"}
_ABSENT_MODE = "000000"
_TEST_WORDS = {"test", "tests", "testing", "testcase", "testcases"}
"""Words in the name of a folder that holds tests: `tests`, `unit_tests`, `__tests__`."""
_TEST_NAME = re.compile(
    r"conftest\.py|test_.*\.py|.*_test\.(py|go)|.*\.(test|spec)\.[cm]?[jt]sx?|(.*Tests?|.*TestCase|.*IT)\.(java|php)"
)
"""Python, Go, JavaScript and TypeScript, Java and PHP."""


@dataclass(frozen=True)
class AddedLine:
    """One line that only the head has; `number` counts from 1 in the head's file."""

    number: int
    text: str


@dataclass(frozen=True)
class Change:
    """Base against head."""

    base: str
    head: str
    base_tree: str
    head_tree: str
    files: tuple[FileChange, ...]
    """Regular files with names that are safe to hand to a tool."""
    odd: tuple[FileChange, ...]
    """Everything else: links, submodules, hostile names. No tool looks at them."""
    added: Mapping[str, tuple[AddedLine, ...]]
    added_lines: int
    removed_lines: int

    def present(self, *suffixes: str) -> list[str]:
        """Changed files that the head has, with one of these suffixes (none given: all), sorted."""
        return sorted(
            change.path
            for change in self.files
            if change.status != "D" and (not suffixes or change.path.endswith(suffixes))
        )

    def before(self, path: str) -> str | None:
        """The base's name of a head's file, `None` when the change adds it."""
        for change in self.files:
            if change.path == path:
                return None if change.status == "A" else change.old_path
        return path

    @property
    def renames(self) -> dict[str, str]:
        """Base's path to head's path of renamed files."""
        return {change.old_path: change.path for change in self.files if change.status == "R"}


def read_change(repo: Git, base: str, head: str) -> Change:
    """Compare two commits.

    Raises:
        ArtifactError: the difference is too large to be read.
    """
    base_tree, head_tree = repo.tree_of(base), repo.tree_of(head)
    files = repo.changes(base_tree, head_tree)
    added = _added_lines(repo, base_tree, head_tree, files)
    plus, minus = repo.line_counts(base_tree, head_tree)
    plain = tuple(change for change in files if is_plain(change))
    odd = tuple(change for change in files if not is_plain(change))
    return Change(base, head, base_tree, head_tree, plain, odd, added, plus, minus)


def is_plain(change: FileChange) -> bool:
    """Whether it is a regular file, before and after, whose name can't trick a tool or a reader."""
    modes = {change.old_mode, change.new_mode} - {_ABSENT_MODE}
    return modes <= _REGULAR_MODES and safe_name(change.path) and safe_name(change.old_path)


def safe_name(path: str) -> bool:
    """No control characters, wrong UTF-8, backslash, or part that looks like an option."""
    return path.isprintable() and "\ufffd" not in path and "\\" not in path and not re.search(r"(^|/)-", path)


def is_test(path: str) -> bool:
    """Whether a file belongs to the tests: by the names that test runners look for, or by its folder."""
    folder, _, name = path.rpartition("/")
    return _TEST_NAME.fullmatch(name) is not None or _is_of_tests(folder)


@functools.lru_cache(maxsize=65536)
def _is_of_tests(folder: str) -> bool:
    """Whether a folder, or one above it, has a word of tests in its name; asked for every file of large trees."""
    return any(_TEST_WORDS & set(re.split(r"[-_.]+", part)) for part in folder.split("/"))


def is_test_module(path: str) -> bool:
    """Whether pytest collects tests from this file by default."""
    name = path[path.rfind("/") + 1 :]
    return (name.startswith("test_") and name.endswith(".py")) or name.endswith("_test.py")


def _added_lines(
    repo: Git, base: str, head: str, files: list[FileChange]
) -> dict[str, tuple[AddedLine, ...]]:
    # --text: an attribute can't hide a file's lines by calling it binary.
    flags = ("-r", "-p", "-U0", "-M", "--text", "--no-ext-diff", "--no-textconv", "--no-color")
    sections = list(_sections(repo.text("diff-tree", *flags, base, head)))
    # Sections come in the order of the raw listing; paths are taken from there, never from patch text.
    # A file whose type changed has two: its end and its new beginning.
    order = [change for change in files for _ in range(2 if change.status == "T" else 1)]
    if len(order) != len(sections):
        raise ArtifactError("the change is too large to be compared line by line", fix="split it")
    return {change.path: tuple(_lines(section)) for change, section in zip(order, sections, strict=True)}


def _sections(patch: str) -> Iterator[list[str]]:
    section: list[str] | None = None
    for line in patch.split("\n"):
        if line.startswith("diff --git "):
            if section is not None:
                yield section
            section = []
        elif section is not None:
            section.append(line)
    if section is not None:
        yield section


def _lines(section: list[str]) -> Iterator[AddedLine]:
    number: int | None = None
    for line in section:
        if hunk := _HUNK.match(line):
            number = int(hunk[1])
        elif number is not None and line.startswith("+"):
            yield AddedLine(number, line[1:])
            number += 1
