"""Reports that lie, explode or climb out, through `ci-factory score` and through a sweep of GitLab's artifacts."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.attacks.judged import OFF, Files, Place, sampled
from tests.attacks.table import variants
from tests.workflow import test_workflow_level_one as level_one

Seen = Callable[[str], None]
place, run = (
    level_one.place,
    level_one.run,
)  # fixtures: a merge request on GitLab, and the command line for it
REFUSED = "exit status 4, verdict `inconclusive`; no score"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without settings."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.delenv("CI_PROJECT_DIR", raising=False)


def sarif(level: object = "error", severity: object = None, **more: object) -> str:
    """One finding of a scanner."""
    rule: dict[str, Any] = {"id": "R1", "properties": {"tags": ["security"]}}
    if severity is not None:
        rule["properties"]["security-severity"] = severity
    place = {"physicalLocation": {"artifactLocation": {"uri": "app.py"}, "region": {"startLine": 1}}}
    result = {"ruleId": "R1", "level": level, "message": {"text": "bad"}, "locations": [place], **more}
    run = {"tool": {"driver": {"name": "scan", "rules": [rule]}}, "results": [result]}
    return json.dumps({"version": "2.1.0", "runs": [run]})


def sast(severity: object) -> str:
    """One finding of GitLab's own analyzers."""
    found = {
        "id": "1",
        "name": "bad",
        "severity": severity,
        "location": {"file": "app.py", "start_line": 1},
        "identifiers": [{"type": "x", "name": "x", "value": "x"}],
    }
    scan = {"status": "success", "type": "sast", "scanner": {"id": "x", "name": "x"}}
    return json.dumps({"version": "15.0.0", "scan": scan, "vulnerabilities": [found]})


@pytest.mark.attack(row=25, defence="the worst is assumed, or the report refused")
@variants(
    "report",
    {
        "a severity that is no number": sarif("note", "NaN"),
        "a severity below nought": sarif("note", "-1"),
        "a severity beyond ten": sarif("note", "1e309"),
        "a severity in words": sarif("note", "harmless"),
        "a severity in a list": sarif("note", ["0.0"]),
        "a level that nobody knows": sarif("harmless"),
        "a level that is a number": sarif(0),
        "a finding that its own report suppresses": sarif(
            "error", "9.8", suppressions=[{"kind": "external", "status": "accepted"}]
        ),
        "a finding that its own report calls passed": sarif("error", "9.8", kind="pass"),
        "a finding of the base, by its own word": sarif("error", "9.8", baselineState="unchanged"),
        "an unknown severity of GitLab's": sast("Harmless"),
        "no severity at all": sast(None),
        "a severity in other letters": sast("\u0421ritical"),
        "a number that is none": sarif("note", "1.0").replace('"startLine": 1', '"startLine": NaN'),
        "a line below nought": sarif("note", "1.0").replace('"startLine": 1', '"startLine": -3'),
        "a line beyond every file": sarif("note", "1.0").replace(
            '"startLine": 1', f'"startLine": {"9" * 400}'
        ),
    },
)
def test_a_severity_that_means_nothing_is_no_pass(project: Place, report: str, seen: Seen) -> None:
    """What can't be weighed is weighed as the worst, or not at all; it never passes."""
    found = project.scored({"scan.sarif": report})
    assert found.code in {1, 4}
    assert found.verdict in {"blocked", "inconclusive"}
    assert found.score["score"] in {None, 0, 50}
    seen("exit status 1 or 4, verdict `blocked` or `inconclusive`")


def test_a_harmless_report_passes(project: Place) -> None:
    """Without the attack, the same finding informs."""
    assert project.scored({"scan.sarif": sarif("note", "1.0")}).code == 0


CASE = '<testcase classname="tests.test_a" name="test_a"/>'
BAD = '<testcase classname="tests.test_a" name="test_b"><failure message="no"/></testcase>'


