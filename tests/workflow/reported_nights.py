"""A night of three tickets that was run, and its reports as people see them. Shared by the tests of reports."""

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from ci_factory.forge.local import LocalForge
from ci_factory.model.forge import NoteTarget
from ci_factory.system.clock import SystemClock
from ci_factory.system.git import Git
from tests.gitlab_standin.control import StandIn
from tests.workflow.gitlab_line import GitLabLine
from tests.workflow.kill_table import CONFIG, TICKETS

REPORT = "<!-- ci-factory:report:morning -->"
_NUMBERS = count(1)
_TOKENS: dict[str, dict[str, str]] = {}


@dataclass(frozen=True)
class Night:
    """A night that was run, to be copied: its repository with the output folder in it, and its project on GitLab."""

    repo: Path
    line: GitLabLine | None = None

    def copy(self, folder: Path) -> tuple[Path, Callable[[], list[dict[str, Any]]]]:
        """The same for one test, without any report yet, and how its reports are read."""
        repo = Path(shutil.copytree(self.repo, folder / "copy", symlinks=True))
        if (line := self.line) is None:
            return repo, lambda: kept(repo)
        for report in shown(line):
            line.project.issues.delete(int(report["id"]))
        return repo, lambda: shown(line)


def repository(folder: Path) -> Path:
    """A small project with a configuration."""
    (folder / "shop").mkdir(parents=True)
    (folder / "shop" / "__init__.py").write_text("", encoding="utf-8")
    (folder / ".ci-factory.yml").write_text(CONFIG, encoding="utf-8")
    (folder / ".gitignore").write_text("/.ci-factory/\n", encoding="utf-8")
    for words in ("init --quiet --initial-branch main", "add --all"):
        subprocess.run(["git", *words.split()], cwd=folder, check=True)
    who = ("-c", "user.name=Tess", "-c", "user.email=tess@example.com")
    subprocess.run(["git", *who, "commit", "--quiet", "--message", "first"], cwd=folder, check=True)
    return folder


def kept(repo: Path) -> list[dict[str, Any]]:
    """Reports on the embedded forge: id, title, body, labels and notes."""
    forge = LocalForge.open(Git(repo), user="ci-factory", clock=SystemClock())
    with forge.database.reading() as tx:
        rows = tx.execute("SELECT ticket_id, content FROM issue ORDER BY id").fetchall()
    found = [(row["ticket_id"], json.loads(row["content"])) for row in rows]
    told = [
        {"id": name, "title": ticket["title"], "body": ticket["body"], "labels": list(forge.change_labels(name)),
         "notes": [note.body for note in forge.notes(NoteTarget.ISSUE, name)]}
        for name, ticket in found if REPORT in ticket["body"]
    ]  # fmt: skip
    forge.disconnect()
    return told


def shown(line: GitLabLine) -> list[dict[str, Any]]:
    """Reports on GitLab: id, title, body, labels and notes."""
    found = line.project.issues.list(get_all=True, state="all", sort="asc", order_by="created_at")
    return [
        {"id": str(each.iid), "title": each.title, "body": each.description, "labels": list(each.labels),
         "notes": [n.body for n in each.notes.list(get_all=True, sort="asc") if not n.system]}
        for each in found
        if REPORT in (each.description or "")
    ]  # fmt: skip


def project(server: StandIn, repo: Path) -> GitLabLine:
    """A project on GitLab with the tickets as issues; the output folder lies in the repository, as in a job."""
    path, tokens = f"reports/place-{next(_NUMBERS)}", _TOKENS.setdefault(server.url, {})
    line = GitLabLine.make(server, path, repo, repo / ".ci-factory", tokens)
    line.open_issues(TICKETS)
    return line
