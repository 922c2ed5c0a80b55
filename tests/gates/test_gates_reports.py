"""Reports of other tools: what is believed, and what is refused."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_factory.errors import ArtifactError
from ci_factory.gates.reports import coverage_json, junit

CASE = '<testcase classname="tests.test_a" name="test_{}" file="tests/test_a.py" line="4">{}</testcase>'
FAILURE = '<failure message="assert 0"/>'


def suite(*cases: str, totals: str = "") -> bytes:
    return f'<testsuites><testsuite name="pytest" {totals}>{"".join(cases)}</testsuite></testsuites>'.encode()


def test_outcomes_are_told_apart() -> None:
    """Pass, failure, error, skip and expected failure each keep their name and message."""
    found = junit.parse(
        suite(
            CASE.format("a", ""),
            CASE.format("b", FAILURE),
            CASE.format("c", '<error message="boom"/>'),
            CASE.format("d", '<skipped type="pytest.skip" message="later"/>'),
            CASE.format("e", '<skipped type="pytest.xfail" message="known"/>'),
            totals='tests="5" failures="1" errors="1" skipped="2"',
        )
    )
    assert [(case.name, case.outcome, case.message) for case in found] == [
        ("test_a", "passed", ""),
        ("test_b", "failed", "assert 0"),
        ("test_c", "error", "boom"),
        ("test_d", "skipped", "later"),
        ("test_e", "xfailed", "known"),
    ]


def test_a_test_that_fails_and_then_fails_to_tear_down_is_one_test() -> None:
    """Both entries are bad: the worse one stays."""
    found = junit.parse(
        suite(
            CASE.format("a", FAILURE),
            CASE.format("a", "<error/>"),
            totals='tests="1" failures="1" errors="1"',
        )
    )
    assert [case.outcome for case in found] == ["error"]


@pytest.mark.parametrize(
    "report",
    [
        b"",
        b"<testsuites>",
        b"<html><testsuite/></html>",
        suite(CASE.format("a", ""), CASE.format("a", FAILURE)),
        suite(CASE.format("a", ""), totals='tests="2"'),
        suite(CASE.format("a", ""), CASE.format("b", ""), totals='tests="1"'),
        suite(CASE.format("a", FAILURE), totals='tests="1" failures="0"'),
        suite(CASE.format("a", ""), totals='tests="-1"'),
        suite(CASE.format("a", ""), totals='tests="1e3"'),
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><testsuites>&b;</testsuites>',
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><testsuites/>',
        b"<testsuites>" + b"<a>" * 1000 + b"</a>" * 1000 + b"</testsuites>",
        b'<?xml version="1.0" encoding="nonsense"?><testsuites/>',
        b" " * (junit.MAX_BYTES + 1),
    ],
    ids=[
        "empty",
        "cut-off",
        "not-junit",
        "two-results",
        "too-many-told",
        "too-few-told",
        "hidden-failure",
        "negative",
        "not-a-count",
        "entities",
        "external",
        "deep",
        "encoding",
        "too-large",
    ],
)
def test_a_report_that_lies_or_attacks_is_refused(report: bytes) -> None:
    """Totals are recomputed, entities never expanded, sizes bounded."""
    with pytest.raises(ArtifactError):
        junit.parse(report)


@given(
    st.binary(max_size=300)
    | st.text(max_size=300).map(lambda text: f"<testsuites>{text}</testsuites>".encode("utf-8", "replace"))
)
def test_any_bytes_are_parsed_or_refused(data: bytes) -> None:
    """There is no third way."""
    with contextlib.suppress(ArtifactError):
        junit.parse(data)


@pytest.mark.parametrize(
    "report",
    [
        b"[]",
        b"{}",
        b'{"totals": {"percent_covered": NaN}, "files": {}}',
        b'{"totals": {"percent_covered": 101}, "files": {}}',
        b'{"totals": {"percent_covered": 50}, "files": {"a": {"executed_lines": [0], "missing_lines": []}}}',
        b'{"totals": {"percent_covered": 50}, "files": {"a": {"executed_lines": [true], "missing_lines": []}}}',
        b"[" * 100_000,
    ],
)
def test_a_coverage_report_that_can_not_be_true_is_refused(report: bytes) -> None:
    """Percentages and line numbers are what they say they are."""
    with pytest.raises(ArtifactError):
        coverage_json.parse(report)