def suite(inside: str, **totals: object) -> str:
    """A JUnit report."""
    said = "".join(f' {name}="{value}"' for name, value in totals.items())
    return f'<testsuites><testsuite name="s"{said}>{inside}</testsuite></testsuites>'


@pytest.mark.attack(row=32, defence="recomputed; what does not add up is inconclusive")
@variants(
    ("report", "codes"),
    {
        "totals that hide a failure": (suite(CASE + BAD, tests=2, failures=0), {1, 4}),
        "totals of tests that are not there": (suite(CASE, tests=200, failures=0), {4}),
        "totals below nought": (suite(CASE, tests=-1), {4}),
        "totals that are no number": (suite(CASE, tests="NaN"), {4}),
        "no test at all": (suite("", tests=0, failures=0), {4}),
        "skipped tests only": (suite(CASE.replace("/>", "><skipped/></testcase>"), tests=1, skipped=1), {4}),
        "one test that passes and fails": (suite(CASE + BAD.replace("test_b", "test_a")), {1, 4}),
        "a failure outside of every test": (suite(CASE + "<failure/>"), {4}),
        "an error of the suite": (suite(CASE + "<error message='collection'/>", tests=1), {4}),
        "a failure told as an attribute": (
            suite(CASE + '<testcase name="b" status="failed" result="failed"/>'),
            {1, 4},
        ),
        "a failure in a suite within a suite": (
            suite(CASE + f"<testsuite name='t'>{BAD}</testsuite>", failures=0),
            {1, 4},
        ),
        "a failure within another test": (suite(f'<testcase name="a">{BAD}</testcase>'), {4}),
        "a test without a name": (suite("<testcase/>"), {4}),
        "two documents in one file": (suite(CASE) + suite(BAD), {4}),
        "nothing but white space": (" \n", {4}),
    },
)
def test_a_report_of_tests_that_lies_is_no_pass(
    project: Place, report: str, codes: set[int], seen: Seen
) -> None:
    """Totals are never believed; a report that contradicts itself, or has no test, proves nothing."""
    found = project.scored({"junit.xml": report})
    assert found.code in codes
    assert found.verdict in {"fail", "inconclusive"}
    seen("exit status 4 (or 1, where a test failed): counted from the tests themselves")


@pytest.mark.attack(row=32, defence="deleted before the run")
@sampled(
    "script",
    {
        "a stale report that the change brings": "pass\n",
        "a report that is a link to a stale one": "import os\nos.symlink('old.xml', 'report.xml')\n",
        "an exit status of 0 and a failing report": f"open('report.xml', 'w').write({suite(CASE + BAD)!r})\n",
        "an exit status of 1 and a passing report": f"open('report.xml', 'w').write({suite(CASE)!r})\nraise SystemExit(1)\n",
    },
)
def test_a_report_that_the_run_did_not_write_is_none(project: Place, script: str, seen: Seen) -> None:
    """The project's own test command has to write its report, and end as the report says."""
    settings = f"{OFF}, tests: {{command: [python3, run.py], report: report.xml, reruns: 0, proof: false}}"
    before = {"app.py": "X = 1\n", "run.py": script}
    after = {"app.py": "X = 2\n", "report.xml": suite(CASE), "old.xml": suite(CASE)}
    found = project.gate(before, after, "tests", settings=settings)
    assert (found.code, found.verdict) in {(4, "inconclusive"), (1, "fail")}
    assert found.status("tests") != "pass"
    seen("exit status 4 (or 1): the stale report was gone before the run")


def covered(path: str, *lines: int) -> str:
    """A report that says that these lines were run."""
    return f"SF:{path}\n" + "".join(f"DA:{line},1\n" for line in lines) + "end_of_record\n"


FUNCTION = "def f(a):\n    if a:\n        return 1\n    return 2\n"


