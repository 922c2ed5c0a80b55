"""Files and complexity of tickets that do not say them. An estimate says that it is one, and why."""

import re

from ci_factory.intake import names
from ci_factory.intake.tree import Tree, is_test
from ci_factory.model import globs
from ci_factory.model.text import plain
from ci_factory.model.ticket import Estimate, Size, Ticket

_MAX_FILES = 50

_SIZE_WORDS = {
    Size.TRIVIAL: "typo spelling misspelled wording whitespace docstring comment",
    Size.SMALL: "rename renames lint format formatting fix fixes message log bump pin",
    Size.MEDIUM: "add adds support implement implements feature extend refactor refactoring extract endpoint",
    Size.LARGE: "rewrite rewrites migrate migration redesign overhaul rearchitect replace port restructure",
}
_SIZE_OF_WORD = {word: size for size, words in _SIZE_WORDS.items() for word in words.split()}
_FILES_BOUNDS = (1, 2, 5)
"""Most files of a trivial, small and medium ticket (SPEC 2)."""
_CRITERIA_BOUNDS = (2, 4, 8)
"""Most acceptance criteria of a trivial, small and medium ticket."""
_GLOB_FILES = 2
"""Files that a pattern counts for: more than one, hardly all of them."""


def estimate(ticket: Ticket, tree: Tree) -> Estimate:
    """What the ticket says, and for what it leaves out an estimate with its reasons."""
    files, file_reasons = (ticket.files, ()) if ticket.files else _files(ticket, tree)
    size, size_reasons = (ticket.complexity, ()) if ticket.complexity else _complexity(ticket, files)
    left_out = {"files": not ticket.files, "complexity": ticket.complexity is None}
    return Estimate(
        complexity=size,
        files=files,
        estimated=tuple(name for name, was_estimated in left_out.items() if was_estimated),
        reasons=(*file_reasons, *size_reasons),
    )


def _files(ticket: Ticket, tree: Tree) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Paths that the text names, else files with the names of its symbols; and the tests beside them."""
    text = names.text_of(ticket)
    why: dict[str, str] = {}
    for path, reason in (*names.paths(text, tree), *names.stems(text, tree)):
        if len(why) < _MAX_FILES:
            why.setdefault(path, reason)
    for path in tuple(why):
        for test in tree.tests_of(path):
            if len(why) < _MAX_FILES:
                why.setdefault(test, f"is the test of {path}")
    if not why:
        return (), ("files: the ticket names no file or module of this repository",)
    return tuple(why), tuple(f"files: {plain(path, 200)} {reason}" for path, reason in why.items())


def _complexity(ticket: Ticket, files: tuple[str, ...]) -> tuple[Size, tuple[str, ...]]:
    """The fullest of what words, files and criteria say."""
    count = sum(_GLOB_FILES if globs.is_glob(path) else 1 for path in files if not is_test(path))
    criteria = len(ticket.acceptance_criteria)
    sizes = {
        _word_size(ticket): "its words",
        _bounded(count, _FILES_BOUNDS): f"{count} files besides tests",
        _bounded(criteria, _CRITERIA_BOUNDS): f"{criteria} acceptance criteria",
    }
    size = max(sizes, key=lambda each: each.rank)
    return size, (f"complexity: {size} by {sizes[size]}",)


def _word_size(ticket: Ticket) -> Size:
    """The largest size word of the title, else of the body's first lines, else small."""
    for text in (ticket.title, ticket.body[:2_000]):
        words = re.findall(r"[a-z]+", text.lower())
        sizes = [_SIZE_OF_WORD[word] for word in words if word in _SIZE_OF_WORD]
        if sizes:
            return _without_fix_of_typo(sizes)
    return Size.SMALL


def _without_fix_of_typo(sizes: list[Size]) -> Size:
    """`fix the typo` is as trivial as the typo."""
    if Size.TRIVIAL in sizes and max(size.rank for size in sizes) <= Size.SMALL.rank:
        return Size.TRIVIAL
    return max(sizes, key=lambda size: size.rank)


def _bounded(number: int, bounds: tuple[int, ...]) -> Size:
    return list(Size)[sum(number > bound for bound in bounds)]
