"""How far the work on one ticket is: written after every verified step, so that a killed attempt goes on from there."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from ci_factory.model.attempt import (
    AgentRun,
    Checkpoint,
    CheckpointName,
    CheckpointStatus,
    Comprehension,
    DiffStat,
    Ending,
    Escalation,
    Partial,
    Plan,
)
from ci_factory.model.base import Artifact, Moment, Sha, TicketId, Value
from ci_factory.model.failure import Failure
from ci_factory.model.roles import AgentReview

HELD = frozenset({CheckpointStatus.PASSED, CheckpointStatus.NOT_APPLICABLE})
"""Of a checkpoint that work can go on from."""


class Step(StrEnum):
    """What is to be done next."""

    UNDERSTAND = "understand"
    """C0 and C1."""
    IMPLEMENT = "implement"
    """One more round of the agent."""
    JUDGE = "judge"
    """The gates, on the change of the round that ended last."""
    WAIT = "wait"
    """Until `retry_at`, then a fresh start."""
    REVIEW = "review"
    """Another agent reads the change that `outcome` brings."""
    ENDED = "ended"
    """Nothing but writing attempt.json from `outcome`."""


class Committed(Value):
    """A change as a commit in the hub, on top of the base."""

    head: Sha
    tree: Sha
    diff: DiffStat
    added: tuple[str, ...] = ()
    """Files that the base does not have."""


class Outcome(Value):
    """How a fresh start ended."""

    ending: Ending
    reason: str
    committed: Committed | None = None
    escalation: Escalation | None = None
    failure: Failure | None = None
    """Why the last call failed, where it did: what to do about it depends on that."""
    partial: Partial | None = None
    review: AgentReview | None = None
    """What a reviewing agent said about the change, where one was asked."""
    retry: bool = False
    """Whether another fresh start may help."""


class Calling(Value):
    """A call of the agent that began. One that never ended was killed, and what it cost nobody knows."""

    agent: str
    phase: Literal["plan", "implement", "review"]
    number: int = Field(ge=1)
    iteration: int = Field(ge=0)
    began_at: Moment


class Written(Value):
    """The agent's documents, once they hold; what it did not write is `None`."""

    comprehension: Comprehension | None = None
    plan: Plan | None = None
    notes: tuple[str, ...] = ()


class WorkState(Artifact):
    """agent/state.json of a ticket: the next step, and all that was verified and paid for before it."""

    ticket_id: TicketId
    batch_id: str
    base: Sha
    agent: str
    settings: str
    """Hash of the configuration and the agent's own: with others, nothing that was verified holds."""
    started_at: Moment
    step: Step = Step.UNDERSTAND
    number: int = Field(default=1, ge=1)
    """Fresh starts, this one included."""
    iteration: int = Field(default=0, ge=0)
    """Rounds of this start whose change is committed."""
    calling: Calling | None = None
    written: Written | None = None
    checkpoints: tuple[Checkpoint, ...] = ()
    """Of this start."""
    inherited: Committed | None = None
    """The change of an earlier batch's attempt, with which every start begins."""
    committed: Committed | None = None
    """The change as it is now; the next round begins with it."""
    judged: Committed | None = None
    """The last change that the gates have seen."""
    rejected: tuple[Sha, ...] = ()
    """Trees that were judged and did not pass."""
    failing: tuple[str, ...] = ()
    """What failed in the last of them, as signatures that do not depend on lines and times."""
    weak: bool = False
    """Whether the last of them failed by its score alone."""
    problems: tuple[str, ...] = ()
    """What the gates said about it, for people."""
    feedback: tuple[str, ...] = ()
    """What the next call is told about the last one."""
    partial: Partial | None = None
    """What the last round left undone, as the agent says."""
    otherwise: Outcome | None = None
    """How it ends unless the gates pass: of a last round that was ended at a limit, before the agent was done."""
    runs: tuple[AgentRun, ...] = ()
    """Calls of all starts; the killed ones with unknown usage."""
    model: str | None = None
    prompt_hash: str | None = None
    failures: tuple[Failure, ...] = ()
    """Of all starts, oldest first."""
    retry_at: Moment | None = None
    outcome: Outcome | None = None

    def anew(self) -> "WorkState":
        """The next fresh start: what held before code was written, what was paid for and what failed is remembered."""
        kept = {"ticket_id", "batch_id", "base", "agent", "settings", "started_at", "inherited"}
        known = {"runs", "model", "prompt_hash", "failures"}
        values = {name: getattr(self, name) for name in kept | known}
        first = WorkState(**values, number=self.number + 1)
        return first.after(self.understood)

    @property
    def understood(self) -> tuple[Checkpoint, ...]:
        """C0 and C1 when both hold, else nothing."""
        found = [one for one in self.checkpoints if one.status in HELD][:2]
        return tuple(found) if [one.name for one in found] == [CheckpointName.C0, CheckpointName.C1] else ()

    def after(self, understood: tuple[Checkpoint, ...]) -> "WorkState":
        """The same with C0 and C1 behind it, when there are any."""
        step = Step.IMPLEMENT if understood else Step.UNDERSTAND
        return self.model_copy(update={"step": step, "checkpoints": understood, "committed": self.inherited})


class Earlier(Value):
    """What an earlier batch's attempt at a ticket leaves to the next one."""

    batch_id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    agent: str
    base: Sha
    head: Sha | None = None
    """Its partial change; whoever goes on has to find the commit first."""
    reason: str = Field(max_length=2_000)
    """Why it stopped."""
    question: str = Field(default="", max_length=10_000)
    """What people were asked."""
    rounds: int = Field(default=0, ge=0)
    """Calls of the agent to implement."""
    checkpoints: tuple[Checkpoint, ...] = Field(default=(), max_length=8)
    """With their documents."""
    job: int | None = Field(default=None, ge=1)
    """The CI job whose artifacts keep the change."""
