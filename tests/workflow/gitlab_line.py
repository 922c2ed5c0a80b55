"""A project on the GitLab stand-in with tickets, and the real command line working on it. Shared by tests and tables."""

import multiprocessing
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gitlab

from ci_factory.model.ticket import Ticket
from tests.gitlab_standin.control import StandIn

BOT, BOSS = "factory-bot", "tess"
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["ci_factory.cli.publish", "ci_factory.forge.gitlab.forge"])


@dataclass(frozen=True)
class Held:
    """A process that waits for the word to go."""

    process: Any
    _word: Any

    @property
    def pid(self) -> int:
        """Its number."""
        return int(self.process.pid)

    def go(self) -> int:
        """Let it run to its end; its exit status, negative when it was killed."""
        self._word.send("go")
        self.process.join()
        self._word.close()
        return int(self.process.exitcode)


@dataclass
class GitLabLine:
    """One project there, its clone here, and an output folder."""

    server: StandIn
    path: str
    repo: Path
    out: Path
    id: int = 0
    token: str = ""
    _admin: Any = field(default=None, repr=False)

    @classmethod
    def make(cls, server: StandIn, path: str, repo: Path, out: Path, tokens: dict[str, str]) -> "GitLabLine":
        """A new project with the repository's branches. `tokens` remembers users between projects."""
        line = cls(server, path, repo, out)
        line.id = server.project(path, source=repo)
        for name, role in ((BOT, "developer"), (BOSS, "owner")):
            if name not in tokens:
                tokens[name] = server.user(name, bot=name == BOT)
            server.member(line.id, name, role)
        line.token = tokens[BOT]
        line._admin = gitlab.Gitlab(server.url, private_token=tokens[BOSS])
        return line

    @property
    def project(self) -> Any:
        """The project, as its owner sees it."""
        return self._admin.projects.get(self.id, lazy=True)

    def open_issues(self, tickets: Iterable[Ticket]) -> None:
        """Issues as people would write them, with the tickets' own numbers."""
        for ticket in tickets:
            labels = [*ticket.labels, f"priority::{ticket.priority.value}"]
            labels += [f"complexity::{ticket.complexity.value}"] if ticket.complexity else []
            data = {"iid": int(ticket.id), "title": ticket.title, "description": description(ticket)}
            self.project.issues.create({**data, "labels": ",".join(labels)})

    def environment(self) -> dict[str, str]:
        """What a CI job of the project's default branch would see."""
        address = {"CI_SERVER_URL": self.server.url, "CI_PROJECT_PATH": self.path}
        return {**address, "CI_COMMIT_REF_PROTECTED": "true", "CI_FACTORY_TOKEN": self.token}

    def held(self, *argv: str) -> "Held":
        """The command line in a process of its own, ready to go; forked from one that has imported it, as that is quick."""
        words = [*argv, "--repo", str(self.repo), "--out", str(self.out)]
        ours, theirs = _FORKS.Pipe()
        process = _FORKS.Process(target=_command, args=(theirs, words, self.environment() | _git_settings()))
        process.start()
        theirs.close()
        return Held(process, ours)

    def command(self, *argv: str) -> int:
        """Run the command line; its exit status, negative when it was killed."""
        return self.held(*argv).go()

    def state(self) -> dict[str, Any]:
        """Everything that publication leaves, without numbers and times that differ from project to project."""
        project = self.project
        heads = {each.name: each.commit["id"] for each in project.branches.list(get_all=True)}
        requests = {
            each.source_branch: _merge_request(each) for each in project.mergerequests.list(get_all=True)
        }
        count = len(project.mergerequests.list(get_all=True, state="all"))
        issues = {each.iid: _issue(each) for each in project.issues.list(get_all=True)}
        return {"branches": heads, "merge requests": requests, "count": count, "issues": issues}

    def copy(self, path: str, folder: Path, tokens: dict[str, str]) -> "GitLabLine":
        """The same work before its publication, for another project."""
        repo, out = folder / "repo", folder / "out"
        shutil.copytree(self.repo, repo, symlinks=True)
        shutil.copytree(self.out, out, symlinks=True)
        return GitLabLine.make(self.server, path, repo, out, tokens)


def description(ticket: Ticket) -> str:
    """A ticket's content as an issue's text."""
    files = "".join(f"\n- {path}" for path in ticket.files)
    depends = "".join(f"\n\nDepends on #{each}" for each in ticket.depends_on)
    criteria = "".join(f"\n- {each}" for each in ticket.acceptance_criteria)
    sections = {"Files": files, "Acceptance criteria": criteria}
    return (
        ticket.body + "".join(f"\n\n## {name}\n{text}" for name, text in sections.items() if text) + depends
    )


def _merge_request(found: Any) -> Mapping[str, Any]:
    notes = [note.body for note in found.notes.list(get_all=True, sort="asc") if not note.system]
    return {
        **{name: getattr(found, name) for name in ("title", "description", "draft", "target_branch", "sha")},
        "labels": sorted(found.labels),
        "author": found.author["username"],
        "versions": len(found.diffs.list(get_all=True)),
        "notes": [_plain(body) for body in notes],
    }


def _issue(found: Any) -> Mapping[str, Any]:
    notes = [note.body for note in found.notes.list(get_all=True, sort="asc") if not note.system]
    return {"labels": sorted(found.labels), "state": found.state, "notes": [_plain(body) for body in notes]}


def _plain(body: str) -> str:
    return re.sub(r"\"seconds\":[0-9.]+", "", body)


def _git_settings() -> dict[str, str]:
    """The process that is forked from was started before the test set its own."""
    names = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "HOME", "PATH")
    return {name: os.environ[name] for name in names if name in os.environ}


def _command(word: Any, argv: list[str], environment: dict[str, str]) -> None:
    from ci_factory.cli import main

    os.environ.update(environment)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    word.recv()
    raise SystemExit(main.run(argv))
