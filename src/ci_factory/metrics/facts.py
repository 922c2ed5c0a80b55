"""What is known about the factory's past: plain facts, each with a key, none of them computed.

`None` means unknown, never zero. Figures are derived from these facts and from nothing else.
"""

from ci_factory.model.attempt import Ending, Option, Trigger, Usage
from ci_factory.model.base import Moment, Value
from ci_factory.model.batch import LeftOut
from ci_factory.model.failure import FailureClass
from ci_factory.model.forge import MergeRequestState
from ci_factory.model.gate import Component, ComponentScore, GateStatus, Verdict
from ci_factory.model.merge_truth import MergeTruth
from ci_factory.model.prediction import TouchedFile
from ci_factory.model.ticket import Priority, RiskLevel, Size


class TicketFact(Value):
    """One ticket: what the forge says about it, and the sum of the work on it. Key: `id`."""

    id: str
    title: str
    priority: Priority
    size: Size | None = None
    area: tuple[str, ...] = ()
    """Top folders of the files it changed, or was expected to change, those of most files first; `.` is the root."""
    agent: str | None = None
    model: str | None = None
    state: str | None = None
    """Its state label without the prefix; `ready` before the factory took it."""
    opened: bool | None = None
    author: str | None = None
    """Who wrote it, as the forge tells."""
    created_at: Moment | None = None
    ready_at: Moment | None = None
    """When the trigger label was added for the first time."""
    first_mr_at: Moment | None = None
    closed_at: Moment | None = None
    batch: str | None = None
    """The last batch it was planned in."""
    ending: Ending | None = None
    """Of the last attempt."""
    reason: str = ""
    attempts: int | None = None
    """Fresh starts, over all batches."""
    iterations: int | None = None
    agent_seconds: float | None = None
    usage: Usage = Usage()
    """Over all attempts, failed ones too; unknown when any part is."""


class ShareFact(Value):
    """One agent's part in the work on a ticket in one batch; several had it where it was handed over."""

    agent: str
    seconds: float
    """Of its calls."""
    usage: Usage = Usage()
    accidents: int = 0
    """Calls that did not end well: timeout, crash, limit. A quota stop is none."""


class AttemptFact(Value):
    """The work on one ticket in one batch. Key: `batch`, `ticket`."""

    batch: str
    ticket: str
    agent: str
    model: str | None = None
    lane: int
    started_at: Moment
    finished_at: Moment
    ending: Ending
    reason: str
    attempts: int
    """Fresh starts; 0 when no agent ran."""
    iterations: int
    """Act-observe-fix rounds."""
    accidents: tuple[str, ...] = ()
    """How agent processes ended that did not end well: timeout, crash. A quota stop is none of them."""
    agent_seconds: float
    usage: Usage = Usage()
    size: Size
    score: float | None = None
    verdict: Verdict | None = None
    """Of the change as the gates judged it; for a published change the merge request's own is the truth."""
    published: str | None = None
    """Outcome of the publication: merge-request, escalated, deferred …"""
    merge_request: int | None = None
    priority: Priority = Priority.MEDIUM
    planned_size: Size | None = None
    """As it was known before the work; `size` is the stricter of it and the measured one."""
    area: str | None = None
    """Top folder of most files that the plan expected it to touch."""
    trigger: Trigger | None = None
    """Of its question to people."""
    failure: FailureClass | None = None
    """Why the last call failed, where the ending comes of that."""
    rested: bool = False
    """Whether it waited for a credential, so that `seconds` is more than the work."""
    shares: tuple[ShareFact, ...] = ()
    """Agents that were called to write the change, in order."""
    prompt_hash: str | None = None
    prompt_version: str | None = None
    base: str | None = None
    head: str | None = None
    tree: str | None = None
    """Of the change as the agent left it."""
    folders: tuple[str, ...] = ()
    """Top folders of the files that it changed, or was expected to change."""

    @property
    def worked(self) -> bool:
        """Whether an agent was asked at all."""
        return self.ending is not Ending.SKIPPED and (self.settled or self.attempts > 0)

    @property
    def settled(self) -> bool:
        """Whether it came to an end; one that was put off is neither a success nor a failure."""
        return self.ending is not Ending.DEFERRED

    @property
    def seconds(self) -> float:
        """Wall time of the lane that this attempt took."""
        return max(0.0, (self.finished_at - self.started_at).total_seconds())


