"""What the factory asks of a forge. Two ends only: intake reads, publication writes."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Protocol

from ci_factory.model.collecting import Glimpses, Head, IssueRecord, MergeRequestRecord, Wanted
from ci_factory.model.forge import (
    ForgeEvent,
    InlineComment,
    Issue,
    MergeRequest,
    MergeRequestSpec,
    MergeRequestState,
    Note,
    NoteTarget,
    PlacedComment,
    ReportIssue,
    Role,
)
from ci_factory.model.health import Check
from ci_factory.model.lease import Held, Swap
from ci_factory.system.git import Person


class Forge(Protocol):
    """One project on a forge, seen by one user (`user`)."""

    @property
    def user(self) -> str:
        """Who we are there; notes and merge requests of ours have this author."""

    @property
    def person(self) -> Person | None:
        """Name and address for our commits, so that they are shown as ours; `None` when the forge knows none."""

    @property
    def default_branch(self) -> str:
        """The branch that changes are merged into, and whose configuration counts.

        Raises:
            ForgeError: there is none.
        """

    def examine(self, *, thorough: bool = False) -> list[Check]:
        """Whether we may do here what the factory has to do; each thing that is wrong with its remedy.

        `thorough` also looks at what stops no publication, and tells a forge that does not answer as a failed check.

        Raises:
            ForgeError: the forge does not answer (not when `thorough`).
        """

    def role_of(self, user: str) -> Role | None:
        """What a user may do in the project; `None` for somebody who is no member."""

    def is_bot(self, user: str) -> bool:
        """Whether a user is a program, whose words are nobody's decision."""

    def issues(
        self,
        *,
        labels: Iterable[str] = (),
        any_label: Iterable[str] = (),
        ids: Iterable[str] = (),
        opened_only: bool = True,
    ) -> list[Issue]:
        """Issues that carry all of `labels` and, when it names any, one of `any_label`, in order of creation.

        With `ids` only those of them; ids that do not exist are passed over.
        """

    def issue(self, ticket_id: str) -> Issue:
        """One issue.

        Raises:
            ForgeError: there is none.
        """

    def change_labels(
        self, ticket_id: str, *, add: Iterable[str] = (), remove: Iterable[str] = ()
    ) -> tuple[str, ...]:
        """Add and remove labels of an issue in one step; returns the labels now. No change makes no event."""

    def close_issue(self, ticket_id: str) -> None:
        """Close an issue; a closed one stays closed."""

    def notes(self, target: NoteTarget, target_id: str) -> list[Note]:
        """All notes, oldest first."""

    def notes_of(self, ticket_ids: Iterable[str]) -> dict[str, list[Note]]:
        """All notes of several issues, oldest first, by ticket; those that do not exist are passed over."""

    def ensure_note(
        self, target: NoteTarget, target_id: str, key: str, body: str, *, new: bool = False
    ) -> Note:
        """Make sure that there is one note of ours with this hidden key, and that it says `body`.

        Updates the newest that we wrote ourselves, deletes extras, writes nothing when it already says so.
        A note by anybody else is never touched or believed, whatever it carries. `new`: none was there a moment ago, so a
        forge that can't look and write in one step looks afterwards only.
        """

    def add_note(self, target: NoteTarget, target_id: str, body: str) -> Note:
        """Add a plain note, as a person would."""

    def ensure_comments(self, iid: int, comments: Sequence[InlineComment]) -> tuple[PlacedComment, ...]:
        """Make sure that these are our open comments on lines of a merge request; returns all of ours.

        Keyed by fingerprint: what is missing is created, other words are updated, what is no longer asked for is
        resolved, what comes back is opened again unless a person resolved it. A line that the change did not add gets no comment.
        """

    def ensure_report(self, key: str, title: str, body: str, *, update: bool = True) -> ReportIssue:
        """Make sure that one issue of ours carries the report with this hidden key, and that it says `body`.

        Made with `title` and the label `labels.report` when there is none; without `update` one that is there keeps its
        text. A closed one stays closed. It is no ticket: `issues` never lists it. Nobody else's issue is touched.
        """

    def report(self, key: str) -> ReportIssue | None:
        """The issue of ours that carries the report with this hidden key, `None` when there is none. Writes nothing."""

    def ensure_follow_up(self, ticket_id: str, title: str, body: str) -> str:
        """Make sure that a ticket has one follow-up ticket of ours; its id.

        Made with the label `labels.draft` when there is none. One that is there belongs to people: its words, labels and
        state are left as they are, also when it is closed. Nobody else's issue is believed.
        """

    def branch(self, name: str) -> str | None:
        """Head commit of a branch, or `None`; the commit is in the local repository afterwards."""

    def fetch(self, branches: Iterable[str]) -> dict[str, str]:
        """Bring the heads of these branches into the local repository; commits by branch, without those that do not exist."""

    def read_file(self, path: str, ref: str) -> str | None:
        """Text of a file on a branch or at a commit, `HEAD` for the default branch; `None` when there is no such file.

        Raises:
            ForgeError: there is no such branch or commit.
        """

    def push(
        self, branch: str, commit: str, *, expected: str | None, lease: Swap | None = None
    ) -> Held | None:
        """Move a branch to a commit if it still is at `expected` (`None`: does not exist yet).

        With `lease` both happen or none: the branch moves, and the lease is swapped; returns it as it then stands.

        Raises:
            Conflict: the branch moved.
            Superseded: the lease is not what `lease` takes it for.
        """

    # Leases

    def now(self) -> datetime:
        """What time it is by the forge's clock, which is the same for all who use it."""

    def leases(self, ticket_ids: Iterable[str]) -> dict[str, Held]:
        """The leases of these tickets, by ticket; those that nobody ever took are left out."""

    def swap_leases(self, swaps: Sequence[Swap]) -> dict[str, Held]:
        """Swap leases, each by itself: those that are now ours, by ticket; somebody was quicker with the others.

        A swap whose answer was lost may be repeated.
        """

    def merge_requests(
        self,
        *,
        state: MergeRequestState | None = MergeRequestState.OPENED,
        ticket_id: str | None = None,
        source_branch: str | None = None,
        details: bool = True,
    ) -> list[MergeRequest]:
        """The factory's merge requests in order of creation.

        Without `details`, which cost some forges several requests each, approvals, requested changes and the
        number of versions are left at their defaults.
        """

    def merge_request(self, iid: int) -> MergeRequest:
        """One merge request.

        Raises:
            ForgeError: there is none.
        """

    def ensure_merge_request(self, spec: MergeRequestSpec) -> MergeRequest:
        """Make sure that the source branch has one open merge request and that it says what `spec` says.

        Labels outside the ones the factory manages (`factory::`, `risk::`, `risk-`) are left as people set them.
        What it returns is without details, as in `merge_requests`.

        Raises:
            Conflict: the branch has nothing that the target lacks.
        """

    def approve(self, iid: int, *, head: str | None = None) -> MergeRequest:
        """Approve as `user`.

        Raises:
            Conflict: `head` is given and the merge request has another head, or it is not open.
            ForgeError: the author approves their own change.
        """

    def request_changes(self, iid: int, reason: str) -> MergeRequest:
        """Ask for changes as `user`: a note with the reason, approvals of `user` withdrawn."""

    def merge(self, iid: int, *, head: str) -> MergeRequest:
        """Merge if the head still is `head`, closing the issue.

        Raises:
            Conflict: the head moved, it is not open, is a draft, or does not merge cleanly.
        """

    def close(self, iid: int) -> MergeRequest:
        """Close without merging."""

    @property
    def requests(self) -> int:
        """How many requests the server was sent so far; 0 where there is no server."""

    def glimpse(self, wanted: Wanted) -> Glimpses:
        """A page of glimpses, for as few requests as the forge allows: what has another hash than before, changed.

        Of merge requests only the factory's own are there. Our reports are no issues.
        """

    def merge_request_records(self, iids: Iterable[int]) -> Iterator[MergeRequestRecord]:
        """Everything about some merge requests, in their order; those that do not exist are passed over."""

    def issue_records(self, ticket_ids: Iterable[str]) -> Iterator[IssueRecord]:
        """Everything about some issues, in no certain order; those that do not exist are passed over."""

    def lines_between(self, old: Head, new: Head) -> int | None:
        """Lines that differ between two versions of a change; `None` when they can't be compared, as after a rebase."""

    def events(self, target: NoteTarget | None = None, target_id: str | None = None) -> Sequence[ForgeEvent]:
        """The forge's own history, oldest first."""
