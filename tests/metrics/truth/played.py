"""The same acts through the API and git's own protocol, one request after the other, as people and bots do them."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.gitlab_standin.control import StandIn
from tests.gitlab_standin.repo import environment
from tests.metrics.truth import papers
from tests.metrics.truth.commits import Commits
from tests.metrics.truth.rows import bug_text, request_text
from tests.metrics.truth.world import Act, Life, timeline


@dataclass
class Played:
    """Plays a history on one project. Commits come from `commits`, except merges, which the server makes."""

    server: StandIn
    project: int
    path: str
    tokens: dict[str, str]
    commits: Commits
    _sessions: dict[str, requests.Session] = field(default_factory=dict)
    _notes: dict[int, int] = field(default_factory=dict)

    def play(self, all_lives: tuple[Life, ...]) -> None:
        """Everything, in order, each act at its time."""
        acts: dict[str, Callable[[Act, Life], Any]] = {
            name.removeprefix("_on_"): getattr(self, name) for name in dir(self) if name.startswith("_on_")
        }
        for act, life in timeline(all_lives):
            self.server.clock(act.at)
            acts[act.what](act, life)
        for session in self._sessions.values():
            session.close()

    def _on_open(self, act: Act, life: Life) -> None:
        labels = f"priority::{life.priority},complexity::{life.size}"
        data = {"title": life.title, "description": papers.description(life), "labels": labels}
        made = self._do("POST", act.who, "issues", data)
        assert made["iid"] == life.issue

    def _on_bug(self, act: Act, life: Life) -> None:
        title = f"Wrong sums after change {life.key}"
        self._do("POST", act.who, "issues", {"title": title, "description": bug_text(life), "labels": "bug"})

    def _on_trigger(self, act: Act, life: Life) -> None:
        self._do("PUT", act.who, f"issues/{life.issue}", {"add_labels": papers.READY})

    def _on_escalate(self, act: Act, life: Life) -> None:
        body = papers.escalation_note(life, self.commits.tip_at(life.started))
        self._do("POST", act.who, f"issues/{life.issue}/notes", {"body": body})
        self._state(act, life)

    def _on_end(self, act: Act, life: Life) -> None:
        body = papers.ending_note(life, self.commits.tip_at(life.started))
        self._do("POST", act.who, f"issues/{life.issue}/notes", {"body": body})
        self._state(act, life)

    def _on_answer(self, act: Act, life: Life) -> None:
        self._do("POST", act.who, f"issues/{life.issue}/notes", {"body": act.text})

    def _state(self, act: Act, life: Life) -> None:
        state = papers.STATE + papers.STATES[life.ending]
        data = {"add_labels": state, "remove_labels": papers.READY}
        self._do("PUT", act.who, f"issues/{life.issue}", data)

    def _on_publish(self, act: Act, life: Life) -> None:
        base, head = self.commits.first[life.key]
        self._push(act, life)
        title = life.title if life.passes else f"Draft: {life.title}"
        data = {
            "source_branch": life.branch,
            "target_branch": "main",
            "title": title,
            "description": request_text(life),
        }
        made = self._do("POST", act.who, "merge_requests", data)
        assert made["iid"] == life.iid
        body = papers.score_note(life, base, head, life.score)
        self._notes[life.key] = self._on_request_note(act, life, body)["id"]
        self._state(act, life)

    def _on_ready(self, act: Act, life: Life) -> None:
        self._do("PUT", act.who, f"merge_requests/{life.iid}", {"title": life.title})

    def _on_note(self, act: Act, life: Life) -> None:
        self._on_request_note(act, life, act.text)

    def _on_request_note(self, act: Act, life: Life, body: str) -> Any:
        return self._do("POST", act.who, f"merge_requests/{life.iid}/notes", {"body": body})

    def _on_request(self, act: Act, life: Life) -> None:
        self._on_request_note(act, life, "/request_changes")
        self._on_request_note(act, life, act.text)

    def _on_approve(self, act: Act, life: Life) -> None:
        self._do("POST", act.who, f"merge_requests/{life.iid}/approve", {})

    def _on_push(self, act: Act, life: Life) -> None:
        self._push(act, life)

    _on_rebase = _on_push

    def _on_rescore(self, act: Act, life: Life) -> None:
        found = self._do("GET", act.who, f"merge_requests/{life.iid}", {})["diff_refs"]
        assert life.rescored is not None
        body = papers.score_note(life, found["base_sha"], found["head_sha"], life.rescored)
        self._do("PUT", act.who, f"merge_requests/{life.iid}/notes/{self._notes[life.key]}", {"body": body})

    def _on_spend(self, act: Act, life: Life) -> None:
        data = {"duration": f"{act.count}s"}
        self._do("POST", act.who, f"merge_requests/{life.iid}/add_spent_time", data)

    def _on_close(self, act: Act, life: Life) -> None:
        self._do("PUT", act.who, f"merge_requests/{life.iid}", {"state_event": "close"})

    def _on_merge(self, act: Act, life: Life) -> None:
        self._do("PUT", act.who, f"merge_requests/{life.iid}/merge", {"should_remove_source_branch": True})

    def _on_edit(self, act: Act, life: Life) -> None:
        self._push(act, life, "main")

    _on_revert = _on_edit

    def _push(self, act: Act, life: Life, branch: str = "") -> None:
        commit = self.commits.of[life.key, act.number]
        scheme, _, rest = self.server.url.partition("://")
        url = f"{scheme}://any:{self.tokens[act.who]}@{rest}/{self.path}.git"
        git(
            self.commits.repository,
            "push",
            "--quiet",
            "--force",
            url,
            f"{commit}:refs/heads/{branch or life.branch}",
        )

    def _do(self, verb: str, who: str, what: str, data: dict[str, Any]) -> Any:
        session = self._sessions.setdefault(who, requests.Session())
        session.headers["PRIVATE-TOKEN"] = self.tokens[who]
        url = f"{self.server.url}/api/v4/projects/{self.project}/{what}"
        done = session.request(verb, url, json=data or None, timeout=30)
        assert done.status_code < 300, (verb, what, done.status_code, done.text)
        return done.json() if done.content else None


def git(folder: Path, *args: str) -> str:
    """What git says."""
    argv = ["git", "--git-dir", str(folder), *args]
    return subprocess.run(argv, capture_output=True, text=True, check=True, env=environment()).stdout.strip()


def shown(server: StandIn, project: int, token: str, all_lives: tuple[Life, ...]) -> dict[str, Any]:
    """Everything that the API tells of a history, without what is drawn by lot: ids of discussions, addresses."""
    session = requests.Session()
    session.headers["PRIVATE-TOKEN"] = token
    found: dict[str, Any] = {}

    def ask(what: str) -> None:
        url = f"{server.url}/api/v4/projects/{project}/{what}"
        done = session.get(url, params={"per_page": "100", "sort": "asc"}, timeout=30)
        assert done.status_code == 200, (what, done.text)
        found[what] = done.text.replace(server.url, "")

    parts = ("notes", "resource_label_events", "resource_state_events", "time_stats")
    for life in all_lives:
        for what in ("", *parts):
            ask(f"issues/{life.issue}/{what}".rstrip("/"))
        for what in ("", *parts, "approvals", "reviewers", "versions", "commits") if life.iid else ():
            ask(f"merge_requests/{life.iid}/{what}".rstrip("/"))
    for what in ("issues", "merge_requests", "repository/branches"):
        ask(what)
    session.close()
    return found
