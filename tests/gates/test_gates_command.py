"""Gates of a project's own: any program, any format, any level."""

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

from ci_factory import config as configuration
from ci_factory.errors import ConfigError
from ci_factory.gates.plan import check
from ci_factory.gates.reports.formats import FORMATS, Kind
from ci_factory.gates.texts import TEXTS
from ci_factory.model.commands import TEST_FORMATS, CommandConfig
from ci_factory.model.gate import Component, GateStatus

Project = Any  # tests/gates/conftest.py
SCAN = """
import sys
bad = False
for path in sys.argv[1:]:
    for number, line in enumerate(open(path), 1):
        if "BAD" in line:
            bad = True
            print(f"{path}:{number}: {line.split('BAD', 1)[1].strip() or 'error: is bad'}")
sys.exit(bad)
"""
"""Reports every line with BAD; what follows the word is the message."""


def settings(command: str = "python scan.py {files}", **more: object) -> str:
    """A configuration with one gate, called mine."""
    gate = {"name": "mine", "command": command, "format": "gnu", "files": ["*.txt"], **more}
    return json.dumps({"gates": {"commands": [gate]}})


def script(text: str) -> dict[str, str | None]:
    """A Python file that a command can run."""
    return {"run.py": textwrap.dedent(text)}


def test_a_new_finding_fails_and_is_told_with_its_place(project: Project) -> None:
    """What the program says about a line of the change fails the gate."""
    project.commit({"scan.py": SCAN, "a.txt": "fine\n"})
    project.commit({"a.txt": "fine\nBAD error: do not do this\n"})
    result = project.judge("mine", settings())
    assert (result.status, result.score, result.component) == (GateStatus.FAIL, 0, Component.SYNTAX)
    [finding] = result.findings
    assert (finding.path, finding.region.line, finding.message) == ("a.txt", 2, "do not do this")


def test_what_the_base_says_too_costs_nothing(project: Project) -> None:
    """A finding that was there before is listed as old, wherever it moved."""
    project.commit({"scan.py": SCAN, "a.txt": "BAD\n"})
    project.commit({"a.txt": "one\n" * 50 + "  BAD\n"})
    result = project.judge("mine", settings())
    assert (result.status, result.score) == (GateStatus.PASS, 100)
    assert [each.is_new for each in result.findings] == [False]


def test_only_changed_files_are_given(project: Project) -> None:
    """`{files}` becomes the changed files that match, each an argument of its own."""
    project.commit({"scan.py": SCAN, "old.txt": "BAD\n", "a.txt": "x\n"})
    project.commit({"a.txt": "y\n", "with space; $(touch x).txt": "BAD\n", "c.md": "BAD\n"})
    result = project.judge("mine", settings())
    assert [each.path for each in result.findings] == ["with space; $(touch x).txt"]


def test_without_a_file_that_it_is_about_nothing_runs(project: Project) -> None:
    """A change elsewhere passes without the program, even if it is not installed."""
    project.commit({"a.md": "x\n"})
    project.commit({"a.md": "y\n"})
    assert project.judge("mine", settings("no-such-program")).status is GateStatus.PASS


def test_a_missing_program_is_inconclusive_with_the_hint(project: Project) -> None:
    """A program that is not installed is named, and how to get it."""
    project.commit({"a.txt": "x\n"})
    project.commit({"a.txt": "y\n"})
    result = project.judge("mine", settings("no-such-program {files}", install="apt install it"))
    assert result.status is GateStatus.INCONCLUSIVE
    assert "no-such-program is not installed" in result.summary
    assert "apt install it" in result.reasons[0].message


def test_a_missing_optional_program_is_skipped(project: Project) -> None:
    """An optional gate without its program says nothing, for or against."""
    project.commit({"a.txt": "x\n"})
    project.commit({"a.txt": "y\n"})
    result = project.judge("mine", settings("no-such-program {files}", optional=True))
    assert (result.status, result.score) == (GateStatus.SKIPPED, None)
    assert "optional" in result.summary


def test_a_report_that_lies_in_the_tree_is_never_believed(project: Project) -> None:
    """A report that somebody committed is gone before the program runs."""
    project.commit({"run.py": "", "a.txt": "x\n"})
    project.commit({"a.txt": "y\n", "report.json": "[]"})
    chosen = settings("python run.py", format="ruff", report="report.json")
    result = project.judge("mine", chosen)
    assert result.status is GateStatus.INCONCLUSIVE
    assert "left no report" in result.summary


