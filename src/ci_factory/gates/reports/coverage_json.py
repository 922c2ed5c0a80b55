"""The JSON report of coverage.py: which lines ran."""

import io
import math
from typing import BinaryIO

from ci_factory.errors import ArtifactError
from ci_factory.gates.reports.covered import Covered
from ci_factory.gates.reports.jsonstream import JsonStream
from ci_factory.gates.reports.limits import MAX_LINE_NUMBER
from ci_factory.gates.reports.model import CoverageReport, LineCoverage
from ci_factory.gates.reports.reading import Reading, a_list
from ci_factory.model.base import Json

__all__ = ["CoverageReport", "LineCoverage", "parse", "read"]


def parse(data: bytes) -> CoverageReport:
    """Read a report whose paths are wanted as they are; its `percent` is the report's own, branches included.

    Raises:
        ArtifactError: it is not what `coverage json` writes.
    """
    try:
        files, percent = _contents(io.BytesIO(data))
        return CoverageReport({path: _lines(facts) for path, facts in files.items()}, percent)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ArtifactError(f"is not usable: {type(error).__name__}", where="coverage report") from error


def read(stream: BinaryIO, reading: Reading) -> CoverageReport:
    """Read a report, its paths relative to the checkout.

    Raises:
        ArtifactError: as `parse`; or a path leads out of the checkout.
    """
    files, percent = _contents(stream)
    covered = Covered()
    for name, facts in files.items():
        path, lines = reading.paths.tool_path(name), _lines(facts)
        covered.file(path)
        for ran, numbers in ((True, lines.executed), (False, lines.missing)):
            for number in numbers:
                covered.line(path, number, ran=ran)
    return CoverageReport(covered.report().files, percent)


def _contents(stream: BinaryIO) -> tuple[dict[str, Json], float]:
    document, totals = JsonStream(stream), {}
    files: dict[str, Json] | None = None
    for key in document.members():
        if key == "files":
            files = {path: _slim(document.value()) for path in document.members()}
        elif key == "totals":
            totals = document.value()
        else:
            document.skip()
    document.end()
    if files is None:
        raise ArtifactError("has no `files`", fix="write it with coverage json")
    percent = totals["percent_covered"]
    if type(percent) not in {int, float} or not (math.isfinite(percent) and 0 <= percent <= 100):  # noqa: PLR2004 - percent
        raise ArtifactError("its total is not a percentage", where="coverage report")
    return files, float(percent)


def _slim(facts: dict[str, Json]) -> dict[str, Json]:
    """Without the functions and classes, which say the same lines again."""
    return {key: facts[key] for key in ("executed_lines", "missing_lines")}


def _lines(facts: dict[str, Json]) -> LineCoverage:
    executed, missing = (frozenset(a_list(facts[key], key)) for key in ("executed_lines", "missing_lines"))
    for line in executed | missing:
        if type(line) is not int or not 0 < line <= MAX_LINE_NUMBER:
            raise ArtifactError(f"has the line {str(line)[:40]}, which can't be")
    return LineCoverage(executed, missing - executed)
