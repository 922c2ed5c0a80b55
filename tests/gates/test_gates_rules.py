"""The starter pack: every rule finds its examples and nothing else in the sample files, which mark both."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ci_factory import config
from ci_factory.gates import rulepack
from ci_factory.gates.registry import GATES
from ci_factory.gates.runner import run_gates
from ci_factory.model.gate import GateResult, GateStatus
from ci_factory.system.clock import SystemClock
from ci_factory.system.git import Git

Project = Any  # tests/gates/conftest.py
ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "tests" / "data" / "gates" / "rules"
RULES = {rule["id"]: rule for rule in rulepack.starter_rules()}
SEVERITY = {"critical": "ERROR", "high": "ERROR", "medium": "WARNING", "low": "INFO"}
_MARK = re.compile(r"(?:#|//) (ruleid|ok): ([\w-]+(?:, [\w-]+)*)$")
Place = tuple[str, int, str]
"""File, line, rule."""


def marks(kind: str) -> set[Place]:
    """What the samples say of the line after each mark."""
    return {
        (path.name, number, rule)
        for path in SAMPLES.iterdir()
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 2)
        if (mark := _MARK.search(line)) and mark[1] == kind
        for rule in mark[2].split(", ")
    }


FIRES, STAYS_QUIET = marks("ruleid"), marks("ok")


def silenced(text: str, comment: str) -> str:
    """The same lines, each with a comment that asks semgrep to look away."""
    return "\n".join(
        line
        if not line or line.lstrip().startswith((comment, "@", '"""', "<"))
        else f"{line}  {comment} nosemgrep"
        for line in text.split("\n")
    )


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> GateResult:
    """The gate's result on a change that brings all samples, in a folder of tests, silenced as well as can be."""
    folder = tmp_path_factory.mktemp("samples")
    git = Git(folder)
    git.text("init", "--quiet")
    git.text("config", "user.name", "Tess Tester")
    git.text("config", "user.email", "tess@example.com")
    git.text("commit", "--quiet", "--allow-empty", "--message", "first")
    for path in SAMPLES.iterdir():
        target = folder / "test" / "vendor" / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        comment = "#" if path.suffix == ".py" else "//"
        target.write_text(silenced(path.read_text(encoding="utf-8"), comment), encoding="utf-8")
    git.text("add", "--all")
    git.text("commit", "--quiet", "--message", "samples")
    others = [name for name in GATES if name != "semgrep"]
    settings = config.parse(f"gates: {{disabled: [{', '.join(others)}]}}")
    scratch = tmp_path_factory.mktemp("scratch") / "s"
    report = run_gates(
        git, "HEAD~1", "HEAD", config=settings, scratch=scratch, cache=None, clock=SystemClock()
    )
    return next(result for result in report.gates if result.gate == "semgrep")


@pytest.fixture(scope="module")
def found(judged: GateResult) -> set[Place]:
    """Where which rule fired."""
    return {(Path(each.path).name, each.region.line, each.rule) for each in judged.findings if each.region}


@pytest.mark.parametrize("rule", sorted(RULES))
def test_rule_fires_on_its_examples_and_on_nothing_else(rule: str, found: set[Place]) -> None:
    """On every line marked for it, in every sample of its language; on no other line of any sample."""
    expected = {place for place in FIRES if place[2] == rule}
    assert expected, f"{rule} has no example that it finds"
    assert any(place[2] == rule for place in STAYS_QUIET), f"{rule} has no example that it leaves alone"
    assert {place for place in found if place[2] == rule} == expected


def test_the_samples_are_judged_whole(judged: GateResult) -> None:
    """They block, neither `nosemgrep` nor the folder's name hides them, and no mark speaks of an unknown rule."""
    assert judged.status is GateStatus.BLOCKED, judged.summary
    assert not STAYS_QUIET & FIRES
    assert {rule for *_, rule in FIRES | STAYS_QUIET} == set(RULES)
    assert any("vendored" in reason.message for reason in judged.reasons)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: str(rule["id"]))
def test_rule_is_described(rule: dict[str, Any]) -> None:
    """Two short sentences, a weakness, a place in the OWASP top ten, and one severity said in both languages."""
    assert set(rule["languages"]) <= {"python", "javascript", "typescript"}
    sentences = re.split(r"(?<=[.]) (?=[A-Z])", rule["message"])
    assert len(sentences) == 2, rule["message"]
    assert len(rule["message"]) < 160
    assert re.fullmatch(r"CWE-\d+", rule["metadata"]["cwe"])
    assert re.fullmatch(r"A(0[1-9]|10):2021", rule["metadata"]["owasp"])
    assert SEVERITY[rule["metadata"]["ci_factory_severity"]] == rule["severity"]


def test_the_pack_has_no_rule_twice_and_covers_the_top_ten() -> None:
    """Ids are unique over all files, and every entry of the top ten that code can show has a rule in each language."""
    ids = [rule["id"] for rule in rulepack.starter_rules()]
    assert len(ids) == len(set(ids)) >= 60
    for language in ("python", "javascript", "typescript"):
        covered = {rule["metadata"]["owasp"] for rule in RULES.values() if language in rule["languages"]}
        assert covered >= {f"A{number:02}:2021" for number in (1, 2, 3, 5, 7, 8, 9, 10)}


def test_every_file_can_be_given_to_semgrep_as_it_is() -> None:
    """A file of the pack is a plain file of rules: one list, nothing that only we understand."""
    for path in rulepack.PACK.rglob("*.yml"):
        assert set(yaml.safe_load(path.read_text(encoding="utf-8"))) == {"rules"}


def test_the_table_in_the_documentation_is_current() -> None:
    """docs/rules.md lists the rules as they are."""
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "rules-table", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_languages_of_the_pack_are_those_of_its_rules() -> None:
    """They are read without parsing the files, which must find the same."""
    spoken = {language for rule in rulepack.starter_rules() for language in rule["languages"]}
    assert rulepack.starter_languages() == spoken
    for language in spoken:
        names = {rule["id"] for rule in rulepack.starter_rules() if language in rule["languages"]}
        assert rulepack.starter([language]).ids == names
