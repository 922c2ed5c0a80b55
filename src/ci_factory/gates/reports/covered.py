"""Lines of a coverage report, while it is read."""

from ci_factory.errors import ArtifactError
from ci_factory.gates.reports.limits import MAX_COVERED_LINES, MAX_LINE_NUMBER
from ci_factory.gates.reports.model import CoverageReport, LineCoverage


class Covered:
    """Collects lines by file. A line that is told twice ran when one of both says so."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._files: dict[str, tuple[set[int], set[int]]] = {}
        self._count = 0
        self._foreign = 0

    def file(self, path: str) -> None:
        """A file of the report; the empty path is one outside of the repository."""
        if path:
            self._files.setdefault(path, (set(), set()))
        else:
            self._foreign += 1

    def line(self, path: str, number: int, *, ran: bool) -> None:
        """One executable line of a file.

        Raises:
            ArtifactError: there is no such line anywhere, or there are too many.
        """
        self._count += 1
        if not 0 < number <= MAX_LINE_NUMBER or self._count > MAX_COVERED_LINES:
            raise ArtifactError(f"has the line {number} of {path[:100]!r}, which can't be")
        if path:
            self._files[path][not ran].add(number)

    def report(self) -> CoverageReport:
        """All of it.

        Raises:
            ArtifactError: it says nothing about any file of the repository.
        """
        if not self._files:
            what = "names only files outside of the repository" if self._foreign else "names no file"
            raise ArtifactError(what, fix="pass the checkout's folder as the tool saw it (--root)")
        files = {
            path: LineCoverage(frozenset(executed), frozenset(missing - executed))
            for path, (executed, missing) in self._files.items()
        }
        return CoverageReport(files, percent(files))


def percent(files: dict[str, LineCoverage]) -> float | None:
    """Share of executable lines that ran, 0-100; `None` when there is none."""
    executed = sum(len(lines.executed) for lines in files.values())
    total = executed + sum(len(lines.missing) for lines in files.values())
    return 100 * executed / total if total else None
