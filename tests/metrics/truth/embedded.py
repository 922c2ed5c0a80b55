"""The same lives on the embedded forge, through its own doors; it knows no bots and no time spent, so those acts are left out."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ci_factory.forge.local import LocalForge
from ci_factory.model.forge import MergeRequestSpec, NoteTarget
from ci_factory.model.ticket import Priority, Size, Ticket
from ci_factory.system.clock import ManualClock
from ci_factory.system.git import Git
from ci_factory.system.layout import Layout
from tests.gitlab_standin.repo import environment
from tests.metrics.truth import papers
from tests.metrics.truth.commits import Change, content, files_of, old_content
from tests.metrics.truth.rows import bug_text, request_text
from tests.metrics.truth.world import BOT, SCANNER, Act, Life, bug_issues, timeline

FACTORY = "ci-factory"
"""The user that the command line is on the embedded forge."""
_MR = NoteTarget.MERGE_REQUEST


@dataclass
class Embedded:
    """A repository with its forge."""

    repo: Path
    clock: ManualClock
    forge: LocalForge
    first: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Life -> base and first head."""
    changes: dict[int, Change] = field(default_factory=dict)
    iids: dict[int, int] = field(default_factory=dict)
    bugs: dict[int, int] = field(default_factory=dict)

    @classmethod
    def made(cls, folder: Path, all_lives: tuple[Life, ...]) -> "Embedded":
        """A new repository in which all of it happened, with the output folder."""
        _git(folder.parent, "init", "--quiet", "--initial-branch=main", str(folder))
        order = timeline(all_lives)
        clock = ManualClock(order[0][0].at)
        forge = LocalForge.open(Git(folder), user=FACTORY, clock=clock, default_branch="main")
        place = cls(folder, clock, forge, bugs=bug_issues(all_lives))
        old = {life.old: old_content(life, 10) for life in all_lives if life.removed}
        place._on_main(
            "ada", order[0][0], {"README.md": "shop\n", ".gitignore": "/.ci-factory/\n", **old}, "First.\n"
        )
        base = place._main()
        acts: dict[str, Callable[[Act, Life], None]] = {
            name.removeprefix("_do_"): getattr(place, name) for name in dir(place) if name.startswith("_do_")
        }
        for act, life in order:
            if act.who != SCANNER and act.what != "spend":
                clock.sleep((act.at - clock.now()).total_seconds())
                acts[act.what](act, life)
        papers.write(Layout(folder / ".ci-factory"), all_lives, place.first, base)
        forge.disconnect()
        return place

    def _as(self, act: Act) -> LocalForge:
        return self.forge if act.who == BOT else self.forge.as_user(act.who)

    def _do_open(self, act: Act, life: Life) -> None:
        ticket = Ticket(
            id=str(life.issue),
            title=life.title,
            body=papers.description(life),
            files=(life.path,),
            priority=Priority(life.priority),
            complexity=Size(life.size),
        )
        self._as(act).import_ticket(ticket)

    def _do_trigger(self, act: Act, life: Life) -> None:
        self._as(act).change_labels(str(life.issue), add=[papers.READY])

    def _do_bug(self, act: Act, life: Life) -> None:
        ticket = Ticket(id=str(self.bugs[life.key]), title="Wrong sums", body=bug_text(life), labels=("bug",))
        self._as(act).import_ticket(ticket)

    def _do_escalate(self, act: Act, life: Life) -> None:
        body = papers.escalation_note(life, self._main())
        self._as(act).add_note(NoteTarget.ISSUE, str(life.issue), body)
        self._state(act, life)

    def _do_end(self, act: Act, life: Life) -> None:
        self._as(act).add_note(NoteTarget.ISSUE, str(life.issue), papers.ending_note(life, self._main()))
        self._state(act, life)

    def _do_answer(self, act: Act, life: Life) -> None:
        self._as(act).add_note(NoteTarget.ISSUE, str(life.issue), act.text)

    def _state(self, act: Act, life: Life) -> None:
        state = papers.STATE + papers.STATES[life.ending]
        self._as(act).change_labels(str(life.issue), add=[state], remove=[papers.READY])

    def _do_publish(self, act: Act, life: Life) -> None:
        base = self._main()
        change = self.changes[life.key] = Change(base, "")
        self._branch(act, life, base, files_of(life, change))
        self.first[life.key] = (base, change.head)
        self._ask(act, life, draft=not life.passes)
        body = papers.score_note(life, base, change.head, life.score)
        self._as(act).add_note(_MR, str(life.iid), body)
        self._state(act, life)

    def _ask(self, act: Act, life: Life, *, draft: bool) -> None:
        spec = MergeRequestSpec(
            ticket_id=str(life.issue),
            source_branch=life.branch,
            target_branch="main",
            title=life.title,
            description=request_text(life),
            draft=draft,
        )
        assert self._as(act).ensure_merge_request(spec).iid == life.iid

    def _do_ready(self, act: Act, life: Life) -> None:
        self._ask(act, life, draft=False)

    def _do_note(self, act: Act, life: Life) -> None:
        self._as(act).add_note(_MR, str(life.iid), act.text)

    def _do_request(self, act: Act, life: Life) -> None:
        self._as(act).request_changes(life.iid, act.text)

    def _do_approve(self, act: Act, life: Life) -> None:
        self._as(act).approve(life.iid)

    def _do_push(self, act: Act, life: Life) -> None:
        change = self.changes[life.key]
        change.changed.update(range(act.count))
        self._branch(act, life, change.head, {life.path: content(life, change.changed)})

    def _do_rebase(self, act: Act, life: Life) -> None:
        self._branch(act, life, self._main(), files_of(life, self.changes[life.key]))

    def _do_rescore(self, act: Act, life: Life) -> None:
        change = self.changes[life.key]
        assert life.rescored is not None
        body = papers.score_note(life, change.base, change.head, life.rescored)
        self._as(act).add_note(_MR, str(life.iid), body)

    def _do_close(self, act: Act, life: Life) -> None:
        self._as(act).close(life.iid)

    def _do_merge(self, act: Act, life: Life) -> None:
        change = self.changes[life.key]
        change.merge = self._as(act).merge(life.iid, head=change.head).merge_commit or ""

    def _do_revert(self, act: Act, life: Life) -> None:
        files: dict[str, str | None] = {life.path: None}
        if life.removed:
            files[life.old] = old_content(life, 10)
        message = f"Revert it\n\nThis reverts commit {self.changes[life.key].merge}.\n"
        self._on_main(act.who, act, files, message)

    def _do_edit(self, act: Act, life: Life) -> None:
        change = self.changes[life.key]
        change.changed.update(range(life.added - act.count, life.added))
        self._on_main(act.who, act, {life.path: content(life, change.changed)}, "Tidy up.\n")

    def _branch(self, act: Act, life: Life, base: str, files: dict[str, str | None]) -> None:
        change = self.changes[life.key]
        change.head = self._commit(act.who, act, base, files, f"{life.title}\n")
        self._as(act).push(life.branch, change.head, expected=self.forge.branch(life.branch))

    def _main(self) -> str:
        return _git(self.repo, "rev-parse", "--verify", "--quiet", "refs/heads/main")

    def _on_main(self, who: str, act: Act, files: dict[str, str | None], message: str) -> None:
        there = _git(self.repo, "for-each-ref", "--format=%(objectname)", "refs/heads/main")
        _git(self.repo, "reset", "--quiet", "--hard", self._commit(who, act, there, files, message))

    def _commit(self, who: str, act: Act, parent: str, files: dict[str, str | None], message: str) -> str:
        """A commit that no branch has yet."""
        person = f"{who} <{who}@example.com> {int(act.at.timestamp())} +0000"
        lines = [
            f"commit refs/made\nauthor {person}\ncommitter {person}\ndata {len(message.encode())}\n{message}"
        ]
        lines += [f"from {parent}\n"] if parent else []
        for path, text in files.items():
            data = text or ""
            lines.append(
                f"D {path}\n" if text is None else f"M 100644 inline {path}\ndata {len(data)}\n{data}\n"
            )
        _git(self.repo, "fast-import", "--quiet", "--force", stdin="".join(lines))
        return _git(self.repo, "rev-parse", "refs/made")


def _git(folder: Path, *args: str, stdin: str = "") -> str:
    argv = ["git", *args]
    done = subprocess.run(
        argv, cwd=folder, input=stdin, capture_output=True, text=True, check=True, env=environment()
    )
    return done.stdout.strip()
