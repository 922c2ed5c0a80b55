"""Writes a made history into a GitLab stand-in's own tables: what its API leaves, without a request for each act."""

import sqlite3
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.gitlab_standin.issuables import new_discussion
from tests.gitlab_standin.repo import environment
from tests.gitlab_standin.store import stamp
from tests.metrics.truth import papers
from tests.metrics.truth.commits import Commits
from tests.metrics.truth.world import Act, Life, bug_issues, timeline

ISSUE, REQUEST = "Issue", "MergeRequest"
_TABLES = {ISSUE: "issue", REQUEST: "merge_request"}


def bug_text(life: Life) -> str:
    """An issue about something that a change broke."""
    return f"Since !{life.iid} the sums are wrong."


def request_text(life: Life) -> str:
    """Description of a merge request."""
    return f"Closes #{life.issue}"


def merge_message(path: str, life: Life, title: str) -> str:
    """GitLab's own words for a merge commit."""
    return "\n\n".join(
        (
            f"Merge branch '{life.branch}' into 'main'",
            title,
            f"Closes #{life.issue}",
            f"See merge request {path}!{life.iid}",
        )
    )


@dataclass
class Rows:
    """Plays a history into the tables of one project."""

    database: Path
    repository: Path
    project: int
    path: str
    commits: Commits
    _ids: dict[tuple[str, int], int] = field(default_factory=dict)
    _notes: dict[int, int] = field(default_factory=dict)
    """Life -> its score note."""
    _bodies: list[tuple[int, str, str]] = field(default_factory=list)
    """Notes about rebases, whose commits are listed when all are there: note, old head, new head."""

    def play(
        self,
        all_lives: tuple[Life, ...],
        stops: Sequence[datetime] = (),
        then: Callable[[datetime], None] = lambda _: None,
    ) -> None:
        """Everything, in order. At each stop all that came before is there for everybody, and `then` is called."""
        self._db = sqlite3.connect(self.database, timeout=30, isolation_level=None)
        self._db.execute("PRAGMA synchronous = OFF")
        self._users = dict(self._db.execute("SELECT username, id FROM user"))
        self._bugs = bug_issues(all_lives)
        acts: dict[str, Callable[[Act, Life], None]] = {
            name.removeprefix("_on_"): getattr(self, name) for name in dir(self) if name.startswith("_on_")
        }
        left = timeline(all_lives)
        with self.commits:
            for stop in (*stops, left[-1][0].at):
                self._labels = dict(
                    self._db.execute("SELECT name, id FROM label WHERE project_id = ?", (self.project,))
                )
                self._db.execute("BEGIN IMMEDIATE")
                now = [each for each in left if each[0].at <= stop]
                left = left[len(now) :]
                for act, life in now:
                    acts[act.what](act, life)
                self._show(stop, all_lives)
                if stop in stops:
                    then(stop)
        self._db.close()

    def _show(self, stop: datetime, all_lives: tuple[Life, ...]) -> None:
        """Branches and commits as they are by now, then the rows that speak of them."""
        heads, gone = self._branches(all_lives, stop)
        self.commits.keep_branches(heads, gone)
        for note, old, new in self._bodies:
            body = _added(_log(self.repository, old, new))
            self._db.execute("UPDATE note SET body = ? WHERE id = ?", (body, note))
        self._bodies.clear()
        self._db.execute("COMMIT")

    def _branches(self, all_lives: Sequence[Life], stop: datetime) -> tuple[dict[str, str], list[str]]:
        """Refs that are there at a moment, with their commits, and those that are gone."""
        found, gone = {"refs/heads/main": self.commits.tip}, []
        for life in all_lives:
            if life.key in self.commits.changes:
                head, merged = self.commits.changes[life.key].head, life.when("merge")
                found[f"refs/merge-requests/{life.iid}/head"] = head
                if merged is None or merged > stop:
                    found[f"refs/heads/{life.branch}"] = head
                else:
                    gone.append(f"refs/heads/{life.branch}")
        return found, gone

    # Issues

    def _on_open(self, act: Act, life: Life) -> None:
        labels = (f"priority::{life.priority}", f"complexity::{life.size}")
        self._issue(act, life.issue, life.title, papers.description(life), labels)

    def _on_bug(self, act: Act, life: Life) -> None:
        self._issue(
            act, self._bugs[life.key], f"Wrong sums after change {life.key}", bug_text(life), ("bug",)
        )

    def _issue(self, act: Act, iid: int, title: str, text: str, labels: tuple[str, ...]) -> None:
        at = stamp(act.at)
        self._ids[ISSUE, iid] = self._insert(
            "issue",
            project_id=self.project,
            iid=iid,
            title=title,
            description=text,
            author_id=self._users[act.who],
            created_at=at,
            updated_at=at,
        )
        self._label(act, iid, add=labels)

    def _on_trigger(self, act: Act, life: Life) -> None:
        self._label(act, life.issue, add=(papers.READY,))

    def _on_escalate(self, act: Act, life: Life) -> None:
        body = papers.escalation_note(life, self.commits.tip_at(life.started))
        self._note(act, ISSUE, life.issue, body)
        self._state(act, life)

    def _on_end(self, act: Act, life: Life) -> None:
        body = papers.ending_note(life, self.commits.tip_at(life.started))
        self._note(act, ISSUE, life.issue, body)
        self._state(act, life)

    def _on_answer(self, act: Act, life: Life) -> None:
        self._note(act, ISSUE, life.issue, act.text)

    def _state(self, act: Act, life: Life) -> None:
        state = papers.STATE + papers.STATES[life.ending]
        self._label(act, life.issue, add=(state,), remove=(papers.READY,))

    def _label(self, act: Act, iid: int, add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> None:
        target = self._ids[ISSUE, iid]
        for name in (*add, *remove):
            if name not in self._labels:
                self._labels[name] = self._insert(
                    "label", project_id=self.project, name=name, color="#428BCA"
                )
            link = (ISSUE, target, self._labels[name])
            if name in add:
                self._db.execute("INSERT INTO label_link VALUES (?, ?, ?)", link)
            else:
                self._db.execute(
                    "DELETE FROM label_link WHERE kind = ? AND target_id = ? AND label_id = ?", link
                )
            self._insert(
                "label_event",
                kind=ISSUE,
                target_id=target,
                user_id=self._users[act.who],
                label_id=self._labels[name],
                action="add" if name in add else "remove",
                created_at=stamp(act.at),
            )
        self._touch(ISSUE, target, act.at)

    # Merge requests

    def _on_publish(self, act: Act, life: Life) -> None:
        at = stamp(act.at)
        base, head = self.commits.publish(act, life)
        self._ids[REQUEST, life.iid] = self._insert(
            "merge_request",
            project_id=self.project,
            iid=life.iid,
            title=life.title if life.passes else f"Draft: {life.title}",
            description=request_text(life),
            author_id=self._users[act.who],
            source_branch=life.branch,
            target_branch="main",
            squash=False,
            prepared_at=at,
            created_at=at,
            updated_at=at,
        )
        self._version(act, life, head, base)
        text = papers.score_note(life, base, head, life.score)
        self._notes[life.key] = self._note(act, REQUEST, life.iid, text)
        self._state(act, life)

    def _version(self, act: Act, life: Life, head: str, base: str) -> None:
        target, start = self._ids[REQUEST, life.iid], self.commits.tip
        self._insert(
            "version", merge_request_id=target, head=head, base=base, start=start, created_at=stamp(act.at)
        )
        self._db.execute(
            "UPDATE merge_request SET head = ?, base = ?, start = ? WHERE id = ?", (head, base, start, target)
        )

    def _on_ready(self, act: Act, life: Life) -> None:
        target = self._ids[REQUEST, life.iid]
        self._db.execute("UPDATE merge_request SET title = ? WHERE id = ?", (life.title, target))
        self._system(act, life, "marked this merge request as **ready**")

    def _on_note(self, act: Act, life: Life) -> None:
        self._note(act, REQUEST, life.iid, act.text)

    def _on_request(self, act: Act, life: Life) -> None:
        target, user = self._ids[REQUEST, life.iid], self._users[act.who]
        self._insert(
            "reviewer",
            merge_request_id=target,
            user_id=user,
            state="requested_changes",
            created_at=stamp(act.at),
        )
        self._system(act, life, "requested changes")
        self._note(act, REQUEST, life.iid, act.text)

    def _on_approve(self, act: Act, life: Life) -> None:
        target, user = self._ids[REQUEST, life.iid], self._users[act.who]
        self._db.execute("INSERT INTO approval VALUES (?, ?, ?)", (target, user, stamp(act.at)))
        self._db.execute(
            "UPDATE reviewer SET state = 'approved' WHERE merge_request_id = ? AND user_id = ?",
            (target, user),
        )
        self._system(act, life, "approved this merge request")

    def _on_push(self, act: Act, life: Life) -> None:
        head = self.commits.push(act, life)
        self._version(act, life, head, self.commits.changes[life.key].base)
        self._system(act, life, _added([(head, "As the review asks.")]))

    def _on_rebase(self, act: Act, life: Life) -> None:
        old = self.commits.changes[life.key].head
        head = self.commits.rebase(act, life)
        self._version(act, life, head, self.commits.changes[life.key].base)
        self._bodies.append((self._system(act, life, "added"), old, head))

    def _on_rescore(self, act: Act, life: Life) -> None:
        change = self.commits.changes[life.key]
        assert life.rescored is not None
        body = papers.score_note(life, change.base, change.head, life.rescored)
        self._db.execute(
            "UPDATE note SET body = ?, updated_at = ? WHERE id = ?",
            (body, stamp(act.at), self._notes[life.key]),
        )
        self._touch(REQUEST, self._ids[REQUEST, life.iid], act.at)

    def _on_spend(self, act: Act, life: Life) -> None:
        target = self._ids[REQUEST, life.iid]
        self._insert(
            "timelog",
            kind=REQUEST,
            target_id=target,
            user_id=self._users[act.who],
            seconds=act.count,
            created_at=stamp(act.at),
        )
        self._touch(REQUEST, target, act.at)

    def _on_close(self, act: Act, life: Life) -> None:
        self._ended(act, REQUEST, self._ids[REQUEST, life.iid], "closed")

    def _on_merge(self, act: Act, life: Life) -> None:
        target = self._ids[REQUEST, life.iid]
        commit = self.commits.merge(act, life, merge_message(self.path, life, life.title))
        self._ended(act, REQUEST, target, "merged")
        self._db.execute(
            "UPDATE merge_request SET merged_at = ?, merged_by = ?, merge_commit_sha = ? WHERE id = ?",
            (stamp(act.at), self._users[act.who], commit, target),
        )
        self._ended(act, ISSUE, self._ids[ISSUE, life.issue], "closed", target)

    def _ended(self, act: Act, kind: str, target: int, state: str, by: int | None = None) -> None:
        closed = (stamp(act.at), self._users[act.who]) if state == "closed" else (None, None)
        self._db.execute(
            f"UPDATE {_TABLES[kind]} SET state = ?, closed_at = ?, closed_by = ?, updated_at = ? WHERE id = ?",  # noqa: S608 - one of two words
            (state, *closed, stamp(act.at), target),
        )
        self._insert(
            "state_event",
            kind=kind,
            target_id=target,
            user_id=self._users[act.who],
            state=state,
            source_merge_request_id=by,
            created_at=stamp(act.at),
        )

    # The main branch

    def _on_revert(self, act: Act, life: Life) -> None:
        self.commits.revert(act, life)

    def _on_edit(self, act: Act, life: Life) -> None:
        self.commits.edit(act, life)

    # What they share

    def _note(self, act: Act, kind: str, iid: int, body: str, *, system: bool = False) -> int:
        at, target = stamp(act.at), self._ids[kind, iid]
        made = self._insert(
            "note",
            kind=kind,
            target_id=target,
            discussion=new_discussion(),
            author_id=self._users[act.who],
            body=body,
            system=system,
            created_at=at,
            updated_at=at,
        )
        self._touch(kind, target, act.at)
        return made

    def _system(self, act: Act, life: Life, body: str) -> int:
        return self._note(act, REQUEST, life.iid, body, system=True)

    def _touch(self, kind: str, target: int, at: datetime) -> None:
        self._db.execute(
            f"UPDATE {_TABLES[kind]} SET updated_at = ? WHERE id = ?",  # noqa: S608 - one of two words
            (stamp(at), target),
        )

    def _insert(self, table: str, **values: Any) -> int:
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        sql = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - names are our own words
        return int(self._db.execute(sql, tuple(values.values())).lastrowid or 0)


def _added(commits: list[tuple[str, str]]) -> str:
    lines = "".join(f"<li>{sha[:8]} - {subject}</li>" for sha, subject in commits)
    count = f"{len(commits)} commit{'s' if len(commits) != 1 else ''}"
    return f"added {count}\n\n<ul>{lines}</ul>\n\n[Compare with previous version](#)"


def _log(repository: Path, old: str, new: str) -> list[tuple[str, str]]:
    argv = ["git", "--git-dir", str(repository), "log", "-20", "--format=%H %s", f"{old}..{new}"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, env=environment())
    return [(line[:40], line[41:]) for line in done.stdout.splitlines()]


def remark_on_all(database: Path, project: int, who: str, at: datetime) -> int:
    """A note by somebody on every merge request of a project at one moment; how many."""
    db = sqlite3.connect(database, timeout=30, isolation_level=None)
    (user,) = db.execute("SELECT id FROM user WHERE username = ?", (who,)).fetchone()
    found = db.execute("SELECT id FROM merge_request WHERE project_id = ?", (project,)).fetchall()
    db.execute("BEGIN IMMEDIATE")
    for (target,) in found:
        db.execute(
            "INSERT INTO note (kind, target_id, discussion, author_id, body, created_at, updated_at)"
            " VALUES (?, ?, ?, ?, 'Seen once more.', ?, ?)",
            (REQUEST, target, new_discussion(), user, stamp(at), stamp(at)),
        )
    db.execute("UPDATE merge_request SET updated_at = ? WHERE project_id = ?", (stamp(at), project))
    db.execute("COMMIT")
    db.close()
    return len(found)
