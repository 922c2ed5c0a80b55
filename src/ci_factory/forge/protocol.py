"""What the factory asks of a forge. Two ends only: intake reads, publication writes."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from ci_factory.model.forge import (
    ForgeEvent,
    Issue,
    MergeRequest,
    MergeRequestSpec,
    MergeRequestState,
    Note,
    NoteTarget,
)


class Forge(Protocol):
    """One project on a forge, seen by one user (`user`)."""

    @property
    def user(self) -> str:
        """Who we are there; notes and merge requests of ours have this author."""

    def issues(self, *, labels: Iterable[str] = (), opened_only: bool = True) -> list[Issue]:
        """Issues that carry all the labels, in order of creation."""

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

    def ensure_note(self, target: NoteTarget, target_id: str, key: str, body: str) -> Note:
        """Make sure that there is one note of ours with this hidden key, and that it says `body`.

        Updates the newest that we wrote ourselves, deletes extras, writes nothing when it already says so.
        A note by anybody else is never touched or believed, whatever it carries.
        """

    def add_note(self, target: NoteTarget, target_id: str, body: str) -> Note:
        """Add a plain note, as a person would."""

    def branch(self, name: str) -> str | None:
        """Head commit of a branch, or `None`."""

    def push(self, branch: str, commit: str, *, expected: str | None) -> None:
        """Move a branch to a commit if it still is at `expected` (`None`: does not exist yet).

        Raises:
            Conflict: it moved.
        """

    def merge_requests(
        self,
        *,
        state: MergeRequestState | None = MergeRequestState.OPENED,
        ticket_id: str | None = None,
    ) -> list[MergeRequest]:
        """Merge requests in order of creation."""

    def merge_request(self, iid: int) -> MergeRequest:
        """One merge request.

        Raises:
            ForgeError: there is none.
        """

    def ensure_merge_request(self, spec: MergeRequestSpec) -> MergeRequest:
        """Make sure that the source branch has one open merge request and that it says what `spec` says.

        Labels outside the ones the factory manages (`factory::`, `risk::`) are left as people set them.
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

    def events(self, target: NoteTarget | None = None, target_id: str | None = None) -> Sequence[ForgeEvent]:
        """The forge's own history, oldest first."""
