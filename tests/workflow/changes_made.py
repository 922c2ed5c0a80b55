"""A repository in which changes of the factory were merged in every way that people merge, on days that are chosen."""

import os
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ci_factory.metrics.facts import AttemptFact, History, MergeRequestFact
from ci_factory.model.attempt import Ending
from ci_factory.model.forge import MergeRequestState
from ci_factory.model.ticket import Size

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
BATCH = "2026-03-01T18-00"


@dataclass
class Project:
    """`main`, and the merge requests that were merged into it. Moments are days after `START`."""

    folder: Path
    requests: list[MergeRequestFact] = field(default_factory=list)
    attempts: list[AttemptFact] = field(default_factory=list)

    @classmethod
    def make(cls, folder: Path, files: dict[str, str]) -> "Project":
        """A project with one commit, a day before `START`."""
        folder.mkdir(parents=True)
        made = cls(folder)
        made.git("init", "--quiet", "--initial-branch", "main")
        made.commit(-1, files, "first")
        return made

    def git(self, *args: str, day: float = 0) -> str:
        """Run git at a moment."""
        date = (START + timedelta(days=day)).isoformat()
        env = {**os.environ, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        done = subprocess.run(
            ["git", *args], cwd=self.folder, env=env, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, day: float, files: dict[str, str], message: str) -> str:
        """A commit on the branch that is checked out."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.git("add", "--all", day=day)
        self.git("commit", "--quiet", "--allow-empty", "--message", message, day=day)
        return self.git("rev-parse", "HEAD")

    def branch(self, ticket: str, day: float, files: dict[str, str], message: str = "") -> str:
        """A branch of the factory with one commit; `main` is checked out afterwards."""
        self.git("switch", "--quiet", "--create", f"factory/{ticket}-change")
        words = (
            message
            or f"feat: change (#{ticket})\n\nAgent: otter\nBatch: {BATCH}\nGeneration-ID: {BATCH}/{ticket}"
        )
        head = self.commit(day, files, words)
        self.git("switch", "--quiet", "main")
        return head

    def merge(self, iid: int, ticket: str, day: float, files: dict[str, str], how: str = "merge") -> str:
        """A change that is made and merged: by `merge`, `squash` or `forward`. The commit that brought it."""
        base = self.git("rev-parse", "main")
        head = self.branch(ticket, day - 0.1, files)
        branch = f"factory/{ticket}-change"
        if how == "merge":
            words = f"Merge branch '{branch}' into 'main'\n\nChange\n\nSee merge request !{iid}"
            self.git("merge", "--quiet", "--no-ff", "--message", words, branch, day=day)
        elif how == "squash":
            self.git("merge", "--quiet", "--squash", branch, day=day)
            self.git("commit", "--quiet", "--message", f"Change of {ticket} squashed", day=day)
        else:
            self.git("merge", "--quiet", "--ff-only", branch, day=day)
        landed = self.git("rev-parse", "main")
        self.requests.append(request(iid, ticket, day, head, None if how == "forward" else landed))
        self.attempts.append(attempt(ticket, day, base, head))
        return landed

    def take_back(self, day: float, commit: str) -> str:
        """`git revert`, as people do it."""
        parents = self.git("rev-list", "--parents", "-1", commit).split()
        first = ("--mainline", "1") if len(parents) > 2 else ()
        self.git("revert", "--no-edit", *first, commit, day=day)
        return self.git("rev-parse", "HEAD")

    @property
    def history(self) -> History:
        """What metrics know of the factory's work."""
        return History(merge_requests=tuple(self.requests), attempts=tuple(self.attempts))


def request(iid: int, ticket: str, day: float, head: str, merge_commit: str | None) -> MergeRequestFact:
    """A merged merge request."""
    merged = START + timedelta(days=day)
    return MergeRequestFact(
        iid=iid,
        ticket=ticket,
        title=f"Change {ticket}",
        branch=f"factory/{ticket}-change",
        target="main",
        draft=False,
        state=MergeRequestState.MERGED,
        created_at=merged - timedelta(hours=2),
        merged_at=merged,
        versions=1,
        batch=BATCH,
        agent="otter",
        head=head,
        merge_commit=merge_commit,
    )


def attempt(ticket: str, day: float, base: str, head: str) -> AttemptFact:
    """The agent's work behind it."""
    ended = START + timedelta(days=day - 0.2)
    return AttemptFact(
        batch=BATCH,
        ticket=ticket,
        agent="otter",
        lane=0,
        started_at=ended - timedelta(minutes=20),
        finished_at=ended,
        ending=Ending.COMPLETED,
        reason="Done.",
        attempts=1,
        iterations=1,
        agent_seconds=600,
        size=Size.SMALL,
        base=base,
        head=head,
    )
