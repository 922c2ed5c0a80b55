"""A small project in a real repository, and the real command line on a change of it, as a job of a pipeline runs it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ci_factory.cli import main
from ci_factory.config import Config
from ci_factory.gates.plan import known_names
from tests.attacks.table import variants
from tests.conftest import git

Seen = Callable[[str], None]
Files = Mapping[str, str | bytes | None]
"""Path to content; `None` deletes one."""
OFF = "dependencies: {check_index: false}"
"""No index is asked."""
ONLY_RUN = "tests: {reruns: 0, proof: false, mutants: {sample: 0}, test_timeout_seconds: 5}"
"""Of the tests gate what costs least: the defences that every run has."""
_EVERY = known_names(Config().gates)

sampled = partial(variants, quick=1)
"""Variants of which all but the first are in `make attacks` and `make test-long` only."""


@dataclass(frozen=True)
class Verdict:
    """What a command left and how it ended."""

    code: int
    report: dict[str, Any]
    score: dict[str, Any]

    @property
    def verdict(self) -> str:
        """In a word."""
        return str(self.score.get("verdict"))

    def gate(self, name: str) -> dict[str, Any]:
        """One gate's result."""
        found: dict[str, Any] = next(each for each in self.report["gates"] if each["gate"] == name)
        return found

    def status(self, name: str) -> str:
        """One gate's status."""
        return str(self.gate(name)["status"])

    def reasons(self, name: str) -> list[str]:
        """What one gate says, each with its place."""
        rows = self.gate(name)["reasons"]
        return [f"{each['path']}:{each['line']} {each['message']}" for each in rows]

    def new(self, name: str) -> list[tuple[str, str, int]]:
        """New findings of one gate: rule, path, line."""
        rows = [each for each in self.gate(name)["findings"] if each["is_new"]]
        return sorted((each["rule"], each["path"], (each["region"] or {}).get("line", 0)) for each in rows)


@dataclass(frozen=True)
class Place:
    """A repository, and a folder for what commands leave."""

    repo: Path
    out: Path

    def commit(self, files: Files) -> str:
        """Write, delete and commit."""
        for name, content in files.items():
            path = self.repo / name
            if content is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content if isinstance(content, bytes) else content.encode())
        git(self.repo, "add", "--all", "--force")
        git(self.repo, "commit", "--quiet", "--allow-empty", "-m", "work")
        return git(self.repo, "rev-parse", "HEAD")

    def gate(self, before: Files, after: Files, *gates: str, settings: str = OFF) -> Verdict:
        """`ci-factory gate` on the step from one to the other, with these gates; `settings` stand below the base's `gates`."""
        off = ", ".join(name for name in _EVERY if name not in gates)
        config = f"gates: {{disabled: [{off}], {settings}}}\n"
        self.commit({".ci-factory.yml": config, **before})
        self.commit(after)
        return self.ran("gate", "--repo", str(self.repo), "--base", "HEAD~1", "--head", "HEAD")

    def scored(self, reports: Files, *argv: str) -> Verdict:
        """`ci-factory score --reports` on files that a job left in a folder of its own."""
        folder = self.out.with_name("reports")
        for name, content in reports.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else (content or "").encode())
        return self.ran("score", "--reports", f"{folder}/**", *argv)

    def ran(self, *argv: str) -> Verdict:
        """A command that writes a verdict."""
        code = main.run([*argv, "--out", str(self.out)])
        return Verdict(code, _read(self.out / "gate.json"), _read(self.out / "score.json"))


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return found
