"""A small project in a real repository, and the gates run on a change of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from ci_factory import config as configuration
from ci_factory.config import Config
from ci_factory.gates.plan import known_names
from ci_factory.gates.runner import run_gates
from ci_factory.model.gate import GateReport, GateResult
from ci_factory.system.clock import SystemClock
from ci_factory.system.git import Git


@dataclass(frozen=True)
class Project:
    """A repository whose every commit is given as files; `None` deletes one."""

    git: Git
    scratch: Path
    cache: Path

    def commit(self, files: Mapping[str, str | None]) -> str:
        """Write, delete and commit; the new commit."""
        for name, text in files.items():
            path = self.git.folder / name
            if text is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
        self.git.text("add", "--all", "--force")
        self.git.text("commit", "--quiet", "--allow-empty", "-m", "work")
        return self.git.resolve("HEAD")

    def report(
        self,
        *gates: str,
        settings: str = "",
        revisions: tuple[str, str] = ("HEAD~1", "HEAD"),
        cached: bool = False,
    ) -> GateReport:
        """Run these gates only (none named: all). `settings` is the text of a configuration."""
        base, head = revisions
        config = configuration.parse(settings)
        config = only(gates, config) if gates else config
        cache = self.cache if cached else None
        return run_gates(
            self.git, base, head, config=config, scratch=self.scratch, cache=cache, clock=SystemClock()
        )

    def judge(
        self,
        gate: str,
        settings: str = "",
        *,
        revisions: tuple[str, str] = ("HEAD~1", "HEAD"),
        cached: bool = False,
    ) -> GateResult:
        """The result of one gate on a change, the last commit if nothing else is said."""
        report = self.report(gate, settings=settings, revisions=revisions, cached=cached)
        return next(each for each in report.gates if each.gate == gate)


def only(gates: Iterable[str], config: Config) -> Config:
    """The configuration with all other gates disabled; gates of a root are called `root:gate`."""
    wanted = {name for full in gates for name in (full, full.rpartition(":")[2])}
    others = tuple(name for name in known_names(config.gates) if name not in wanted)
    return config.model_copy(update={"gates": config.gates.model_copy(update={"disabled": others})})


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty repository."""
    folder = tmp_path / "repo"
    folder.mkdir()
    git = Git(folder)
    git.text("init", "--quiet", "--initial-branch=main")
    return Project(git, tmp_path / "scratch", tmp_path / "cache")
