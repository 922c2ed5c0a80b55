"""All gates together, and the commands."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ci_factory.config import Config
from ci_factory.errors import ConfigError
from ci_factory.gates.protocol import Judgement, Unmeasurable
from ci_factory.gates.registry import GATES
from ci_factory.gates.runner import run_gates
from ci_factory.gates.subject import Subject
from ci_factory.gates.tools import Tool
from ci_factory.model.gate import Component, GateReport, GateStatus, Score
from ci_factory.scoring.expected import EXPECTED
from ci_factory.scoring.score import score_report
from ci_factory.system.clock import SystemClock

Project = Any  # tests/gates/conftest.py
Cli = Callable[..., Any]
CALC = '"""Sums."""\n\n\ndef add(a, b):\n    """The sum."""\n    return a {} b\n'
TEST = "from calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n"


class Broken:
    """A gate with a mistake in it."""

    component = Component.POLICY

    def judge(self, subject: Subject) -> Judgement:
        raise ZeroDivisionError(subject.change.head)


def test_a_gate_that_crashes_is_inconclusive_and_takes_nobody_down(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kind of the mistake is told; the other gates give their results."""
    monkeypatch.setitem(GATES, "policy", Broken())
    project.commit({"a.py": "A = 1\n"})
    project.commit({"a.py": "A = 2\n"})
    policy, syntax = project.report("policy", "syntax").gates
    assert policy.status is GateStatus.INCONCLUSIVE
    assert "ZeroDivisionError" in policy.summary
    assert syntax.status is GateStatus.PASS


def test_tools_that_take_too_long_are_inconclusive(project: Project) -> None:
    """No tool is waited for longer than the configuration says, and none of them passes."""
    project.commit({"a.py": "A = 1\n"})
    project.commit({"a.py": "import os\n"})
    report = project.report(
        "mypy", "semgrep", "secrets", "complexity", settings="gates: {tool_timeout_seconds: 0.02}"
    )
    assert {gate.status for gate in report.gates} == {GateStatus.INCONCLUSIVE}
    assert all("0.02 s" in gate.summary for gate in report.gates)


def test_a_missing_tool_says_how_to_install_it() -> None:
    """The message carries the command."""
    with pytest.raises(Unmeasurable, match=r"pip install 'ci-factory\[gates\]'"):
        Tool("no-such-scanner").path()


def test_nothing_is_left_behind(project: Project) -> None:
    """Checkouts go, read-only folders that tests made included; the repository is as it was."""
    lock = "import pathlib\n\n\ndef test_lock():\n    inner = pathlib.Path('ro/inner')\n    inner.mkdir(parents=True)\n    (inner / 'f').touch()\n    inner.chmod(0o500)\n"
    project.commit({"test_lock.py": lock})
    project.commit({"README.md": "x"})
    before = sorted(str(path) for path in project.git.folder.rglob("*"))
    assert project.judge("tests").status is GateStatus.PASS
    assert list(project.scratch.iterdir()) == []
    assert sorted(str(path) for path in project.git.folder.rglob("*")) == before


def test_a_change_of_documents_passes_every_gate_that_looks_at_code(project: Project) -> None:
    """Where there is nothing to look at, the summary says so and nothing is lost."""
    project.commit({"README.md": "x"})
    project.commit({"README.md": "y"})
    gates = [name for name in GATES if name not in {"tests", "secrets"}]
    report = project.report(*gates)
    assert {gate.status for gate in report.gates} == {GateStatus.PASS}
    config = Config().gates.model_copy(update={"disabled": ("tests", "secrets")})
    assert score_report(report, config).score == 100


def test_a_gate_that_does_not_exist_can_not_be_disabled(project: Project) -> None:
    """A typo in `gates.disabled` is named, with the names that exist."""
    project.commit({"a": "x"})
    config = Config.model_validate({"gates": {"disabled": ["rufff"]}})
    with pytest.raises(ConfigError, match="rufff") as caught:
        run_gates(project.git, "HEAD", "HEAD", config=config, scratch=project.scratch, clock=SystemClock())
    assert "semgrep" in caught.value.fix


def test_scoring_expects_exactly_the_gates_that_exist() -> None:
    """A gate that is added without telling scoring would be ignored; one that goes would never pass again."""
    assert {name: gate.component for name, gate in GATES.items()} == EXPECTED