def test_a_report_behind_a_link_is_not_read(project: Project, tmp_path: Path) -> None:
    """A report that is a link to somewhere else is no report."""
    outside = tmp_path / "outside.json"
    outside.write_text("[]")
    project.commit(script(f"import os; os.symlink({str(outside)!r}, 'out.json')") | {"a.txt": "x\n"})
    project.commit({"a.txt": "y\n"})
    result = project.judge("mine", settings("python run.py", format="ruff", report="out.json"))
    assert result.status is GateStatus.INCONCLUSIVE


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import sys; sys.exit(3)", "crashed with exit status 3"),
        ("import sys; sys.exit(1)", "reported nothing"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "crashed with exit status -9"),
        ("import time; time.sleep(60)", "did not finish in 1 s"),
    ],
)
def test_a_program_that_does_not_judge_is_inconclusive(project: Project, program: str, said: str) -> None:
    """A crash, a kill, a silence or a time-out is no pass."""
    project.commit(script(program) | {"a.txt": "x\n"})
    project.commit({"a.txt": "y\n"})
    result = project.judge("mine", settings("python run.py", timeout_seconds=1))
    assert result.status is GateStatus.INCONCLUSIVE
    assert said in result.summary


@pytest.mark.parametrize("output", ["", "[", "[" * 100_000, '[{"code": 1}]', "\\x00", '{"a": NaN}'])
def test_a_report_that_can_not_be_read_is_inconclusive(project: Project, output: str) -> None:
    """Empty, cut, nested or foreign output is no pass and no crash."""
    project.commit(script(f"print({output!r}, end='')") | {"a.txt": "x\n"})
    project.commit({"a.txt": "y\n"})
    result = project.judge("mine", settings("python run.py", format="ruff"))
    assert result.status is GateStatus.INCONCLUSIVE
    assert "failed by itself" not in result.summary


def test_the_base_script_judges(project: Project) -> None:
    """A change that rewrites the script which judges it is judged by the script as it was."""
    project.commit({"scan.py": SCAN, "a.txt": "x\n"})
    project.commit({"scan.py": "", "a.txt": "BAD\n"})
    result = project.judge("mine", settings())
    assert result.status is GateStatus.FAIL
    assert [(each.path, each.message) for each in result.reasons] == [
        ("scan.py", "judged with the base's version")
    ]


def test_a_script_that_only_the_change_has_does_not_judge(project: Project) -> None:
    """A program in the tree has to be on the base."""
    project.commit({"a.txt": "x\n"})
    project.commit({"a.txt": "y\n", "scan": "#!/bin/sh\n"})
    assert project.judge("mine", settings("./scan {files}")).status is GateStatus.INCONCLUSIVE


def test_the_base_makefile_judges(project: Project) -> None:
    """Neither a changed Makefile nor a new file that make would prefer takes over."""
    project.commit({"scan.py": SCAN, "Makefile": "lint:\n\t@python3 scan.py a.txt\n", "a.txt": "x\n"})
    project.commit({"Makefile": "lint:\n", "GNUmakefile": "lint:\n", "a.txt": "BAD\n"})
    result = project.judge("mine", settings("make lint", expected=[0, 2]))
    assert result.status is GateStatus.FAIL


def test_no_shell_reads_the_command(project: Project) -> None:
    """Signs of a shell are plain characters."""
    text = "import sys; print('a.txt:1: ' + ' '.join(sys.argv[1:])); sys.exit(1)"
    project.commit(script(text) | {"a.txt": "x\n"})
    project.commit({"a.txt": "y\n"})
    result = project.judge("mine", settings("python run.py $HOME ; `id` && x"))
    assert result.findings[0].message == "$HOME ; `id` && x"


