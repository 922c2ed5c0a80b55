"""A change as detectors see it: the texts of both sides and the lines that differ."""

import difflib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

_LONGEST = 2_000
"""Characters of a line; what stands behind that in a minified file says nothing to a person either."""
_EXACT = 1_000
"""Up to so many lines a side (after the common beginning and end) are compared one by one."""
_TEST_FOLDERS = frozenset({"test", "tests", "spec", "specs", "__tests__", "testdata", "fixtures", "e2e"})
_TEST_NAME = re.compile(r"(?:^|[._-])(?:tests?|spec|conftest)(?:[._-]|$)", re.IGNORECASE)
_DOCUMENTS = frozenset({".md", ".rst", ".adoc"})
_ASIDE = frozenset({"docs", "doc", "examples", "example", "samples", "benchmarks", "bench"})
_NOT_DOCUMENTS = re.compile(r"(?:requirements|constraints|cmakelists).*\.txt", re.IGNORECASE)
_CODE = frozenset(
    (
        ".py",
        ".pyi",
        ".js",
        ".jsx",
        ".mjs",
        ".cjs",
        ".ts",
        ".tsx",
        ".go",
        ".rs",
        ".java",
        ".kt",
        ".kts",
        ".scala",
        ".rb",
        ".php",
        ".cs",
        ".c",
        ".h",
        ".cc",
        ".cpp",
        ".hpp",
        ".swift",
        ".vue",
        ".svelte",
        ".ex",
        ".exs",
        ".sh",
        ".sql",
        ".pl",
        ".lua",
        ".dart",
    )
)
_STRING = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`")
_COMMENT = re.compile(r"(?:#|//|--\s|^\s*\*|^\s*/\*).*$")


@dataclass(frozen=True)
class Line:
    """A line of one side."""

    number: int
    text: str

    @property
    def code(self) -> str:
        """Without a comment, and with the contents of its strings taken out."""
        return _COMMENT.sub("", _STRING.sub('""', self.text)).strip()

    @property
    def uncommented(self) -> str:
        """Without a comment, with its strings."""
        bare = _STRING.sub(lambda found: "s" * len(found[0]), self.text)
        found = _COMMENT.search(bare)
        return (self.text[: found.start()] if found else self.text).strip()


@dataclass(frozen=True)
class ChangedFile:
    """One file of a change; a text is `None` where the side has no such file, or none that could be read."""

    path: str
    before: str | None
    after: str | None
    new: bool = False
    gone: bool = False
    old_path: str = ""
    """Where it was, when it was moved."""

    @property
    def name(self) -> str:
        """The last part of the path."""
        return PurePosixPath(self.path).name

    @property
    def is_code(self) -> bool:
        """Whether it is the product's own source: no test, no document, no example."""
        return PurePosixPath(self.path).suffix in _CODE and not is_aside(self.path)

    @cached_property
    def lines(self) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
        """Removed and added lines; a line that only moved or was indented anew is in neither."""
        removed, added = _differing((self.before or "").splitlines(), (self.after or "").splitlines())
        gone, come = (Counter(line.text.strip() for line in side) for side in (removed, added))
        return _unless(removed, come), _unless(added, gone)

    @property
    def removed(self) -> tuple[Line, ...]:
        """Lines of the base that are gone."""
        return self.lines[0]

    @property
    def added(self) -> tuple[Line, ...]:
        """Lines that are new."""
        return self.lines[1]

    @cached_property
    def first_code(self) -> Line | None:
        """The first changed line that is more than words: not only comments, blank lines or the text of strings."""
        removed = Counter(line.code for line in self.removed if line.code)
        added = Counter(line.code for line in self.added if line.code)
        fresh, lost = added - removed, removed - added
        found = next((line for line in self.added if line.code in fresh and not _is_words(line)), None)
        return found or next(
            (line for line in self.removed if line.code in lost and not _is_words(line)), None
        )


@dataclass(frozen=True)
class Change:
    """All of it, with what of the base it is compared with."""

    files: tuple[ChangedFile, ...]
    base_files: frozenset[str] = frozenset()
    manifests: Mapping[str, str] = field(default_factory=dict)
    """Texts of the base's files that declare dependencies and did not change."""
    unread: tuple[str, ...] = ()
    """Files that were too large or too many to be looked into."""

    @property
    def code(self) -> tuple[ChangedFile, ...]:
        """The files that are the product's own source."""
        return tuple(each for each in self.files if each.is_code)


def is_aside(path: str) -> bool:
    """Whether a path looks like a test's, a document's or an example's."""
    *folders, name = path.lower().split("/")
    place = PurePosixPath(name)
    if _NOT_DOCUMENTS.fullmatch(name):
        return False
    document = place.suffix in _DOCUMENTS or (place.suffix == ".txt" and "requirements" not in folders)
    aside = not (_TEST_FOLDERS | _ASIDE).isdisjoint(folders)
    return document or aside or _TEST_NAME.search(place.stem) is not None


def _is_words(line: Line) -> bool:
    """A line of prose, such as one of a docstring, or of a text alone: nothing that a program is made of."""
    if not re.sub(r"[\"'`\s,;()]+", "", line.code):
        return True
    return (
        re.fullmatch(r"(?:[A-Za-z][\w'’-]*[,.;:!?]*\s+){2,}[A-Za-z][\w'’-]*[,.;:!?]*", line.code) is not None
    )


def _unless(lines: Sequence[Line], others: Counter[str]) -> tuple[Line, ...]:
    return tuple(line for line in lines if line.text.strip() and not others[line.text.strip()])


def _differing(old: list[str], new: list[str]) -> tuple[list[Line], list[Line]]:
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    first, second = old[start : len(old) - end], new[start : len(new) - end]
    if max(len(first), len(second)) > _EXACT:
        return _by_content(first, second, start)
    removed, added = [], []
    matcher = difflib.SequenceMatcher(None, first, second, autojunk=False)
    for tag, low, high, other_low, other_high in matcher.get_opcodes():
        if tag != "equal":
            removed += [Line(start + at + 1, first[at][:_LONGEST]) for at in range(low, high)]
            added += [Line(start + at + 1, second[at][:_LONGEST]) for at in range(other_low, other_high)]
    return removed, added


def _by_content(first: list[str], second: list[str], start: int) -> tuple[list[Line], list[Line]]:
    had, has = set(first), set(second)
    removed = [Line(start + at, text[:_LONGEST]) for at, text in enumerate(first, 1) if text not in has]
    return removed, [
        Line(start + at, text[:_LONGEST]) for at, text in enumerate(second, 1) if text not in had
    ]