def test_the_command_judges_both_ways(project: Project, factory_cli: Cli, tmp_path: Path) -> None:
    """Exit 0 for a repair and 1 for a breakage, with both artifacts, the verdict first, and the place of the failure."""
    project.commit({"calc.py": CALC.format("-"), "test_calc.py": TEST})
    project.commit({"calc.py": CALC.format("+")})
    repo, cache = project.git.folder, ["--cache", tmp_path / "cache"]
    good = factory_cli(
        "gate", "--repo", repo, "--base", "HEAD~1", "--head", "HEAD", "--out", tmp_path / "good", *cache
    )
    assert (good.code, good.out.split(":")[0]) == (0, "PASS"), good.out + good.err
    bad = factory_cli(
        "gate", "--repo", repo, "--base", "HEAD", "--head", "HEAD~1", "--out", tmp_path / "bad", *cache
    )
    assert (bad.code, bad.out.split(":")[0]) == (1, "FAIL")
    assert "test_calc.py:4: test_add fails (passed on the base)" in bad.out
    report = GateReport.model_validate_json((tmp_path / "bad" / "gate.json").read_text())
    score = Score.model_validate_json((tmp_path / "bad" / "score.json").read_text())
    assert (score.tree, score.base) == (report.tree, project.git.resolve("HEAD"))


def test_the_score_of_a_report_is_computed_again_byte_for_byte(
    project: Project, factory_cli: Cli, tmp_path: Path
) -> None:
    """`score` gives the same bytes as `gate`, and refuses to weigh a report by another configuration."""
    disabled = [name for name in GATES if name not in {"policy", "documentation"}]
    project.commit({".ci-factory.yml": f"gates: {{disabled: [{', '.join(disabled)}]}}\n", "a.py": "A = 1\n"})
    project.commit({".ci-factory.yml": "gates: {threshold: 0}\n", "a.py": "def f():\n    pass\n"})
    repo, out = project.git.folder, tmp_path / "out"
    gate = factory_cli("gate", "--repo", repo, "--base", "HEAD~1", "--head", "HEAD", "--out", out, "--json")
    assert gate.code == 1
    assert json.loads(gate.out)["threshold"] == 80, "the base's configuration counts"
    assert json.loads(gate.out)["components"]["documentation"] == {"score": 50, "weight": 1, "status": "pass"}
    first = (out / "score.json").read_bytes()
    other = factory_cli("score", out / "gate.json", "--out", tmp_path / "other")
    assert (other.code, "--config" in other.err) == (2, True)
    (tmp_path / "base.yml").write_text(project.git.show("HEAD~1", ".ci-factory.yml") or "", encoding="utf-8")
    again = factory_cli("score", out / "gate.json", "--out", out, "--config", tmp_path / "base.yml")
    assert again.code == 1
    assert (out / "score.json").read_bytes() == first


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--base", "no-such-branch"], "no-such-branch"),
        (["--config", "missing.yml"], "missing.yml"),
        (["--repo", "nowhere"], "nowhere"),
    ],
    ids=["revision", "configuration", "repository"],
)
def test_wrong_usage_is_one_message(
    project: Project, factory_cli: Cli, tmp_path: Path, arguments: list[str], words: str
) -> None:
    """Exit 2, the cause by name, and no artifact of an earlier run left to be taken for this one's."""
    project.commit({"a": "x"})
    options = {"--repo": project.git.folder, "--base": "HEAD", "--head": "HEAD", "--out": tmp_path / "out"}
    options |= dict(zip(arguments[::2], arguments[1::2], strict=True))
    done = factory_cli("gate", *(word for pair in options.items() for word in pair), cwd=tmp_path)
    assert done.code == 2
    assert words in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "out" / "score.json").exists()


def test_a_base_that_went_on_is_not_held_against_the_change(
    new_repo: Callable[..., Path],
    commit: Callable[..., str],
    git: Callable[..., str],
    factory_cli: Cli,
    tmp_path: Path,
) -> None:
    """What others brought to the target branch in the meantime is not taken for something the change removes."""
    repo = new_repo({"calc.py": CALC.format("+"), "test_calc.py": TEST})
    git(repo, "checkout", "--quiet", "-b", "change")
    commit(repo, {"README.md": "Sums.\n"})
    git(repo, "checkout", "--quiet", "main")
    commit(repo, {"test_more.py": "def test_more():\n    assert True is not False\n"})
    settings = tmp_path / "settings.yml"
    settings.write_text("gates: {disabled: [semgrep, mypy, secrets]}\n")
    asked = ("--base", "main", "--head", "change", "--out", tmp_path / "out", "--config", settings)
    ran = factory_cli("gate", "--repo", repo, *asked)
    assert ran.code == 0, ran.out
    assert "main went on since change left it" in ran.err
    report = json.loads((tmp_path / "out" / "gate.json").read_text())
    assert report["changed_files"] == ["README.md"]
