"""All report formats by name. Adding one: a module with a reader, a line here, its words in severities.py."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import BinaryIO, TypeVar, cast

from ci_factory.errors import ArtifactError
from ci_factory.gates.reports.limits import MAX_CASES, MAX_ISSUES
from ci_factory.gates.reports.model import CoverageReport, Issue, TestCase
from ci_factory.gates.reports.paths import Paths
from ci_factory.gates.reports.reading import Reading
from ci_factory.model.gate import Component, Severity

T = TypeVar("T")
_SURPRISES = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError)
"""What a reader meets when values have other shapes than the format says."""


class Kind(StrEnum):
    """What a format is about."""

    ISSUES = "issues"
    TESTS = "tests"
    COVERAGE = "coverage"


@dataclass(frozen=True)
class Format:
    """One format of report files."""

    name: str
    kind: Kind
    reader: str
    """Module of this package and function in it, loaded when it is first needed."""
    component: Component
    """What its issues feed, unless an issue says otherwise."""
    fails_at: Severity = Severity.HIGH
    """Issues of syntax at least this severe are errors; tools that know no warnings have it lower."""


def _issues(name: str, reader: str, component: Component, fails_at: Severity = Severity.HIGH) -> Format:
    return Format(name, Kind.ISSUES, reader, component, fails_at)


_ALL = (
    _issues("sarif", "sarif:read", Component.SYNTAX),
    _issues("code-quality", "code_quality:read", Component.SYNTAX),
    _issues("gitlab-sast", "gitlab:read", Component.SECURITY),
    _issues("gitlab-secret-detection", "gitlab:read", Component.SECURITY),
    _issues("gitlab-dependency-scanning", "gitlab:read", Component.SECURITY),
    _issues("semgrep", "semgrep:read", Component.SECURITY),
    _issues("bandit", "bandit:read", Component.SECURITY),
    _issues("ruff", "ruff:read", Component.SYNTAX, Severity.MEDIUM),
    _issues("mypy", "mypy:read", Component.SYNTAX, Severity.MEDIUM),
    _issues("eslint", "eslint:read", Component.SYNTAX),
    _issues("phpstan", "phpstan:read", Component.SYNTAX),
    _issues("clippy", "clippy:read", Component.SYNTAX),
    _issues("tsc", "tsc:read", Component.SYNTAX),
    _issues("checkstyle", "checkstyle:read", Component.SYNTAX),
    Format("junit", Kind.TESTS, "junit:read", Component.TESTS),
    Format("go-test-json", Kind.TESTS, "go_test:read", Component.TESTS),
    Format("libtest", Kind.TESTS, "libtest:read", Component.TESTS),
    Format("cobertura", Kind.COVERAGE, "cobertura:read", Component.TESTS),
    Format("lcov", Kind.COVERAGE, "lcov:read", Component.TESTS),
    Format("coverage-json", Kind.COVERAGE, "coverage_json:read", Component.TESTS),
)
FORMATS: dict[str, Format] = {each.name: each for each in _ALL}


def read_issues(
    stream: BinaryIO, name: str, *, root: str = "", reading: Reading | None = None
) -> Iterator[Issue]:
    """Issues of a report, one after the other. `root` is the checkout's folder as the tool knew it.

    An issue may come before the error that the rest of the file holds: only a report read to its end counts.

    Raises:
        ArtifactError: while reading; the file is damaged, hostile, incomplete or not of this format.
        KeyError: there is no such format of issues.
    """
    reader = cast("Callable[[BinaryIO, Reading], Iterator[Issue]]", _reader(name, Kind.ISSUES))
    return _guarded(reader(stream, reading or Reading(Paths(root))), name, MAX_ISSUES)


def read_tests(stream: BinaryIO, name: str) -> Iterator[TestCase]:
    """Tests of a report, each once.

    Raises:
        ArtifactError: while reading, as of `read_issues`; also when one test has two outcomes that contradict.
        KeyError: there is no such format of tests.
    """
    reader = cast("Callable[[BinaryIO], Iterator[TestCase]]", _reader(name, Kind.TESTS))
    return _guarded(reader(stream), name, MAX_CASES)


def read_coverage(
    stream: BinaryIO, name: str, *, root: str = "", reading: Reading | None = None
) -> CoverageReport:
    """Lines of a coverage report.

    Raises:
        ArtifactError: the file is damaged, hostile, incomplete or not of this format.
        KeyError: there is no such format of coverage.
    """
    reader = cast("Callable[[BinaryIO, Reading], CoverageReport]", _reader(name, Kind.COVERAGE))
    try:
        return reader(stream, reading or Reading(Paths(root)))
    except _SURPRISES as error:
        raise _not_of(name, error) from error


def detect(path: str, head: bytes) -> str | None:
    """The format of a file by its first bytes (64 KiB are plenty); `None` when it is none of ours."""
    from ci_factory.gates.reports.detection import detect as look

    return look(path, head)


def _reader(name: str, kind: Kind) -> Callable[..., object]:
    found = FORMATS[name]
    if found.kind is not kind:
        raise KeyError(name)
    module, function = found.reader.split(":")
    reader: Callable[..., object] = getattr(import_module(f"ci_factory.gates.reports.{module}"), function)
    return reader


def _guarded(rows: Iterator[T], name: str, limit: int) -> Iterator[T]:
    count = 0
    try:
        for row in rows:
            count += 1
            if count > limit:
                raise ArtifactError(f"holds more than {limit} entries", fix="split it")
            yield row
    except _SURPRISES as error:
        raise _not_of(name, error) from error


def _not_of(name: str, error: Exception) -> ArtifactError:
    what = (
        f"{error.args[0]!r} is missing"
        if isinstance(error, KeyError) and error.args
        else type(error).__name__
    )
    return ArtifactError(f"is not {name}: {what[:200]}", fix="name its format: --reports FORMAT=FILE")
