"""A small project after a night, for the command lines of our documents to work on."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.conftest import Ran, commit_files, git
from tests.gitlab_standin.control import StandIn

# The gates that start slow tools have tests of their own; here it matters that the commands work.
CONFIG = """
batch: {parallel: 2, timeout_minutes: 1}
gates: {disabled: [semgrep, mypy, secrets], tests: {proof: false, mutants: {sample: 0}}}
review: {reviewers: [alice]}
integration: {tests: off}
sandbox: off
agents: [{name: coder, adapter: command, command: my-agent}]
"""
SOURCE = '''"""An application."""

import os


def rounded(price: float) -> int:
    """Round a price."""
    return int(price)


def shown(price: float) -> str:
    """A price for people."""
    return f"{price:.2f}"
'''
TEST = "from src import app\n\n\ndef test_rounded() -> None:\n    assert app.rounded(1.2) == 1\n"
AGENT = '''printf '"""Greetings."""\\n\\n\\ndef hello() -> str:\\n    """Greet."""\\n    return "Bonjour"\\n' > src/hello.py
printf 'from src import hello\\n\\n\\ndef test_hello() -> None:\\n    assert hello.hello() == "Bonjour"\\n' > tests/test_hello.py
'''
TICKET = """---
id: 101
files: [src/hello.py]
---
# Greet in French

## Acceptance criteria
- `hello()` returns `Bonjour`
"""
JUNIT = '<testsuite tests="1"><testcase classname="a" name="b"/></testsuite>\n'
SARIF = '{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "ruff"}}, "results": []}]}\n'
REPORTS = {
    **{f"{folder}/lint.sarif": SARIF for folder in ("reports", "head", "base")},
    **{f"{folder}/tests.xml": JUNIT for folder in ("junit", "build")},
}


@dataclass(frozen=True)
class Place:
    """A repository in which our documents' commands are typed, and programs that they call."""

    repo: Path
    run: Callable[..., Ran]
    played: bool = False
    """Whether there was a night."""

    def environment(self, **more: str) -> dict[str, str]:
        """Of whoever types."""
        path = f"{self.repo.parent / 'bin'}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return {**os.environ, "PATH": path, "HOME": str(self.repo.parent), **more}

    def __call__(self, *words: str, **more: str) -> Ran:
        """Type `ci-factory` and these words."""
        return self.run(*words, cwd=self.repo, env=self.environment(**more))

    def copy(self, folder: Path) -> "Place":
        """The same in another folder."""
        shutil.copytree(self.repo.parent, folder / "place", symlinks=True)
        return replace(self, repo=folder / "place" / self.repo.name)


@pytest.fixture(scope="session")
def gitlab_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """A GitLab, for pages that need one."""
    with StandIn.start(tmp_path_factory.mktemp("gitlab")) as server:
        yield server


@pytest.fixture(scope="session")
def fresh(
    tmp_path_factory: pytest.TempPathFactory, factory_cli: Callable[..., Ran], git_settings: Path
) -> Place:
    """A project that has never seen the factory: with a queue, a branch, and reports of other tools."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("GIT_CONFIG_GLOBAL", str(git_settings))
        patched.setenv("GIT_CONFIG_NOSYSTEM", "1")
        return Place(_project(tmp_path_factory.mktemp("documents")), factory_cli)


@pytest.fixture(scope="session")
def played(fresh: Place, tmp_path_factory: pytest.TempPathFactory, git_settings: Path) -> Place:
    """The same after a night: one merge request, and its figures in the store."""
    place = fresh.copy(tmp_path_factory.mktemp("played"))
    settings = {"GIT_CONFIG_GLOBAL": str(git_settings), "GIT_CONFIG_NOSYSTEM": "1"}
    ran = place("run", "--tickets", "tickets/101.md", **settings)
    assert ran.code == 0, ran.err
    assert "!1 " in ran.err, ran.err
    collected = place("collect", "--store", **settings)
    assert collected.code == 0, collected.err
    (place.repo.parent / "collected").write_text(collected.out, encoding="utf-8")
    return replace(place, played=True)


def _project(folder: Path) -> Path:
    agent = folder / "bin" / "my-agent"
    agent.parent.mkdir()
    agent.write_text(f"#!/bin/sh\n{AGENT}", encoding="utf-8")
    agent.chmod(0o755)
    repo = folder / "shop"
    repo.mkdir()
    git(repo, "init", "--quiet", "--initial-branch", "main")
    ignored = {".gitignore": "__pycache__/\n.pytest_cache/\n/reports\n/junit\n/build\n/head\n/base\n"}
    files = {
        ".ci-factory.yml": CONFIG,
        "src/__init__.py": "",
        "src/app.py": SOURCE,
        "tests/test_app.py": TEST,
    }
    commit_files(repo, files | ignored | {"tickets/101.md": TICKET}, "first")
    git(repo, "switch", "--quiet", "--create", "my-branch")
    commit_files(repo, {"src/app.py": SOURCE.replace("int(price)", "round(price)")}, "round")
    git(repo, "switch", "--quiet", "main")
    for name, text in REPORTS.items():
        (repo / name).parent.mkdir(exist_ok=True)
        (repo / name).write_text(text, encoding="utf-8")
    return repo
