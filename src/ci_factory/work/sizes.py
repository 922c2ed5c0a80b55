"""Size of a real change by the table of SPEC 2. Pure."""

from ci_factory.model.attempt import DiffStat
from ci_factory.model.ticket import Size

_SMALL_LINES, _MEDIUM_LINES, _MEDIUM_LAST_LINE = 10, 50, 200
_SMALL_FILES, _LARGE_FILES = 2, 5


def measured(diff: DiffStat) -> Size:
    """The stricter of what lines and files say; on a border the table names twice, the larger size."""
    return max(_by_lines(diff.added + diff.removed), _by_files(len(diff.files)), key=lambda size: size.rank)


def _by_lines(lines: int) -> Size:
    if lines < _SMALL_LINES:
        return Size.TRIVIAL
    if lines < _MEDIUM_LINES:
        return Size.SMALL
    return Size.MEDIUM if lines <= _MEDIUM_LAST_LINE else Size.LARGE


def _by_files(files: int) -> Size:
    if files < _SMALL_FILES:
        return Size.TRIVIAL
    if files == _SMALL_FILES:
        return Size.SMALL
    return Size.MEDIUM if files < _LARGE_FILES else Size.LARGE
