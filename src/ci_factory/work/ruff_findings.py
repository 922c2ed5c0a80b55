"""What ruff can mend safely in a commit, found and tried out on a copy of it."""

import json
import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from ci_factory.errors import FactoryError, ToolMissing
from ci_factory.model.attempt import DiffStat
from ci_factory.model.base import Json
from ci_factory.system import process
from ci_factory.system.git import Git
from ci_factory.work.agents.autofix_block import RuffFix
from ci_factory.work.agents.autofix_runner import ruff_check_arguments
from ci_factory.work.agents.python_version import supported_python
from ci_factory.work.paths import path_problem

RULES = (
    *("F401", "F541", "F632", "E711", "E712", "E713", "E714", "W291", "W293", "W605"),
    *("B", "C4", "FURB", "PIE", "PLR1711", "PLR5501", "RET501", "RSE102", "RUF010", "SIM", "UP"),
)
"""Rules whose safe fixes keep the meaning and the layout; the order of imports is the project's own affair."""

Findings = dict[str, Counter[str]]
"""Path -> rule -> number of safe fixes."""

_LIMIT = 256 * 1024 * 1024
_TIMEOUT = 600.0
_RULE = re.compile(r"[A-Z]+[0-9]+\Z")
_NAME = re.compile(r"[a-z0-9-]{1,60}\Z")


@dataclass(frozen=True)
class RuffScan:
    """Findings of one commit, with a copy of its Python files to try fixes on."""

    folder: Path
    target_version: str | None
    findings: Findings
    names: dict[str, str] = field(default_factory=dict)
    """Rule -> its name."""

    @classmethod
    def of(cls, repo: Git, scratch: Path) -> "RuffScan":
        """Scan HEAD; neither the repository nor its index is touched.

        Raises:
            RepositoryError: HEAD can't be read.
            FactoryError: ruff is missing or failed.
        """
        folder = scratch / "tree"
        folder.mkdir()
        paths = _export(repo, scratch / "index", folder)
        target = supported_python(repo.show("HEAD", "pyproject.toml"), repo.show("HEAD", "setup.cfg"))
        rows = _ruff(folder, *ruff_check_arguments(RULES, target), "--output-format", "json", ".")
        return cls(folder, target, *_collected(_parsed(rows), folder.resolve(), paths))

    def preview(self, job: RuffFix) -> DiffStat:
        """What a fix would change, without changing it."""
        patch = _ruff(
            self.folder, *ruff_check_arguments(job.rules, job.target_version), "--diff", "--", *job.files
        )
        lines = patch.splitlines()
        headers = [line for line in lines if line.startswith("+++ ")]
        added = sum(line.startswith("+") for line in lines) - len(headers)
        removed = sum(line.startswith("-") for line in lines) - len(headers)
        return DiffStat(
            files=tuple(line[4:] for line in headers), added=max(0, added), removed=max(0, removed)
        )

    def url(self, rule: str) -> str:
        """Where the rule is described."""
        return f"https://docs.astral.sh/ruff/rules/{self.names[rule]}"


def _export(repo: Git, index: Path, folder: Path) -> frozenset[str]:
    """Copy HEAD's regular Python files; returns their paths."""
    env = {"GIT_INDEX_FILE": str(index)}
    repo.text("read-tree", "HEAD", env=env)
    paths = [path for path in repo.files("HEAD") if path.endswith(".py") and not path_problem(path)]
    listing = "".join(f"{path}\0" for path in paths).encode("utf-8", "surrogateescape")
    repo.text("checkout-index", "-z", "--stdin", f"--prefix={folder}/", stdin=listing, env=env)
    return frozenset(path for path in paths if (folder / path).is_file() and not (folder / path).is_symlink())


def _collected(rows: list[Json], folder: Path, paths: frozenset[str]) -> tuple[Findings, dict[str, str]]:
    findings: Findings = {}
    names: dict[str, str] = {}
    for row in rows:
        rule, fix = str(row.get("code")), row.get("fix") or {}
        path = str(row.get("filename", "")).removeprefix(f"{folder}/")
        if fix.get("applicability") == "safe" and _RULE.match(rule) and path in paths:
            findings.setdefault(path, Counter())[rule] += 1
            if _NAME.match(name := str(row.get("name"))):
                names[rule] = name
    return findings, names


def _parsed(text: str) -> list[Json]:
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FactoryError("ruff wrote no JSON", where="ruff check", fix="update ruff") from error
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _ruff(folder: Path, *args: str) -> str:
    program = process.which("ruff", beside=sys.executable)
    if program is None:
        raise ToolMissing("ruff is not installed", fix="pip install 'ci-factory[gates]'")
    done = process.run((program, *args), cwd=folder, timeout=_TIMEOUT, limit=_LIMIT)
    if done.returncode not in {0, 1} or done.timed_out:
        raise FactoryError(f"ruff failed: {done.stderr.strip()[-500:]}", where="ruff check")
    return done.stdout
