"""JUnit XML to test cases. The file is written by code that is judged: bounded, strict, totals never believed."""

import io
from collections.abc import Iterator
from typing import BinaryIO

from ci_factory.errors import ArtifactError
from ci_factory.gates.reports.junit_suites import WORST_FIRST, JUnitElements
from ci_factory.gates.reports.model import TestCase

MAX_BYTES = 30 * 1024 * 1024
MAX_CASES = 500_000
"""Of a report that is read whole."""

JUnitCase = TestCase


def parse(data: bytes, *, subtests: bool = False) -> tuple[TestCase, ...]:
    """Test cases of a report, each once, in the order of the file. `subtests`: totals may count more than cases.

    Raises:
        ArtifactError: too large, not JUnit XML, hostile XML, totals that differ from the cases, or one test with
            two results that contradict each other.
    """
    where = "JUnit report"
    if len(data) > MAX_BYTES:
        raise ArtifactError(f"is larger than {MAX_BYTES} bytes", where=where)
    cases: dict[tuple[str, str, str], TestCase] = {}
    try:
        for case, repeated in _cases(io.BytesIO(data), subtests=subtests):
            cases[case.key] = _worse(cases[case.key], case) if repeated else case
    except ArtifactError as error:
        raise ArtifactError(error.what, where=where, fix=error.fix) from error
    if len(cases) > MAX_CASES:
        raise ArtifactError(f"holds more than {MAX_CASES} test cases", where=where)
    return tuple(cases.values())


def read(stream: BinaryIO) -> Iterator[TestCase]:
    """Test cases of a report of any size; a test with two entries comes once."""
    return (case for case, repeated in _cases(stream, subtests=False) if not repeated)


def _cases(stream: BinaryIO, *, subtests: bool) -> Iterator[tuple[TestCase, bool]]:
    elements = JUnitElements(stream, subtests=subtests)
    while elements.feed():
        yield from elements.taken()
    yield from elements.taken()


def _worse(one: TestCase, other: TestCase) -> TestCase:
    return min(one, other, key=lambda case: WORST_FIRST.index(case.outcome))