@pytest.mark.attack(row=34, defence="checked against the tree and the change")
@variants(
    "report",
    {
        "lines beyond the end of the file": covered("app.py", *range(100, 200)),
        "lines below nought": covered("app.py", -1, 0),
        "lines that nobody changed": covered("old.py", 1, 2, 3, 4),
        "lines of a file that is not there": covered("ghost.py", *range(1, 200)),
        "lines of files with names like it": covered("APP.py", 1, 2, 3, 4) + covered("app.py.py", 1, 2, 3),
        "the same file once more, with hits": covered("app.py", 100, 101) + covered("./app.py", 200),
        "a path out of the tree": covered("../../app.py", 1, 2, 3, 4),
        "hits that are no number": "SF:app.py\nDA:1,NaN\nend_of_record\n",
        "hits below nought": "SF:app.py\nDA:1,-5\nend_of_record\n",
        "totals that say otherwise": "SF:app.py\nLF:4\nLH:4\nend_of_record\n",
    },
)
def test_coverage_of_what_is_not_there_counts_for_nothing(project: Place, report: str, seen: Seen) -> None:
    """Beside what is true, that no test runs the new lines, a report can claim what it likes."""
    project.commit({"old.py": FUNCTION, ".ci-factory.yml": "gates: {tests: {coverage_minimum: 60}}\n"})
    project.commit({"app.py": FUNCTION})
    change = ("--repo", str(project.repo), "--base", "HEAD~1", "--head", "HEAD")
    true = covered("app.py", 1, 2, 3, 4).replace(",1\n", ",0\n")
    found = project.scored({"junit.xml": suite(CASE), "coverage.info": true + report}, *change)
    assert found.code in {1, 4}
    assert found.verdict in {"fail", "inconclusive"}
    seen("exit status 1 or 4: the new lines are not covered, or the report is refused")


def test_true_coverage_passes(project: Place) -> None:
    """Without the attack, the same change passes."""
    project.commit({"old.py": FUNCTION})
    project.commit({"app.py": FUNCTION})
    change = ("--repo", str(project.repo), "--base", "HEAD~1", "--head", "HEAD")
    assert (
        project.scored({"junit.xml": suite(CASE), "c.info": covered("app.py", 1, 2, 3, 4)}, *change).code == 0
    )


CANARY = "canary-f3a9"
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(10))


def packed(name: str, data: bytes) -> bytes:
    """An archive of one file."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return stream.getvalue()


EXPLOSIVE: Mapping[str, str | bytes] = {
    "a billion laughs": f"<!DOCTYPE x [{LAUGHS}]><testsuite><testcase name='&l9;'/></testsuite>",
    "an entity in an attribute, squared": f"<!DOCTYPE x [<!ENTITY a '{'a' * 50_000}'>]><testsuite name='{'&a;' * 5_000}'/>",
    "a file as an entity": "<!DOCTYPE x [<!ENTITY e SYSTEM 'file://{canary}'>]><testsuite><testcase name='&e;'/></testsuite>",
    "a file as a parameter": "<!DOCTYPE x [<!ENTITY % e SYSTEM 'file://{canary}'> %e;]><testsuite><testcase name='a'/></testsuite>",
    "a file included": "<testsuite xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include href='file://{canary}' parse='text'/></testsuite>",
    "a style sheet of another place": "<?xml-stylesheet href='file://{canary}'?><testsuite/>",
    "a file as a finding's place": sarif().replace('"app.py"', '"file://{canary}"'),
    "a finding's place outside of the tree": sarif().replace('"app.py"', '"../../etc/passwd"'),
    "elements without end": "<testsuite>" + "<a>" * 100_000,
    "lists without end": '{"version": "2.1.0", "runs": ' + "[" * 100_000,
    "one endless text": '{"version": "2.1.0", "runs": "' + "a" * 20_000_000 + '"}',
    "a key twice": sarif().replace('"level": "error"', '"level": "error", "level": "none"'),
    "a list of results twice": sarif().replace('"results":', '"results": [], "results":', 1),
    "a packed bomb": gzip.compress(b"<testsuite>" + b" " * 50_000_000),
    "an archive that climbs out": packed("../../evil.sarif", sarif().encode()),
    "an archive in a report's clothes": b"<testsuite/>" + packed("a", b"b"),
    "another encoding": suite(CASE + BAD).encode("utf-16-be"),
    "an encoding that hides a failure": b"<?xml version='1.0' encoding='utf-7'?><testsuite><testcase name='a'/></testsuite>",
    "bytes of nothing": b"\0" * 1_000_000,
}


@pytest.mark.attack(row=35, defence="bounded and strict, one clear error")
@sampled("report", EXPLOSIVE, quick=len(EXPLOSIVE))
def test_a_document_that_explodes_is_refused(
    project: Place, report: str | bytes, tmp_path: Path, seen: Seen, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is unfolded, unpacked, fetched or guessed, and no file of the machine gets into what the command says."""
    (tmp_path / "canary").write_text(f"{CANARY}\n", encoding="utf-8")
    text = report.replace("{canary}", str(tmp_path / "canary")) if isinstance(report, str) else report
    found = project.scored({"report": text})
    assert (found.code, found.verdict, found.score["score"]) == (4, "inconclusive", None)
    said = capsys.readouterr()
    everything = said.out + said.err + json.dumps(found.report) + json.dumps(found.score)
    assert CANARY not in everything
    assert len(everything) < 20_000
    seen(f"{REFUSED}; the canary is in no output")