class MergeRequestFact(Value):
    """One merge request of the factory. Key: `iid`."""

    iid: int
    ticket: str
    title: str
    branch: str
    target: str
    draft: bool
    state: MergeRequestState
    created_at: Moment
    ready_at: Moment | None = None
    """When it first was no draft; `None` while people need not look."""
    approved_at: Moment | None = None
    """First approval that stands, or the merge when nobody approved before it."""
    merged_at: Moment | None = None
    closed_at: Moment | None = None
    reviewed_at: Moment | None = None
    """First note, approval or request for changes by a person; the factory and bots are none."""
    versions: int
    """Pure rebases left out."""
    reworked: bool = False
    """Whether a version with another change was pushed after the first human review; a pure rebase is none."""
    reviewer: str | None = None
    batch: str | None = None
    agent: str | None = None
    model: str | None = None
    head: str
    tree: str | None = None
    """What the score is about."""
    score: float | None = None
    verdict: Verdict | None = None
    threshold: float | None = None
    components: dict[Component, ComponentScore] = {}
    gates: dict[str, GateStatus] = {}
    size: Size | None = None
    risk: RiskLevel | None = None
    added: int | None = None
    removed: int | None = None
    files: int | None = None
    approver: str | None = None
    """Who approved it first, of the approvals that stand; the factory's own never counts."""
    merged_by: str | None = None
    merge_commit: str | None = None
    reworked_lines: int | None = None
    """Lines that versions after the first human review changed; 0 where none came, `None` when they can't be compared."""
    human_seconds: float | None = None
    """What people spent on it; `None` while nobody looked."""
    human_recorded: bool = False
    """Whether people recorded that time on the forge; else it is an estimate from what they did and when."""

    @property
    def decided_at(self) -> Moment | None:
        """When it was merged or closed."""
        return self.merged_at or self.closed_at


class PlannedFact(Value):
    """A ticket's place in a batch."""

    ticket: str
    title: str
    priority: Priority
    size: Size
    agent: str
    lane: int
    order: int
    stacked_on: str | None = None


class BatchFact(Value):
    """One night. Key: `id`."""

    id: str
    project: str
    target_branch: str
    created_at: Moment
    started_at: Moment | None = None
    ended_at: Moment | None = None
    aborted: str = ""
    """Why it ended early."""
    lanes: int
    planned: tuple[PlannedFact, ...]
    left_out: tuple[LeftOut, ...] = ()
    merge_truth: MergeTruth | None = None
    """Whether its changes merge and work together; `None` when nobody tried."""


class PredictionFact(Value):
    """Which files a ticket of a batch was to touch, and which it touched. Key: `batch`, `ticket`."""

    batch: str
    ticket: str
    threshold: float
    """From this probability on a file counts as claimed."""
    touched: tuple[TouchedFile, ...]
    """Foretold, the most probable first, without the words of the reasons."""
    ignored: tuple[str, ...] = ()
    """Of all these files the hot ones, which do not count as an overlap of two tickets."""
    files: tuple[str, ...] | None = None
    """Touched in fact; `None` when there is no change to compare with."""


class GateFact(Value):
    """What one gate said about one attempt's change. Key: `batch`, `ticket`, `gate`."""

    batch: str
    ticket: str
    gate: str
    component: Component | None = None
    status: GateStatus
    seconds: float | None = None
    summary: str = ""
    findings: int | None = None
    """New ones that nobody suppressed."""


class EscalationFact(Value):
    """A question to a person. Key: `batch`, `ticket`."""

    batch: str
    ticket: str
    agent: str
    trigger: Trigger
    summary: str
    tried: str = ""
    why: str = ""
    questions: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    recommendation: str = ""
    priority: Priority
    raised_at: Moment
    waiting: bool
    """Whether the ticket still stands in the escalated state, and no later batch took it up."""
    answered_at: Moment | None = None
    """When an authorised person answered it first."""


class AftermathFact(Value):
    """What became of a change after it was merged (C4). Key: `iid`."""

    iid: int
    observed_until: Moment
    """Until when the default branch and the issues were looked at."""
    reverted_at: Moment | None = None
    reverted_by: str | None = None
    """The commit that takes it back."""
    fix_ups: tuple[str, ...] = ()
    """Later commits that say they mend it."""
    bugs: tuple[str, ...] = ()
    """Issues with a bug label that name the change, its merge request or its ticket."""
    first_defect_at: Moment | None = None
    """The revert or the first of the bugs."""
    churned: int | None = None
    """Lines that it added and that were gone or changed 21 days after the merge; `None` while it is younger, or not known."""
    churn_of: int | None = None
    """Lines that it added, as blame sees them right after the merge."""
    landed: str | None = None
    """The commit that brought it into the default branch."""
    churn_at: str | None = None
    """The commit of the default branch at which `churned` was counted."""


class History(Value):
    """Everything that is known, each list in a fixed order."""

    tickets: tuple[TicketFact, ...] = ()
    merge_requests: tuple[MergeRequestFact, ...] = ()
    batches: tuple[BatchFact, ...] = ()
    attempts: tuple[AttemptFact, ...] = ()
    gates: tuple[GateFact, ...] = ()
    escalations: tuple[EscalationFact, ...] = ()
    predictions: tuple[PredictionFact, ...] = ()
    aftermath: tuple[AftermathFact, ...] = ()
    unreadable: tuple[str, ...] = ()
    """Artifacts and notes that are there but can't be believed, each with the reason."""

    def batch(self, batch_id: str | None = None) -> BatchFact | None:
        """A batch by id, or the last one."""
        if batch_id is None:
            return self.batches[-1] if self.batches else None
        return next((batch for batch in self.batches if batch.id == batch_id), None)
