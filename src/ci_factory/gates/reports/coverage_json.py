"""The JSON report of coverage.py: which lines ran."""

import json
import math
from dataclasses import dataclass

from ci_factory.errors import ArtifactError

_MAX_LINE = 10_000_000


@dataclass(frozen=True)
class LineCoverage:
    """Executable lines of one file, from 1."""

    executed: frozenset[int]
    missing: frozenset[int]


@dataclass(frozen=True)
class CoverageReport:
    """Files by path, and percent of all lines (branches, if measured, included)."""

    files: dict[str, LineCoverage]
    percent: float


def parse(data: bytes) -> CoverageReport:
    """Read a report.

    Raises:
        ArtifactError: it is not what `coverage json` writes.
    """
    try:
        document = json.loads(data)
        percent = float(document["totals"]["percent_covered"])
        files = {str(path): _lines(facts) for path, facts in document["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ArtifactError(f"is not usable: {type(error).__name__}", where="coverage report") from error
    if not (math.isfinite(percent) and 0 <= percent <= 100):  # noqa: PLR2004 - percent
        raise ArtifactError("its total is not a percentage", where="coverage report")
    return CoverageReport(files, percent)


def _lines(facts: dict[str, list[int]]) -> LineCoverage:
    executed, missing = frozenset(facts["executed_lines"]), frozenset(facts["missing_lines"])
    if any(type(line) is not int or not 0 < line < _MAX_LINE for line in executed | missing):
        raise ValueError("a line number")
    return LineCoverage(executed, missing)
