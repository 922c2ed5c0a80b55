"""What docs/adding-*.md show is a whole gate, agent and report format: added as they say, it works."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import commit_files, git
from tests.site.doc_code import command, contract_with, file, plain, sources_with

OFF = "gates: {disabled: [policy, tampering, ruff, mypy, tests, semgrep, secrets, dependencies, complexity, documentation]}\n"


@dataclass(frozen=True)
class Judged:
    """A change after the gate of the page judged it."""

    source: Path
    repo: Path
    out: Path
    code: int
    said: str


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory, git_settings: Path) -> Judged:
    """A change with a new call of a debugger, and an old one that moved."""
    folder = tmp_path_factory.mktemp("gate")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", str(git_settings))
        return judge(folder)


def judge(folder: Path) -> Judged:
    """Make the change below a folder, and run the gate."""
    source, repo, out = sources_with("adding-gate.md", folder), folder / "repo", folder / "gates"
    repo.mkdir()
    git(repo, "init", "--quiet", "--initial-branch", "main")
    commit_files(repo, {"app.py": "def f():\n    pass\n", "old.py": "breakpoint()\n", ".ci-factory.yml": OFF})
    git(repo, "checkout", "--quiet", "-b", "change")
    commit_files(
        repo, {"app.py": "def f():\n    pass\n    breakpoint()\n", "old.py": "# moved\nbreakpoint()\n"}
    )
    code, said = command(source, "gate", "--base", "main", "--head", "change", "--out", out, cwd=repo)
    return Judged(source, repo, out, code, said)


def test_a_gate_is_added_as_described(judged: Judged) -> None:
    """The gate of the page finds the new call and not the old one, as the page shows it."""
    old = ", 1 from before not counted"
    assert judged.code == 1
    assert plain("adding-gate.md", "text")[0] in judged.said.replace(old, "")
    assert old in judged.said


def test_a_gate_that_does_not_answer_is_missed(judged: Judged, tmp_path: Path) -> None:
    """The line in the table of what is expected makes a report without the new gate inconclusive."""
    report = json.loads((judged.out / "gate.json").read_text())
    report |= {"planned": [], "gates": [each for each in report["gates"] if each["gate"] != "debugger"]}
    (tmp_path / "gate.json").write_text(json.dumps(report))
    words = ("score", tmp_path / "gate.json", "--out", tmp_path / "o", "--config", ".ci-factory.yml")
    code, said = command(judged.source, *words, cwd=judged.repo)
    assert code == 4
    assert "there is no result of debugger" in said


def test_an_agent_is_added_as_described(new_repo: Callable[..., Path], tmp_path: Path) -> None:
    """The tool of the page works on a ticket, and the attempt has the usage that it told."""
    repo = new_repo(
        {"app.py": "print('Hello')\n", ".ci-factory.yml": file("adding-agent.md", ".ci-factory.yml") + OFF}
    )
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "pine").write_text(file("adding-agent.md", "pine"))
    (programs / "pine").chmod(0o755)
    source = sources_with("adding-agent.md", tmp_path)
    words = (
        "run",
        "--repo",
        repo,
        "--tickets",
        ticket(tmp_path / "tickets"),
        "--agent",
        "pine",
        "--out",
        tmp_path / "out",
    )
    code, said = command(source, *words, cwd=repo, path=programs)
    found = list((tmp_path / "out").rglob("attempt.json"))
    assert found, said
    attempt = json.loads(found[0].read_text())
    used = attempt["usage"]
    assert (used["input_tokens"], used["output_tokens"], used["cost_usd"]) == (1200, 300, None), (code, said)


def test_a_report_format_is_added_as_described(tmp_path: Path) -> None:
    """The reader of the page is recognised, and scored as the page shows."""
    (tmp_path / "shellcheck.json").write_text(file("adding-report.md", "shellcheck.json"))
    source = sources_with("adding-report.md", tmp_path / "copy")
    code, said = command(source, "score", "--reports", "shellcheck.json", "--out", "gates", cwd=tmp_path)
    assert (code, said) == (1, plain("adding-report.md", "text")[0])


READING = """
import io, sys
from ci_factory.errors import ArtifactError
from ci_factory.gates.reports.formats import read_issues
report = sys.stdin.read()
for part in sys.argv[1:]:
    try:
        assert part in report
        found = list(read_issues(io.BytesIO(report.replace(part, '"x": 1', 1).encode()), "shellcheck"))
        print("read", part, found)
    except ArtifactError as error:
        print(error.what)
"""


def test_the_reader_shown_refuses_what_is_no_report(tmp_path: Path) -> None:
    """The reader of the page holds what it says a reader owes: what is missing makes the report useless, and is named."""
    keys = ("line", "level", "code", "message", "file")
    source = sources_with("adding-report.md", tmp_path)
    text = file("adding-report.md", "shellcheck.json")
    parts = [re.findall(rf'"{key}": (?:\d+|"[^"]*")', text)[0] for key in keys]
    argv, env = [sys.executable, "-c", READING, *parts], os.environ | {"PYTHONPATH": str(source)}
    done = subprocess.run(argv, env=env, check=True, capture_output=True, text=True, input=text)
    assert done.stdout.splitlines() == [f"is not shellcheck: {key!r} is missing" for key in keys]


def ticket(folder: Path) -> Path:
    """A folder with one ticket."""
    folder.mkdir()
    (folder / "7.md").write_text(
        "# Say Bonjour\n\n## Files\n- app.py\n\n## Acceptance criteria\n- says Bonjour\n"
    )
    return folder


def test_a_forge_is_added_as_described(new_repo: Callable[..., Path], tmp_path: Path) -> None:
    """With the forge of the page, the merge request's branch is on the plain server as well."""
    repo = new_repo(
        {"app.py": "print('Hello')\n", ".ci-factory.yml": file("adding-forge.md", ".ci-factory.yml") + OFF}
    )
    git(tmp_path, "init", "--quiet", "--bare", "origin.git")
    git(repo, "remote", "add", "origin", str(tmp_path / "origin.git"))
    source = sources_with("adding-forge.md", tmp_path)
    contract_with("adding-forge.md", tmp_path)  # what the page changes there is there; the long test runs it
    words = ("run", "--repo", repo, "--tickets", ticket(tmp_path / "tickets"), "--out", tmp_path / "out")
    said = command(source, *words, cwd=repo)[1]
    assert "Bonjour" in git(tmp_path / "origin.git", "show", "factory/7-say-bonjour:app.py"), said


@pytest.mark.long
def test_the_forge_shown_keeps_the_contract(tmp_path: Path) -> None:
    """What every forge must do, the forge of the page does."""
    source = sources_with("adding-forge.md", tmp_path)
    contract_with("adding-forge.md", tmp_path)
    argv = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/forge/contract.py",
        "-k",
        "shared",
    ]
    env = os.environ | {"PYTHONPATH": str(source)}
    done = subprocess.run(argv, cwd=tmp_path, env=env, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert int(re.findall(r"(\d+) passed", done.stdout)[0]) > 40
