"""Tickets from a repository's own findings, and the night that mends them."""

import importlib.util
import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from ci_factory.cli.from_findings import command
from ci_factory.config import AgentConfig
from ci_factory.errors import UsageError
from ci_factory.forge.ticket_files import read_tickets
from ci_factory.model.attempt import Ending
from ci_factory.model.ticket import Candidate, Estimate, Readiness, Risk, RiskLevel, Size
from ci_factory.system.git import Git
from ci_factory.work.from_findings import tickets_from_findings
from ci_factory.work.portions import MAX_FILES, MAX_FIXES, portions

Room = Any  # tests/work/conftest.py

FILES = {
    "a.py": "import os\nimport sys\n",
    "b.py": "import os\n",
    "deep/c.py": "x = not 1 in [1]\nimport os\n",
    "clean.py": "x = 1\n",
    "untidy.txt": "import os\n",
    "pyproject.toml": '[project]\nname = "x"\nrequires-python = ">=3.9"\n',
}


def written(repo: Git, out: Path, limit: int | None = None) -> list[Path]:
    """The tickets, without a look at any package index."""
    return tickets_from_findings(repo, out, limit, offline=True).paths


def texts(paths: list[Path]) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in paths}


def test_files_with_the_same_findings_share_a_ticket(new_repo: Callable[..., Path], tmp_path: Path) -> None:
    """Rules and files are named, the tickets can be read back, and no file is in two of them."""
    paths = written(Git(new_repo(FILES)), tmp_path / "out")
    tickets = read_tickets(tmp_path / "out")
    assert [path.stem for path in paths] == ["ruff-e713-1", "ruff-f401-1"]
    assert [(ticket.id, ticket.files) for ticket in tickets] == [
        ("ruff-e713-1", ("deep/c.py",)),
        ("ruff-f401-1", ("a.py", "b.py")),
    ]
    assert all(ticket.acceptance_criteria and ticket.test_cases for ticket in tickets)
    assert [ticket.complexity for ticket in tickets] == [Size.TRIVIAL, Size.SMALL]
    assert "target_version: py39" in tickets[0].body


def test_the_repository_is_only_read(new_repo: Callable[..., Path], tmp_path: Path, git: Any) -> None:
    """HEAD is looked at: neither the working tree, nor the index, nor what lies uncommitted matters or changes."""
    repo = new_repo(FILES)
    (repo / "clean.py").write_text("import os\n", encoding="utf-8")
    before = (git(repo, "status", "--porcelain=v1"), (repo / ".git/index").read_bytes())
    paths = written(Git(repo), tmp_path / "out")
    assert "clean.py" not in str(texts(paths))
    assert (git(repo, "status", "--porcelain=v1"), (repo / ".git/index").read_bytes()) == before


def test_the_same_commit_gives_the_same_tickets(new_repo: Callable[..., Path], tmp_path: Path) -> None:
    """Run again, also into the same folder: the same bytes; a lower limit takes the rest away."""
    repo = Git(new_repo(FILES))
    first = texts(written(repo, tmp_path / "out"))
    assert texts(written(repo, tmp_path / "out")) == first
    written(repo, tmp_path / "out", limit=1)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["ruff-e713-1.md"]


@pytest.mark.parametrize("name", ["notes.md", "x.txt", ".hidden", "folder/x.md"])
def test_a_folder_with_anything_else_is_refused(
    new_repo: Callable[..., Path], tmp_path: Path, name: str
) -> None:
    """Nothing of somebody else's is replaced or mixed up."""
    place = tmp_path / "out" / name
    place.parent.mkdir(parents=True)
    place.write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="was not made here"):
        written(Git(new_repo(FILES)), tmp_path / "out")
    assert place.read_text(encoding="utf-8") == "mine"


def test_settings_in_the_repository_do_not_decide(new_repo: Callable[..., Path], tmp_path: Path) -> None:
    """A ruff configuration at HEAD, however broken, is not read."""
    broken = {**FILES, "ruff.toml": "not toml at all ["}
    assert len(written(Git(new_repo(broken)), tmp_path / "out")) == 2


def test_a_clean_repository_gives_no_tickets(new_repo: Callable[..., Path], tmp_path: Path) -> None:
    """The command says so and succeeds."""
    repo = new_repo({"clean.py": "x = 1\n"})
    done = CliRunner().invoke(command, ["--repo", str(repo), "--out", str(tmp_path / "out")])
    assert (done.exit_code, "nothing" in done.output) == (0, True)


def test_the_command_tells_machines_the_files(new_repo: Callable[..., Path], tmp_path: Path) -> None:
    """--json prints the paths in order, --limit bounds them."""
    args = ["--repo", str(new_repo(FILES)), "--out", str(tmp_path / "out"), "--limit", "1", "--json"]
    done = CliRunner().invoke(command, args)
    assert json.loads(done.output) == {"tickets": [str(tmp_path / "out/ruff-e713-1.md")]}


FINDINGS = st.dictionaries(
    st.from_regex(r"[a-z]{1,3}\.py", fullmatch=True),
    st.dictionaries(st.sampled_from(["F401", "UP006", "SIM114", "B010"]), st.integers(1, 80), min_size=1).map(
        Counter
    ),
    max_size=30,
)


@given(FINDINGS)
def test_portions_are_reviewable_and_complete(findings: dict[str, Counter[str]]) -> None:
    """At most 5 files and 50 fixes; every rule of a file that fits is in exactly one portion."""
    made = portions(findings)
    assert all(len(one.files) <= MAX_FILES and one.fixes <= MAX_FIXES for one in made)
    covered = Counter((path, rule) for one in made for path in one.files for rule in one.rules)
    fitting = {
        (path, rule)
        for path, rules in findings.items()
        for rule, count in rules.items()
        if count <= MAX_FIXES
    }
    assert covered == Counter(fitting)


@pytest.mark.slow
@pytest.mark.parametrize("package", ["click", "semgrep"])
def test_real_code_is_mended(room: Room, new_repo: Callable[..., Path], package: str) -> None:
    """On a well-known package as installed: every ticket made becomes a real, bounded diff in its own files."""
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        pytest.skip(f"{package} is not installed")
    repo = new_repo({"README.md": package}, name=package)
    ignored = shutil.ignore_patterns("__pycache__", "bin", "*.so")
    shutil.copytree(found.submodule_search_locations[0], repo / package, ignore=ignored)
    git = Git(repo)
    git.text("add", "--all")
    git.text("commit", "--quiet", "--message", "source")
    room.base = git.resolve("HEAD")
    room.hub = Git(room.root / "package.git")
    room.hub.init_hub(git)
    written(git, room.root / "tickets", limit=4)
    for ticket in read_tickets(room.root / "tickets"):
        candidate = Candidate(
            ticket=ticket,
            readiness=Readiness(ready=True),
            estimate=Estimate(complexity=ticket.complexity or Size.SMALL, files=ticket.files),
            risk=Risk(level=RiskLevel.LOW),
        )
        planned = room.planned(ticket.id).model_copy(update={"candidate": candidate})
        attempt = room.work(planned, agent=AgentConfig(name="one", adapter="autofix"))
        assert attempt.ending is Ending.COMPLETED, attempt.reason
        assert set(attempt.diff.files) == set(ticket.files)
        assert attempt.measured_size is ticket.complexity
    assert len(room.checked) >= 1
