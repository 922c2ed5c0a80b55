"""LCOV tracefiles (geninfo(1))."""

import re
from typing import BinaryIO, NoReturn

from ci_factory.errors import ArtifactError
from ci_factory.gates.reports.covered import Covered
from ci_factory.gates.reports.lines import lines
from ci_factory.gates.reports.model import CoverageReport
from ci_factory.gates.reports.reading import Reading

_RECORD = re.compile(r"[A-Z]{2,8}:|#|\s*\Z")
_END = "end_of_record"
_DATA = re.compile(r"(\d{1,8}),(\d{1,20})(?:,[^,]*)?")


def read(stream: BinaryIO, reading: Reading) -> CoverageReport:
    """Lines of every `SF` record.

    Raises:
        ArtifactError: a record is not closed, or a line is not what LCOV writes.
    """
    covered, path = Covered(), None
    for number, line in enumerate(lines(stream), 1):
        if line.startswith("DA:"):
            if path is None or not (data := _DATA.fullmatch(line[3:].strip())):
                _refuse(number, line)
            covered.line(path, int(data[1]), ran=int(data[2]) > 0)
        elif line.startswith("SF:") and path is None:
            path = reading.paths.tool_path(line[3:].strip())
            covered.file(path)
        elif line.strip() == _END and path is not None:
            path = None
        elif line.startswith("SF:") or not _RECORD.match(line):
            _refuse(number, line)
    if path is not None:
        raise ArtifactError("ends within a file", fix="look whether the job that wrote it was stopped")
    return covered.report()


def _refuse(number: int, line: str) -> NoReturn:
    raise ArtifactError(f"line {number} is not LCOV here: {line[:60]!r}")
