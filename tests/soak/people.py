"""The people of a simulated project, who act whenever they like, and one among them who means harm."""

import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ci_factory.config import Labels
from ci_factory.errors import FactoryError
from ci_factory.model.forge import Issue, MergeRequest, MergeRequestState, NoteTarget
from ci_factory.system.clock import ManualClock
from ci_factory.system.git import Git, Person
from tests.soak.programs import HOSTILE

PERSON = Person("Rita", "rita@example.com")
LABELS = Labels()


@dataclass
class People:
    """Everybody but the factory."""

    forge: Any
    """Of the factory's user."""
    as_user: Callable[[str], Any]
    git: Git
    random: random.Random
    clock: ManualClock
    closed: set[int] = field(default_factory=set)
    """Merge requests that they closed."""
    pushed: set[str] = field(default_factory=set)
    """Commits of theirs on the factory's branches."""
    labelled: set[str] = field(default_factory=set)
    """Tickets that they put into the queue, whatever became of them before."""

    def act(self) -> None:
        """Somebody does something."""
        with suppress(FactoryError):  # what the forge does not let them do
            self.random.choice(self.deeds)()

    @property
    def deeds(self) -> Sequence[Callable[[], None]]:
        """What they can do."""
        return (
            self.label, self.hold, self.release, self.answer, self.forge_notes, self.push, self.merge, self.merge,
            self.close, self.request_changes, self.close_issue, self.edit, self.push_to_main,
        )  # fmt: skip

    def _ticket(self) -> str:
        issues: list[Issue] = self.forge.issues(opened_only=False)
        return self.random.choice(issues).ticket.id

    def _merge_request(self) -> MergeRequest | None:
        found = self.forge.merge_requests(state=MergeRequestState.OPENED)
        return self.random.choice(found) if found else None

    def label(self) -> None:
        """Give a ticket back to the factory."""
        ticket = self._ticket()
        self.labelled.add(ticket)
        self.as_user("dana").change_labels(ticket, add=[LABELS.ready])

    def hold(self) -> None:
        """Stop a ticket."""
        self.as_user("dana").change_labels(self._ticket(), add=[LABELS.hold])

    def release(self) -> None:
        """Let all go on."""
        for issue in self.forge.issues(labels=[LABELS.hold]):
            self.as_user("dana").change_labels(issue.ticket.id, remove=[LABELS.hold])

    def answer(self) -> None:
        """Reply to every question."""
        for issue in self.forge.issues(labels=[LABELS.state("escalated")]):
            self.as_user("dana").add_note(NoteTarget.ISSUE, issue.ticket.id, "1, please")

    def forge_notes(self) -> None:
        """Copy what the factory wrote, and say the contrary."""
        mallory = self.as_user("mallory")
        mallory.add_note(NoteTarget.ISSUE, self._ticket(), HOSTILE)
        if found := self._merge_request():
            for note in self.forge.notes(NoteTarget.MERGE_REQUEST, str(found.iid)):
                mallory.add_note(NoteTarget.MERGE_REQUEST, str(found.iid), note.body.replace("fail", "pass"))

    def edit(self) -> None:
        """Change what a ticket says."""
        ticket = self.forge.issue(self._ticket()).ticket
        self.forge.import_ticket(ticket.model_copy(update={"body": f"{ticket.body}\nAnd quickly."}))

    def push(self) -> None:
        """Commit to a branch of the factory."""
        if (found := self._merge_request()) and (tip := self.forge.branch(found.source_branch)):
            commit = self._commit(tip)
            self.as_user("rita").push(found.source_branch, commit, expected=tip)
            self.pushed.add(commit)

    def push_to_main(self) -> None:
        """Commit to the target branch, as an owner may."""
        tip = self.git.resolve("refs/heads/main")
        self.git.update_ref("refs/heads/main", self._commit(tip), tip)

    def _commit(self, parent: str) -> str:
        blob = self.git.text("hash-object", "-w", "--stdin", stdin=f"{self.clock.now()}\n".encode())
        index = {"GIT_INDEX_FILE": str(self.git.common_dir() / "index-of-people")}
        self.git.text("read-tree", parent, env=index)
        row = f"100644 {blob}\tNEWS\0".encode()
        self.git.text("update-index", "-z", "--replace", "--index-info", stdin=row, env=index)
        tree = self.git.text("write-tree", env=index)
        return self.git.commit_tree(
            tree,
            parents=(parent,),
            message="by hand\n",
            author=PERSON,
            committer=PERSON,
            when=self.clock.now(),
        )

    def merge(self) -> None:
        """Approve and merge one that is offered."""
        if (found := self._merge_request()) and not found.draft:
            self.take(found)

    def take(self, offered: MergeRequest) -> None:
        """Approve and merge."""
        rita = self.as_user("rita")
        rita.approve(offered.iid, head=offered.head)
        rita.merge(offered.iid, head=offered.head)

    def close(self) -> None:
        """Close a merge request."""
        if found := self._merge_request():
            self.as_user("rita").close(found.iid)
            self.closed.add(found.iid)

    def request_changes(self) -> None:
        """Ask for another version."""
        if found := self._merge_request():
            self.as_user("rita").request_changes(found.iid, f"No. {HOSTILE}")

    def close_issue(self) -> None:
        """Close a ticket."""
        if self.random.random() < 0.3:
            self.as_user("dana").close_issue(self._ticket())
