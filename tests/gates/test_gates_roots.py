"""Several projects in one repository: each judged by itself, in its own folder, with its own score."""

import json
from pathlib import Path
from typing import Any

import pytest

from ci_factory import config as configuration
from ci_factory.gates.cache import Measurements
from ci_factory.gates.change import read_change
from ci_factory.gates.roots import subjects
from ci_factory.gates.subject import Subject
from ci_factory.model.gate import GateReport, GateStatus, Verdict
from ci_factory.scoring.score import score_report

Project = Any  # tests/gates/conftest.py
SCAN = """
import sys
for path in sys.argv[1:]:
    for number, line in enumerate(open(path), 1):
        if "BAD" in line:
            print(f"{path}:{number}: error: is bad")
"""
GATE = {"name": "mine", "command": "python scan.py {files}", "format": "gnu", "files": ["*.txt"]}


def settings(*paths: str, **more: object) -> str:
    """Roots with one gate each."""
    return json.dumps({"gates": {"roots": [{"path": path, "commands": [GATE], **more} for path in paths]}})


def judge(project: Project, text: str, *names: str) -> GateReport:
    """The report of these gates on the last commit."""
    report: GateReport = project.report(*names, settings=text)
    return report


def test_one_root_fails_and_the_other_does_not(project: Project) -> None:
    """A finding in one project fails that project and the change, not its neighbour."""
    project.commit({"a/scan.py": SCAN, "b/scan.py": SCAN, "a/x.txt": "x\n", "b/x.txt": "x\n"})
    project.commit({"a/x.txt": "BAD\n", "b/x.txt": "y\n"})
    text = settings("a", "b")
    report = judge(project, text, "a:mine", "b:mine")
    assert {each.gate: each.status for each in report.gates} == {
        "a:mine": GateStatus.FAIL,
        "b:mine": GateStatus.PASS,
    }
    score = score_report(report, configuration.parse(text).gates)
    assert {root: each.verdict for root, each in score.roots.items()} == {
        "a": Verdict.FAIL,
        "b": Verdict.PASS,
    }
    assert score.verdict is Verdict.FAIL


def test_places_are_told_from_the_top_of_the_repository(project: Project) -> None:
    """A reader finds `a/x.txt`, whatever the tool in `a` called it."""
    project.commit({"a/scan.py": SCAN, "a/x.txt": "x\n"})
    project.commit({"a/x.txt": "BAD\n", "a/scan.py": ""})
    [result] = judge(project, settings("a"), "a:mine").gates
    assert [each.path for each in result.findings] == ["a/x.txt"]
    assert [each.path for each in result.reasons] == ["a/scan.py"]
    assert (result.root, result.gate) == ("a", "a:mine")


def test_equal_findings_in_two_roots_are_two(project: Project) -> None:
    """The same text in the same file of two projects has two fingerprints."""
    project.commit({"a/scan.py": SCAN, "b/scan.py": SCAN})
    project.commit({"a/x.txt": "BAD\n", "b/x.txt": "BAD\n"})
    report = judge(project, settings("a", "b"), "a:mine", "b:mine")
    marks = [finding.fingerprint for each in report.gates for finding in each.findings]
    assert len(set(marks)) == 2


def test_a_root_sees_only_its_own_files(project: Project) -> None:
    """Files of a deeper root and files outside are not given to a root's tools."""
    every = {f"{folder}scan.py": SCAN for folder in ("", "a/", "a/deep/")}
    project.commit(dict(every))
    project.commit({"x.txt": "BAD\n", "a/x.txt": "BAD\n", "a/deep/x.txt": "BAD\n", "ab/x.txt": "BAD\n"})
    names = ("mine", "a:mine", "a/deep:mine")
    report = judge(project, settings(".", "a", "a/deep"), *names)
    found = {each.gate: {finding.path for finding in each.findings} for each in report.gates}
    assert found == {
        "mine": {"x.txt", "ab/x.txt"},
        "a:mine": {"a/x.txt"},
        "a/deep:mine": {"a/deep/x.txt"},
    }


def test_a_file_that_moves_over_the_border_is_new(project: Project) -> None:
    """What another project had said about a file does not excuse it here."""
    text = "BAD\n" + "".join(f"line {number}\n" for number in range(50))
    project.commit({"a/scan.py": SCAN, "b/scan.py": SCAN, "b/x.txt": text})
    project.commit({"b/x.txt": None, "a/x.txt": text})
    report = judge(project, settings("a", "b"), "a:mine", "b:mine")
    assert [each.status for each in report.gates] == [GateStatus.FAIL, GateStatus.PASS]