MANIFESTS: Mapping[str, Files] = {
    "a pipeline whose merges unfold": {
        ".gitlab-ci.yml": "a0: &a0 {x: 1}\n"
        + "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 14))
    },
    "a pipeline of brackets": {".gitlab-ci.yml": "x: " + "[" * 5_000},
    "a manifest whose aliases unfold": {
        "pnpm-lock.yaml": "a: &a [x]\n" + "".join(f"b{n}: [*a, *a]\n" for n in range(9))
    },
    "a manifest with entities": {
        "pom.xml": f"<!DOCTYPE x [{LAUGHS}]><project><dependencies>&l9;</dependencies></project>"
    },
    "a manifest nested too deep": {"package.json": '{"a":' * 50_000},
}


@pytest.mark.attack(row=35, defence="bounded and strict in manifests and pipelines too")
@variants("files", MANIFESTS)
def test_a_changed_document_that_explodes_is_no_pass(project: Place, files: Files, seen: Seen) -> None:
    """What control reads of the change itself is bounded as well."""
    found = project.gate({"app.py": "X = 1\n"}, {"app.py": "X = 2\n", **files}, "policy", "dependencies")
    assert found.code in {1, 4}
    assert found.verdict in {"blocked", "inconclusive"}
    seen("exit status 1 or 4, verdict `blocked` or `inconclusive`")


@pytest.mark.attack(row=35, defence="read in memory, up to a bound, by name")
@sampled(
    "files",
    {
        "artifacts on GitLab: a file that unfolds to gigabytes": {
            "ci-factory-gates/gate.json": " " * 34 * 1024 * 1024
        },
        "artifacts on GitLab: names that climb out": {"../../evil": "x", "/evil-attack": "x"},
        "artifacts on GitLab: a document nested too deep": {"ci-factory-gates/gate.json": "[" * 100_000},
        "artifacts on GitLab: numbers that are none": {
            "ci-factory-gates/score.json": '{"score": NaN, "verdict": "pass"}'
        },
    },
)
def test_artifacts_that_explode_are_no_pass(
    place: level_one.Place, run: level_one.Run, files: dict[str, str], seen: Seen
) -> None:
    """Whoever controls a job of a merge request can leave anything; the note says that nothing was judged."""
    fitting = {} if any(name.startswith(("..", "/")) for name in files) else place.files
    place.pipeline({**fitting, **files})
    told = level_one.swept(run)
    assert told["outcome"] == "inconclusive"
    assert not Path("/evil-attack").exists()
    (note,) = place.notes()
    assert "This is not a pass" in note
    seen("the note says that this is not a pass; no file was written")