def test_the_program_sees_no_secret(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables of the job, credentials among them, are not passed on."""
    monkeypatch.setenv("CI_JOB_TOKEN", "s3cret")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:s3cret@proxy:3128")
    text = "import os; print('a.txt:1: ' + str('s3cret' in str(os.environ)))"
    project.commit(script(text) | {"a.txt": "x\n"})
    project.commit({"a.txt": "y\n"})
    assert project.judge("mine", settings("python run.py")).findings[0].message == "False"


@pytest.mark.parametrize(
    ("word", "blocks", "status"),
    [
        ("warning", None, GateStatus.PASS),
        ("error", None, GateStatus.FAIL),
        ("warning", "medium", GateStatus.FAIL),
        ("note", "medium", GateStatus.PASS),
        ("note", "any", GateStatus.FAIL),
        ("error", "never", GateStatus.PASS),
        ("error", "critical", GateStatus.PASS),
    ],
)
def test_the_level_decides_what_stops(
    project: Project, word: str, blocks: str | None, status: GateStatus
) -> None:
    """Findings at the level or worse fail; milder ones are told only."""
    project.commit({"scan.py": SCAN, "a.txt": "x\n"})
    project.commit({"a.txt": f"BAD {word}: text\n"})
    result = project.judge("mine", settings(blocks=blocks))
    assert (result.status, len(result.findings)) == (status, 1)


def test_a_severe_finding_of_a_security_gate_blocks(project: Project) -> None:
    """Security findings are for a person."""
    project.commit({"scan.py": SCAN, "a.txt": "x\n"})
    project.commit({"a.txt": "BAD error: hole\n"})
    result = project.judge("mine", settings(component="security"))
    assert (result.status, result.score, result.component) == (
        GateStatus.BLOCKED,
        None,
        Component.SECURITY,
    )


def test_what_was_measured_is_not_measured_again(project: Project, tmp_path: Path) -> None:
    """With a cache, a second run of the same change starts no program."""
    runs = tmp_path / "runs"
    text = f"open({str(runs)!r}, 'a').write('x')\nprint('a.txt:1: bad')"
    project.commit(script(text) | {"a.txt": "x\n"})
    project.commit({"a.txt": "y\n"})
    first, second = (project.judge("mine", settings("python run.py"), cached=True) for _ in range(2))
    assert runs.read_text() == "xx"  # head and base
    assert first.findings == second.findings


def test_a_program_that_looks_at_everything_finds_what_a_change_breaks_elsewhere(project: Project) -> None:
    """A new finding in a file that the change does not touch counts."""
    text = "print('other.txt:1: broken') if 'y' in open('a.txt').read() else None"
    project.commit(script(text) | {"a.txt": "x\n", "other.txt": "uses a\n"})
    project.commit({"a.txt": "y\n"})
    result = project.judge("mine", settings("python run.py"))
    assert (result.status, result.findings[0].path) == (GateStatus.FAIL, "other.txt")


def test_a_command_takes_the_place_of_a_built_in_gate(project: Project) -> None:
    """A gate called ruff is the project's own ruff."""
    project.commit({"scan.py": SCAN, "a.py": "x = 1\n"})
    project.commit({"a.py": "import os  # BAD error: mine\n"})
    gate = {"name": "ruff", "command": "python scan.py {files}", "format": "gnu"}
    result = project.judge("ruff", json.dumps({"gates": {"commands": [gate]}}))
    assert [each.message for each in result.findings] == ["mine"]


JUNIT = (
    '<testsuites><testsuite name="s" tests="2" failures="{bad}">'
    '<testcase classname="a" name="one"/><testcase classname="a" name="two">{body}</testcase>'
    "</testsuite></testsuites>"
)


def suite_settings(**more: object) -> str:
    """A configuration with a second test suite."""
    return settings("python run.py", format="junit", component="tests", report="out.xml", **more)


def writes(text: str, status: int) -> dict[str, str | None]:
    """A script that leaves this report."""
    return script(f"import sys; open('out.xml', 'w').write({text!r}); sys.exit({status})")


def test_a_suite_of_its_own_scores_by_what_passes(project: Project) -> None:
    """One of two tests fails: half of the points."""
    project.commit(writes(JUNIT.format(bad=0, body=""), 0) | {"a.txt": "x\n"})
    project.commit({"a.txt": "y\n"})
    assert project.judge("mine", suite_settings()).score == 100
    bad = JUNIT.format(bad=1, body='<failure message="no"/>')
    project.commit(writes(bad, 1) | {"a.txt": "z\n"})
    project.commit({"a.txt": "w\n"})
    result = project.judge("mine", suite_settings())
    assert (result.status, result.score) == (GateStatus.FAIL, 50)
    assert "two fails: no" in result.reasons[0].message


def test_a_lost_test_of_such_a_suite_blocks(project: Project) -> None:
    """What ran on the base and is skipped on the head is for a person."""
    passing, skipped = (JUNIT.format(bad=0, body=body) for body in ("", "<skipped/>"))
    text = (
        f"import sys; open('out.xml', 'w').write({skipped!r} if 'y' in open('a.txt').read() else {passing!r})"
    )
    project.commit(script(text) | {"a.txt": "x\n"})
    project.commit({"a.txt": "y\n"})
    result = project.judge("mine", suite_settings())
    assert result.status is GateStatus.BLOCKED
    assert result.figures["lost"] == 1


def test_a_suite_whose_report_contradicts_its_status_is_inconclusive(project: Project) -> None:
    """All green with a failing exit status is no pass."""
    project.commit(writes(JUNIT.format(bad=0, body=""), 1) | {"a.txt": "x\n"})
    project.commit({"a.txt": "y\n"})
    assert project.judge("mine", suite_settings()).status is GateStatus.INCONCLUSIVE


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("commands: [{name: policy, command: x, format: gnu}]", "policy"),
        ("commands: [{name: tests, command: x, format: junit, component: tests}]", "gates.tests.command"),
        ("commands: [{name: a, command: x, format: gnu}, {name: a, command: y, format: gnu}]", "twice: a"),
        ("disabled: [nonsense]", "nonsense"),
        ("roots: [{path: a, disabled: [nonsense]}]", "gates.roots (a).disabled"),
        ("commands: [{name: a, command: 'x \"', format: gnu}]", "gates.commands.0.command"),
        ("commands: [{name: a, command: 'x --to={files}', format: gnu}]", "{files}"),
        ("commands: [{name: a, command: x, format: gnu, report: ../out}]", "report"),
        ("commands: [{name: a, command: x, format: junit}]", "component tests"),
        (
            "commands: [{name: a, command: x, format: gnu, component: security, blocks: never}]",
            "always blocks",
        ),
        ("roots: [{path: /abs}]", "gates.roots.0.path"),
        ("presets: [cobol]", "gates.presets"),
    ],
)
def test_a_wrong_configuration_is_refused_with_its_key(text: str, said: str) -> None:
    """Names that are taken, unknown words and paths that lead out are errors that say where."""
    with pytest.raises(ConfigError) as caught:
        check(configuration.parse(f"gates: {{{text}}}"))
    assert said in str(caught.value)


