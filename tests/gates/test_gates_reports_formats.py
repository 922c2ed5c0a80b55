"""Samples of every format, most as the real tools wrote them, and what is read from them.

`golden.json` beside the samples holds every field that was read; `{"error": …}` is a report that says it is not complete.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from ci_factory.errors import ArtifactError
from ci_factory.gates.reports.formats import (
    FORMATS,
    Kind,
    detect,
    read_coverage,
    read_issues,
    read_tests,
)
from ci_factory.gates.severities import TABLE, severity
from ci_factory.model.gate import Severity

DATA = Path(__file__).parents[1] / "data" / "reports"
ROOT = "/builds/group/project"
SAMPLES = sorted(path for path in DATA.glob("*/*") if path.name != "golden.json")


def rows(path: Path, name: str) -> Any:
    """All that is read from a file, as JSON."""
    with path.open("rb") as stream:
        try:
            if FORMATS[name].kind is Kind.COVERAGE:
                report = read_coverage(stream, name, root=ROOT)
                files = {
                    path: [sorted(lines.executed), sorted(lines.missing)]
                    for path, lines in report.files.items()
                }
                return {"percent": report.percent, "files": files}
            read = (
                read_tests(stream, name)
                if FORMATS[name].kind is Kind.TESTS
                else read_issues(stream, name, root=ROOT)
            )
            return [{key: getattr(each, key) for key in each.__slots__} for each in read]
        except ArtifactError as error:
            return {"error": error.what}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_sample_reads_as_recorded(path: Path) -> None:
    """Every field of every sample is what the golden file says."""
    golden = json.loads((path.parent / "golden.json").read_text(encoding="utf-8"))
    assert json.loads(json.dumps(rows(path, path.parent.name))) == golden[path.name]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_sample_is_recognised_by_its_content(path: Path) -> None:
    """The format is told from the first bytes, whatever the file is called; only an empty result needs a name."""
    head = path.read_bytes()[: 64 * 1024]
    name = path.name if not head.strip() else "artifact"
    expected = path.parent.name
    if expected == "gitlab-dependency-scanning":
        name = "gl-dependency-scanning-report.json"  # the type stands behind the vulnerabilities
    assert detect(name, head) == expected


def test_every_format_has_a_sample() -> None:
    """No format is only claimed."""
    assert {path.parent.name for path in SAMPLES} == set(FORMATS)


@pytest.mark.parametrize(
    ("source", "word", "expected"),
    [
        ("cvss", 9.0, Severity.CRITICAL),
        ("cvss", "8.9", Severity.HIGH),
        ("cvss", 7, Severity.HIGH),
        ("cvss", 6.9, Severity.MEDIUM),
        ("cvss", "4.0", Severity.MEDIUM),
        ("cvss", 0.1, Severity.LOW),
        ("cvss", 0, Severity.INFO),
        ("sarif", "error", Severity.HIGH),
        ("sarif", "none", Severity.INFO),
        ("gitlab", "Critical", Severity.CRITICAL),
        ("gitlab", "Info", Severity.INFO),
        ("code-quality", "blocker", Severity.CRITICAL),
        ("code-quality", "major", Severity.MEDIUM),
        ("eslint", 2, Severity.HIGH),
        ("eslint", 1, Severity.MEDIUM),
        ("ruff", "", Severity.MEDIUM),
        ("bandit", "MEDIUM", Severity.MEDIUM),
        ("semgrep", "WARNING", Severity.MEDIUM),
    ],
)
def test_words_mean_what_their_format_says(source: str, word: object, expected: Severity) -> None:
    """CVSS bands and names are mapped as their documents say."""
    assert severity(source, word) is expected


@pytest.mark.parametrize("source", [*TABLE, "cvss", "nobody"])
@pytest.mark.parametrize(
    "word",
    [
        float("nan"),
        float("inf"),
        float("-inf"),
        -1,
        -0.1,
        10.1,
        1e300,
        "NaN",
        "Infinity",
        "-3",
        "Unknown",
        "undefined",
        None,
        True,
        False,
        [],
        {},
        b"low",
        "low\x00",
        "lоw",
        11,
        "",
    ],
)
def test_what_the_table_does_not_know_is_critical(source: str, word: object) -> None:
    """Unknown is not harmless: it blocks."""
    if (source, word) != ("ruff", ""):  # ruff leaves it out
        assert severity(source, word) is Severity.CRITICAL
