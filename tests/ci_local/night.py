"""The demonstration's repository and tickets as projects on the stand-in, for nights in pipelines and nights on this machine."""

import importlib.util
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from ci_factory.forge.ticket_files import read_tickets
from tests.ci_local.driver import Runner, Secret, include, pipeline_of, templates
from tests.gitlab_standin.control import StandIn
from tests.workflow.gitlab_line import BOSS, GitLabLine

_SCRIPT = Path(__file__).parents[2] / "examples" / "demo.py"
PEOPLE = ("mara", "jonas", "lena")
THREE = ("101", "103", "106")
"""Of the tickets; the third is stacked on the second."""
WHOLE = "TEST_WHOLE_NIGHTS" in os.environ
"""Whether nights have all tickets and, on one machine, all gates: `make test-nights`."""
SOME = frozenset((*THREE, "105", "109", "112", "113"))
"""Enough for every kind of end: published, stacked, sent back, asked about, with a secret, blocked."""
QUICKER = {
    "timeout_minutes: 0.25": "timeout_minutes: 0.15",
    "gates:\n  tests:\n": "gates:\n  disabled: [semgrep, mypy, dependencies]\n  tests:\n    proof: false\n    mutants: {sample: 0}\n",
}
"""Every ticket comes to the same end without the slowest tools, and with less time for the agent that hangs."""


def at_night(ticket_id: str) -> bool:
    """Whether a ticket of the demonstration is in these nights."""
    return WHOLE or ticket_id in SOME


def both_levels() -> str:
    """Both levels in one project: the batch on schedules, three tickets when somebody starts a pipeline by hand."""
    by_hand = [{"if": '$CI_PIPELINE_SOURCE == "web"'}]
    few = {"tickets": list(THREE), "job-prefix": "few", "rules": by_hand}
    return pipeline_of(include("batch"), include("agents", few))


def _demo() -> ModuleType:
    spec = importlib.util.spec_from_file_location("ci_factory_demo_in_pipelines", _SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Demonstration:
    """The prepared repository with a pipeline file, beside the agents' recordings and the tickets."""

    repository: Path
    tickets: Path
    recordings: Path

    @classmethod
    def prepare(cls, folder: Path, pipeline: str = "", *, hurried: bool = True) -> "Demonstration":
        """As `make run` makes it, with one commit more: `.gitlab-ci.yml` and our components, and `QUICKER` unless not `hurried`."""
        demo = _demo()
        place = demo.Place(folder)
        folder.mkdir(parents=True)
        demo.prepare(place)
        config = place.repository / ".ci-factory.yml"
        text = config.read_text(encoding="utf-8")
        for slow, quick in QUICKER.items() if hurried else ():
            assert slow in text
            text = text.replace(slow, quick)
        files = {".ci-factory.yml": text, ".gitlab-ci.yml": pipeline, **templates()}
        for name, content in files.items():
            path = place.repository / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(content, encoding="utf-8")
        for command in (("add", "--all"), ("commit", "--quiet", "--message", "ci: the factory")):
            subprocess.run(["git", *command], cwd=place.repository, check=True)
        return cls(place.repository, place.tickets, place.library / "agents")

    def line(self, server: StandIn, path: str, folder: Path) -> GitLabLine:
        """A project with the tickets as issues, and a clone of its own beside the recordings."""
        copy = folder / "library" / "project"
        shutil.copytree(self.repository, copy, symlinks=True)
        shutil.copytree(self.recordings, copy.parent / "agents")
        line = GitLabLine.make(server, path, copy, folder / "out", {})
        for name in PEOPLE:
            with suppress(RuntimeError):  # another test made them
                server.user(name)
            server.member(line.id, name, "developer")
        line.open_issues([each for each in read_tickets(self.tickets) if at_night(each.id)])
        return line

    def runner(self, line: GitLabLine, folder: Path) -> Runner:
        """Runs the project's pipelines; jobs find the recordings beside their checkout, as the configuration says."""
        folder.mkdir()
        token = Secret("CI_FACTORY_TOKEN", line.token, "factory")
        job_token = line.server.job_token(BOSS, line.id)
        beside = {"agents": self.recordings}
        return Runner(line.server, line.path, line.id, folder, job_token, (token,), beside=beside)
