"""Tests of other languages, run by a command, with Node's own runner as the example."""

import shutil
from collections.abc import Mapping
from typing import Any

import pytest

from ci_factory.model.gate import GateResult, GateStatus

Project = Any  # tests/gates/conftest.py

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
CODE = "function double(number) {\n  return number * 2;\n}\n\nmodule.exports = { double };\n"
TEST = "const test = require('node:test');\nconst assert = require('node:assert');\nconst { double } = require('./double.js');\n\ntest('doubles one', () => { assert.equal(double(1), 2); });\ntest('doubles nought', () => { assert.equal(double(0), 0); });\n"
GOOD = {"package.json": '{"scripts": {"test": "node --test"}}\n', "double.js": CODE, "double.test.js": TEST}
BROKEN = {"double.js": CODE.replace("* 2", "* 3")}
OWN = "gates: {tests: {reruns: 0, command: 'sh run.sh', report: report.xml}}"


def judged(
    project: Project, base: Mapping[str, str | None], head: Mapping[str, str | None], settings: str = ""
) -> GateResult:
    project.commit(base)
    project.commit(head)
    result: GateResult = project.judge("tests", settings or "gates: {tests: {reruns: 1}}")
    return result


def messages(result: GateResult) -> str:
    return "\n".join(
        [result.summary, *(f"{each.path}:{each.line} {each.message}" for each in result.reasons)]
    )


@needs_node
def test_a_repair_passes_and_a_breakage_fails(project: Project) -> None:
    """Both sides are run, new lines are covered by LCOV, and the old failure proves the repair."""
    bad = judged(project, GOOD, BROKEN)
    assert bad.status is GateStatus.FAIL, messages(bad)
    assert "doubles one fails (passed on the base)" in messages(bad)
    assert bad.score == 50 - 20 - 20  # as nothing is proven while it fails
    good = judged(project, {}, {"double.js": CODE})
    assert good.status is GateStatus.PASS, messages(good)
    assert (good.figures["coverage_new"], good.figures["proof"]) == (100, 1)


@needs_node
@pytest.mark.parametrize(
    "test",
    [
        TEST.rsplit("test(", 1)[0].replace("double(1), 2", "double(1), 3"),
        TEST.replace("test('doubles one', ", "test('doubles one', { skip: true }, "),
        TEST.replace("double(1), 2", "double(1), 3"),
    ],
    ids=["deleted", "skipped", "weakened"],
)
def test_lost_and_weakened_tests_block(project: Project, test: str) -> None:
    """The base's own test files run on the head's source, whatever the language."""
    result = judged(project, GOOD, BROKEN | {"double.test.js": test})
    assert result.status is GateStatus.BLOCKED, messages(result)


@needs_node
def test_new_lines_that_no_test_runs_and_a_proof(project: Project) -> None:
    """A new function with a test is proven by its absence; one without is named by its lines."""
    more = CODE.replace(
        "module.exports = { double }",
        "function half(number) {\n  return number / 2;\n}\n\nmodule.exports = { double, half }",
    )
    test = "const test = require('node:test');\nconst assert = require('node:assert');\nconst { half } = require('./double.js');\n\ntest('halves', () => { assert.equal(half(2), 1); });\n"
    proven = judged(project, GOOD, {"double.js": more, "half.test.js": test})
    assert (proven.status, proven.figures["proof"]) == (GateStatus.PASS, 1), messages(proven)
    bare = judged(project, GOOD | {"half.test.js": None}, {"double.js": more})
    assert bare.status is GateStatus.FAIL, messages(bare)
    assert "double.js:5" in messages(bare)


REPORT = '<testsuite tests="1"><testcase classname="a" name="one"/></testsuite>'


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("true", "left no report"),
        ("echo '<testsuite/>' > report.xml", "no test was collected"),
        (f"echo '{REPORT}' > report.xml; exit 1", "ended with status 1, but 0 of 1 tests failed"),
        ("echo '<testsuite><testcase' > report.xml", "the report of the tests"),
        ("exec sleep 30", "did not finish in 2 s"),
    ],
    ids=["stale-report", "no-test", "status", "damaged", "late"],
)
def test_a_report_must_be_whole_and_of_this_run(project: Project, script: str, words: str) -> None:
    """A report that lies in the tree is nobody's measurement; what contradicts itself is inconclusive."""
    base = {"run.sh": f"{script}\n", "report.xml": REPORT}
    settings = OWN.replace("reruns: 0", "reruns: 0, timeout_seconds: 2")
    result = judged(project, base, {"report.xml": f"{REPORT}\n"}, settings)
    assert (result.status, result.score) == (GateStatus.INCONCLUSIVE, None)
    assert words in messages(result)


def test_coverage_of_lines_that_do_not_exist_is_refused(project: Project) -> None:
    """A coverage report that knows more lines than the file has is about something else."""
    lcov = "SF:code.js\\nDA:1,1\\nDA:99,1\\nend_of_record\\n"
    base = {"run.sh": f"echo '{REPORT}' > report.xml\nprintf '{lcov}' > lcov.info\n", "code.js": "one();\n"}
    settings = OWN.replace("report.xml", "report.xml, coverage: lcov.info")
    result = judged(project, base, {"code.js": "two();\n"}, settings)
    assert result.figures["coverage_new"] is None
    assert result.status is not GateStatus.FAIL
    whole = {"run.sh": base["run.sh"].replace("DA:99,1\\n", "")}
    again = judged(project, whole, {"code.js": "three();\n"}, settings)
    assert (again.status, again.figures["coverage_new"]) == (GateStatus.PASS, 100), messages(again)
