"""What a forge holds: issues, notes, merge requests, and the events in their life."""

from enum import StrEnum

from pydantic import Field

from ci_factory.model.base import Artifact, Moment, Ranked, Sha, TicketId, Value
from ci_factory.model.ticket import Ticket


class NoteTarget(StrEnum):
    """Where a note hangs."""

    ISSUE = "issue"
    MERGE_REQUEST = "merge_request"


class Note(Value):
    """A comment by a person or a bot."""

    id: int
    target: NoteTarget
    target_id: str
    """Ticket id of an issue, iid of a merge request as text."""
    author: str
    body: str
    created_at: Moment
    updated_at: Moment


class InlineComment(Value):
    """What we have to say about one line that a merge request adds or changes."""

    fingerprint: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$")
    """The key: one comment of ours for each."""
    path: str = Field(min_length=1)
    line: int = Field(ge=1)
    """In the new version of the file, from 1."""
    body: str = Field(min_length=1, max_length=1_000_000)


class PlacedComment(InlineComment):
    """A comment of ours as it is on the forge."""

    resolved: bool = False


class Role(Ranked):
    """What a member may do in a project, least first; GitLab's access levels 10 to 50."""

    GUEST = "guest"
    REPORTER = "reporter"
    DEVELOPER = "developer"
    MAINTAINER = "maintainer"
    OWNER = "owner"


class IssueState(StrEnum):
    """State of an issue."""

    OPENED = "opened"
    CLOSED = "closed"


class Issue(Value):
    """A ticket on the forge; `ticket.labels` are its labels now."""

    ticket: Ticket
    state: IssueState


class ReportIssue(Value):
    """An issue of ours that carries a report and is no ticket; notes can hang on it."""

    id: str
    """As `NoteTarget.ISSUE` takes it."""
    title: str
    body: str
    """With its hidden last line."""


class MergeRequestState(StrEnum):
    """State of a merge request."""

    OPENED = "opened"
    MERGED = "merged"
    CLOSED = "closed"


class Approval(Value):
    """Who approved which head, and when."""

    user: str
    head: Sha
    at: Moment


class MergeRequestSpec(Value):
    """What the publisher wants a merge request to be; keyed by `source_branch`."""

    ticket_id: TicketId
    source_branch: str
    target_branch: str
    title: str
    description: str
    labels: tuple[str, ...] = ()
    draft: bool = True
    reviewer: str | None = None


class MergeRequest(MergeRequestSpec):
    """A merge request as it is on the forge."""

    iid: int
    state: MergeRequestState
    author: str
    head: Sha
    created_at: Moment
    updated_at: Moment
    merged_at: Moment | None = None
    merge_commit: Sha | None = None
    """What the merge added to the target branch; `None` when it was a fast-forward by hand."""
    closed_at: Moment | None = None
    approvals: tuple[Approval, ...] = ()
    changes_requested_by: tuple[str, ...] = ()
    versions: int = Field(default=1, ge=1)
    """How many times a new head was pushed, the first included."""

    def without_details(self) -> "MergeRequest":
        """The same with what is costly to read left at its defaults: approvals, requested changes, versions."""
        return self.model_copy(update={"approvals": (), "changes_requested_by": (), "versions": 1})


class ForgeEventKind(StrEnum):
    """What happened to an issue or a merge request."""

    LABEL_ADDED = "label_added"
    LABEL_REMOVED = "label_removed"
    OPENED = "opened"
    CLOSED = "closed"
    REOPENED = "reopened"
    MERGED = "merged"
    APPROVED = "approved"
    CHANGES_REQUESTED = "changes_requested"
    PUSHED = "pushed"
    UPDATED = "updated"
    """Content changed; the detail names the fields."""
    DRAFTED = "drafted"
    READY = "ready"
    """No longer a draft."""


class ForgeEvent(Value):
    """One row of the forge's own history."""

    id: int
    at: Moment
    user: str
    target: NoteTarget
    target_id: str
    kind: ForgeEventKind
    detail: str = ""
    """The label, the head commit, or the fields."""


class Publication(Artifact):
    """publication.json: what exists on the forge now for one ticket."""

    ticket_id: TicketId
    batch_id: str
    outcome: str
    """merge-request, escalated, deferred, needs-info, no-change, agent-failed, skipped; stopped: the next run completes it; superseded: another batch has it."""
    reason: str = ""
    """Why nothing was published, or why it is a draft although the gates passed."""
    branch: str | None = None
    merge_request: int | None = None
    note_id: int | None = None
    head: Sha | None = None
    tree: Sha | None = None
    labels: tuple[str, ...] = ()
    behind: int = Field(default=0, ge=0)
    """Commits on the target branch that the change's base does not have."""
    conflicts: tuple[str, ...] = ()
    """Files in which the change and the target branch went different ways."""
