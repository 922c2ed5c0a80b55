"""Documents that GitLab and others read: valid, complete, bounded, the same every time, and clean of secrets."""

import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_factory.gates.reports.formats import read_coverage, read_issues, read_tests
from ci_factory.model.gate import CaseResult, Component, Finding, GateReport, GateResult, GateStatus, Severity
from ci_factory.model.gate_settings import GatesConfig
from ci_factory.native import junit as junit_module
from ci_factory.native.common import Judged
from ci_factory.native.registry import DOCUMENTS
from ci_factory.scoring.score import score_report

SCHEMAS = Path(__file__).parents[1] / "data" / "native"
SCHEMA_OF = {
    "code-quality": "code-quality",
    "sast": "gitlab-security",
    "secret-detection": "gitlab-security",
    "sarif": "sarif",
}
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]")


def written(name: str, judged: Judged) -> str:
    text = DOCUMENTS[name].write(judged)
    assert text is not None
    return text


def loaded(name: str, judged: Judged) -> Any:
    return json.loads(written(name, judged))


def parsed(name: str, judged: Judged) -> ET.Element:
    return ET.fromstring(written(name, judged))  # noqa: S314 - our own document, not somebody else's


@pytest.mark.parametrize("name", SCHEMA_OF)
def test_json_documents_follow_their_schema(name: str, judged: Judged) -> None:
    """Every field that a reader requires is there, in the form that it requires."""
    schema = json.loads((SCHEMAS / f"{SCHEMA_OF[name]}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.validate(loaded(name, judged), schema, cls=jsonschema.Draft7Validator)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_same_judgement_gives_the_same_bytes(name: str, judged: Judged) -> None:
    """Nothing but the judgement decides a document; hostile characters are gone."""
    text = written(name, judged)
    again = Judged(
        type(judged.report).model_validate_json(judged.report.model_dump_json()),
        judged.score,
        judged.version,
        judged.started,
        judged.finished,
    )
    assert text == written(name, again)
    assert not CONTROL.search(text)


def test_code_quality_lists_all_and_each_once(
    judged: Judged, of_gates: Callable[..., Judged], make_gate: Any, make_finding: Any
) -> None:
    """Old findings are listed too, as GitLab compares branches; suppressed ones are not; equal ones collapse."""
    rows = loaded("code-quality", judged)
    assert [row["severity"] for row in rows] == ["blocker", "critical", "critical", "minor", "minor"]
    assert len({row["fingerprint"] for row in rows}) == 5
    twice = make_gate(
        "semgrep", Component.SECURITY, GateStatus.BLOCKED, findings=(make_finding(), make_finding())
    )
    other = make_gate(
        "bandit", Component.SECURITY, GateStatus.BLOCKED, findings=(make_finding(tool="bandit"),)
    )
    assert len(loaded("code-quality", of_gates(twice, other))) == 2


def test_security_reports_divide_the_findings(judged: Judged) -> None:
    """Secrets go to secret detection with the commit, other security findings to static analysis, style to neither."""
    sast, secrets = loaded("sast", judged), loaded("secret-detection", judged)
    assert [each["location"]["file"] for each in sast["vulnerabilities"]] == ["shop/a b&c.py"] * 2
    assert [each["location"]["commit"]["sha"] for each in secrets["vulnerabilities"]] == ["b" * 40]
    assert sast["scan"]["start_time"] == "2026-03-02T06:00:00"
    assert sast["scan"]["status"] == "success"


def test_a_gate_that_could_not_measure_is_no_success(of_gates: Callable[..., Judged], make_gate: Any) -> None:
    """A report with no findings of an inconclusive or missing gate says that the scan failed."""
    silent = of_gates(make_gate("secrets", Component.SECURITY, GateStatus.INCONCLUSIVE))
    assert loaded("secret-detection", silent)["scan"]["status"] == "failure"
    assert loaded("sast", silent)["scan"]["status"] == "failure"
    run = loaded("sarif", silent)["runs"][0]
    assert run["invocations"][0]["executionSuccessful"] is False


def test_sarif_tells_new_from_old(judged: Judged) -> None:
    """Baseline state, suppressions and fingerprints are there; an inconclusive gate is a run that failed."""
    runs = {run["tool"]["driver"]["name"]: run for run in loaded("sarif", judged)["runs"]}
    assert sorted(runs) == ["mypy", "ruff", "secrets", "semgrep"]
    states = [(each["baselineState"], "suppressions" in each) for each in runs["ruff"]["results"]]
    assert sorted(states) == [("new", False), ("new", True), ("unchanged", False)]
    assert runs["ruff"]["tool"]["driver"]["version"] == "0.9"
    assert [run["invocations"][0]["executionSuccessful"] for run in runs.values()] == [
        False,
        True,
        True,
        True,
    ]
    location = runs["semgrep"]["results"][0]["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == "shop/a%20b%26c.py"


def test_junit_shows_gates_findings_and_tests(judged: Judged) -> None:
    """Verdicts, new findings and tests are cases; totals are true and names differ."""
    root = parsed("junit", judged)
    suites = {suite.get("name"): suite for suite in root}
    tags = {case.get("name"): [child.tag for child in case] for case in suites["tests"]}
    assert tags == {
        "tests gate": ["failure"],
        "test_one": [],
        "test_two": ["failure"],
        "test_three": ["skipped"],
    }
    assert [child.tag for child in suites["mypy"][0]] == ["error"]
    assert [child.tag for child in suites["lint"][0]] == ["skipped"]
    assert len(suites["ruff"]) == 2  # the verdict and the one new finding
    for suite in root:
        assert int(suite.get("tests", "")) == len(suite)
        assert int(suite.get("failures", "")) == len(suite.findall("testcase/failure"))
    names = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]
    assert len(names) == len(set(names))


def test_junit_stays_below_gitlabs_limit(
    of_gates: Callable[..., Judged], make_gate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too many tests leave out those that passed; the verdicts always stand."""
    cases = tuple(CaseResult(name=f"test_{number}", outcome="passed") for number in range(2000))
    failed = CaseResult(name="test_bad", outcome="failed", message="no")
    large = of_gates(make_gate("tests", Component.TESTS, GateStatus.FAIL, score=99, cases=(*cases, failed)))
    monkeypatch.setattr(junit_module, "MAX_BYTES", 50_000)
    text = written("junit", large)
    assert len(text) < 50_000
    assert "test_bad" in text
    assert "tests gate" in text
    assert "test_1999" not in text


def test_cobertura_is_only_written_where_lines_were_measured(
    judged: Judged, of_gates: Callable[..., Judged], make_gate: Any
) -> None:
    """Lines have their hits; without any measured line there is no document."""
    root = parsed("cobertura", judged)
    assert (root.get("lines-covered"), root.get("lines-valid"), root.get("line-rate")) == ("3", "4", "0.7500")
    lines = {line.get("number"): line.get("hits") for line in root.iter("line")}
    assert lines == {"1": "1", "2": "1", "4": "1", "7": "0"}
    assert [each.get("filename") for each in root.iter("class")] == ["shop/a.py"]
    assert (
        DOCUMENTS["cobertura"].write(
            of_gates(make_gate("tests", Component.TESTS, GateStatus.PASS, score=100))
        )
        is None
    )


def test_openmetrics_names_no_unknown_value(judged: Judged) -> None:
    """Each family is declared once, values are numbers, unknown ones are absent, and the end is marked."""
    text = written("openmetrics", judged)
    assert text.endswith("\n# EOF\n")
    families = re.findall(r"^# TYPE (\S+) gauge$", text, re.MULTILINE)
    assert len(families) == len(set(families))
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z_]+(\{([a-z]+=\"[^\"]*\",?)*\})? -?[\d.e+-]+", line) for line in samples)
    assert len(samples) == len({line.rsplit(" ", 1)[0] for line in samples})
    assert 'figure="coverage"' not in text
    assert 'ci_factory_gate_status{gate="mypy",status="inconclusive"} 1' in text


@pytest.mark.parametrize(
    ("name", "format_name"),
    [
        ("sarif", "sarif"),
        ("code-quality", "code-quality"),
        ("sast", "gitlab-sast"),
        ("secret-detection", "gitlab-secret-detection"),
    ],
)
def test_our_own_reports_can_be_read_back(
    name: str, format_name: str, judged: Judged, of_gates: Callable[..., Judged]
) -> None:
    """What is written for others is what our own strict readers take in: same places, no severity lost."""
    measured = [gate for gate in judged.report.gates if gate.status is not GateStatus.INCONCLUSIVE]
    judged = of_gates(*measured)  # a run that failed is refused, as it should be
    seen = list(read_issues(io.BytesIO(written(name, judged).encode()), format_name))
    wanted = {each.path for each in (f for gate in judged.report.gates for f in gate.findings)}
    assert seen
    assert {each.path for each in seen} <= wanted
    assert all(isinstance(each.severity, Severity) for each in seen)


def test_our_own_tests_and_coverage_can_be_read_back(judged: Judged) -> None:
    """JUnit and Cobertura go through our own readers unchanged."""
    cases = list(read_tests(io.BytesIO(written("junit", judged).encode()), "junit"))
    assert {"test_one", "test_two", "test_three"} <= {case.name for case in cases}
    read = read_coverage(io.BytesIO(written("cobertura", judged).encode()), "cobertura")
    assert list(read.files) == ["shop/a.py"]


@settings(deadline=None)  # schemas are compiled within the first example
@given(message=st.text(max_size=200), path=st.text(min_size=1, max_size=40), help_text=st.text(max_size=50))
def test_any_text_gives_valid_documents(message: str, path: str, help_text: str) -> None:
    """No message, path or advice breaks JSON, XML or metrics."""
    found = Finding(
        tool="t",
        rule="r",
        severity=Severity.HIGH,
        message=message,
        path=path,
        fingerprint="f",
        help=help_text,
    )
    result = GateResult(
        gate="semgrep", component=Component.SECURITY, status=GateStatus.BLOCKED, summary=message, findings=(found,),
        cases=(CaseResult(name=message, file=path, outcome="failed", message=message),),
    )  # fmt: skip
    report = GateReport(
        tree=None, base=None, head=None, config_hash="e" * 64, changed_files=(), added_lines=0, removed_lines=0, gates=(result,)
    )  # fmt: skip
    now = datetime(2026, 1, 1, tzinfo=UTC)
    judged = Judged(report, score_report(report, GatesConfig()), "1", now, now)
    for name, kind in SCHEMA_OF.items():
        schema = json.loads((SCHEMAS / f"{kind}.schema.json").read_text(encoding="utf-8"))
        if not path.startswith("/"):
            jsonschema.validate(loaded(name, judged), schema, cls=jsonschema.Draft7Validator)
    parsed("junit", judged)
    assert written("openmetrics", judged).endswith("# EOF\n")