def test_gates_of_the_repository_run_once(project: Project) -> None:
    """Rules and scanners look at the whole change, also at files of no root."""
    project.commit({"a/x.py": "x = 1\n", "b/x.py": "x = 1\n"})
    project.commit({"a/x.py": "x = 2\n"})
    planned = project.report(settings="gates: {roots: [{path: a}, {path: b}], disabled: [semgrep]}").planned
    names = [each.gate for each in planned]
    assert [names.count(name) for name in ("policy", "secrets", "tampering")] == [1, 1, 1]
    assert {"a:ruff", "b:ruff", "a:tests", "b:tests"} <= set(names)
    assert "ruff" not in names
    assert "semgrep" not in names


@pytest.mark.parametrize("disabled", ["ruff", "a:ruff"])
def test_a_gate_is_disabled_everywhere_or_in_one_root(project: Project, disabled: str) -> None:
    """A plain name means every root, `root:gate` means one."""
    project.commit({"a/x.py": "x = 1\n", "b/x.py": "x = 1\n"})
    project.commit({"a/x.py": "x = 2\n"})
    others = "tests, semgrep, secrets, mypy, complexity"
    text = f"gates: {{roots: [{{path: a}}, {{path: b}}], disabled: [{others}, '{disabled}']}}"
    names = {each.gate for each in project.report(settings=text).planned}
    assert ("b:ruff" in names) == (disabled == "a:ruff")
    assert "a:ruff" not in names


def test_built_in_gates_work_in_a_root(project: Project) -> None:
    """The tests of a project run in its folder, and its linter takes its settings."""
    project.commit(
        {
            "app/pyproject.toml": "[tool.ruff.lint]\nselect = ['E711']\n",
            "app/shop.py": "def total(x):\n    return x\n",
            "app/test_shop.py": "from shop import total\n\n\ndef test_total():\n    assert total(1) == 1\n",
        }
    )
    project.commit({"app/shop.py": "def total(x):\n    if x == None:\n        return 0\n    return x\n"})
    report = judge(project, "gates: {roots: [{path: app}]}", "app:ruff", "app:tests", "app:syntax")
    found = {each.gate: each for each in report.gates}
    assert found["app:syntax"].status is GateStatus.PASS
    assert [each.rule for each in found["app:ruff"].findings] == ["E711"]
    assert found["app:tests"].figures["passed"] == 1
    assert all(each.path and each.path.startswith("app/") for each in found["app:tests"].reasons if each.path)


def test_settings_above_a_root_come_from_the_base_too(project: Project, tmp_path: Path) -> None:
    """A change can't loosen a project by the settings of the repository around it."""
    project.commit({"pyproject.toml": "[tool.mypy]\nstrict = true\n", "a/x.py": "x = 1\n"})
    project.commit({"pyproject.toml": "[tool.mypy]\nignore_errors = true\n", "a/x.py": "x = 2\n"})
    config = configuration.parse("gates: {roots: [{path: a}]}")
    change = read_change(project.git, project.git.resolve("HEAD~1"), project.git.resolve("HEAD"))
    [subject] = subjects(Subject.make(project.git, change, config, tmp_path / "work", Measurements()))
    assert "strict" in (subject.folder("head").parent / "pyproject.toml").read_text(encoding="utf-8")


def test_a_root_that_is_a_link_is_inconclusive(project: Project, tmp_path: Path) -> None:
    """A folder that the change replaces by a link to elsewhere is not entered."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x.txt").write_text("BAD\n")
    project.commit({"a/scan.py": SCAN, "a/x.txt": "x\n"})
    project.commit({"a/scan.py": None, "a/x.txt": None})
    (project.git.folder / "a").rmdir()
    (project.git.folder / "a").symlink_to(tmp_path / "outside")
    project.commit({"other.txt": "x\n"})
    gate = GATE | {"command": "/bin/cat x.txt", "files": []}
    text = json.dumps({"gates": {"roots": [{"path": "a", "commands": [gate]}]}})
    report = project.report("a:mine", settings=text, revisions=("HEAD~2", "HEAD"))
    assert report.gates[0].status is GateStatus.INCONCLUSIVE
    assert "is not a plain folder" in report.gates[0].summary


def test_a_root_that_is_nowhere_passes_with_nothing_to_do(project: Project) -> None:
    """A project that neither side has is no error: branches differ."""
    project.commit({"x.txt": "x\n"})
    project.commit({"x.txt": "y\n"})
    assert judge(project, settings("gone"), "gone:mine").gates[0].status is GateStatus.PASS