@pytest.mark.parametrize("name", ["eslint", "mine", "tests", "app:mine", "app:ruff"])
def test_any_gate_that_can_be_planned_can_be_disabled(name: str) -> None:
    """Tools of presets, own gates and gates of roots may be named, whether they run just now or not."""
    gate = {"name": "mine", "command": "x", "format": "gnu"}
    text = {"commands": [gate], "roots": [{"path": "app", "commands": [gate]}], "disabled": [name]}
    check(configuration.parse(json.dumps({"gates": text})))


def test_every_format_can_be_configured() -> None:
    """What can be read can be named in a command, apart from coverage."""
    known = {name for name, each in FORMATS.items() if each.kind is not Kind.COVERAGE}
    schema = CommandConfig.model_json_schema()["properties"]["format"]["enum"]
    assert set(schema) == known | set(TEXTS)
    assert set(TEST_FORMATS) == {name for name, each in FORMATS.items() if each.kind is Kind.TESTS}


def test_many_files_are_given_in_several_command_lines(project: Project) -> None:
    """A change of more files than fit into one command line is judged whole."""
    names = {f"{'d' * 200}/{number:04}-{'f' * 150}.txt": "BAD\n" for number in range(400)}
    project.commit({"scan.py": SCAN})
    project.commit(names)
    assert project.judge("mine", settings()).figures["new"] == len(names)


def test_messages_in_the_gnu_format_are_read(project: Project) -> None:
    """Compilers' messages of several families give path, line, column, level and rule."""
    said = [
        "a.txt:1:5: warning: [unused] one [-W]",
        "./a.txt:2: error: two",
        "vet: a.txt:3:1: three",
        "[ERROR] {here}/a.txt:[4,7] four",
        "[ERROR] {here}/a.txt:[4,7] four",
        "talk",
        "/usr/include/x.h:1: note: five",
    ]
    text = f"import os\nfor line in {said!r}: print(line.replace('{{here}}', os.getcwd()))"
    project.commit(script(text) | {"a.txt": "\n" * 5})
    project.commit({"a.txt": "y\n" * 5})
    found = project.judge("mine", settings("python run.py")).findings
    places = {(each.path, each.region.line, each.region.column, each.severity) for each in found}
    assert places == {
        ("a.txt", 1, 5, "medium"),
        ("a.txt", 2, None, "high"),
        ("a.txt", 3, 1, "high"),
        ("a.txt", 4, 7, "high"),
        ("", 1, None, "info"),
    }
    assert "unused" in {each.rule for each in found}


def test_lists_of_paths_are_findings_about_whole_files(project: Project) -> None:
    """A tool that names files fails the changed ones that it named before only on the head."""
    text = "import sys; [print(path) for path in sys.argv[1:] if 'BAD' in open(path).read()]"
    project.commit(script(text) | {"a.txt": "BAD\n", "b.txt": "x\n"})
    project.commit({"a.txt": "still BAD\n", "b.txt": "now BAD\n"})
    result = project.judge("mine", settings("python run.py {files}", format="paths"))
    assert {(each.path, each.is_new) for each in result.findings} == {("a.txt", False), ("b.txt", True)}
    assert result.status is GateStatus.FAIL


def test_nothing_is_left_in_the_repository(project: Project) -> None:
    """The program runs in a checkout; the repository stays as it was."""
    project.commit(script("open('made.txt', 'w').write('x')") | {"a.txt": "x\n"})
    project.commit({"a.txt": "y\n"})
    project.judge("mine", settings("python run.py"))
    assert not (Path(project.git.folder) / "made.txt").exists()
