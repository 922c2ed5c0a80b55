"""What an agent did for one ticket, with the proofs."""

from enum import StrEnum

from pydantic import Field

from ci_factory.model.base import Artifact, Moment, Sha, TicketId, Value
from ci_factory.model.failure import Failure
from ci_factory.model.roles import AgentReview
from ci_factory.model.ticket import Agreed, Priority, RiskCategory, RiskLevel, Size


class Ending(StrEnum):
    """How the work on a ticket ended."""

    COMPLETED = "completed"
    NO_CHANGE = "no-change"
    ESCALATED = "escalated"
    PARTIAL = "partial"
    TIMEOUT = "timeout"
    AGENT_FAILED = "agent-failed"
    SKIPPED = "skipped"
    """Not started: a dependency failed, or a person stopped the ticket."""
    DEFERRED = "deferred"
    """Neither failed nor done: what it needs is not to be had tonight; the next batch goes on."""


class CheckpointName(StrEnum):
    """SPEC's checkpoints within an attempt."""

    C0 = "C0"
    C1 = "C1"
    C2 = "C2"
    C3 = "C3"


class CheckpointStatus(StrEnum):
    """A checkpoint is never skipped: the size says that it does not apply, or it is judged."""

    PASSED = "passed"
    FAILED = "failed"
    ESCALATED = "escalated"
    NOT_APPLICABLE = "not-applicable"


class Trigger(StrEnum):
    """Why a decision is asked of a person."""

    ARCHITECTURE = "architecture"
    SECURITY = "security"
    DATA = "data"
    COMPATIBILITY = "compatibility"
    UNCERTAINTY = "uncertainty"
    ITERATIONS = "iterations"


class CriterionAnswer(Value):
    """How the agent means to meet one acceptance criterion."""

    criterion: str
    how: str


class Question(Value):
    """Something the agent can't decide."""

    text: str
    blocking: bool = False


class Comprehension(Value):
    """The C0 document: objective and scope in the agent's own words."""

    objective: str = Field(min_length=1)
    in_scope: tuple[str, ...] = ()
    out_of_scope: tuple[str, ...] = ()
    affected_files: tuple[str, ...] = ()
    new_files: tuple[str, ...] = ()
    criteria: tuple[CriterionAnswer, ...] = ()
    questions: tuple[Question, ...] = ()


class FileAction(StrEnum):
    """What a plan does to a file."""

    CREATE = "create"
    MODIFY = "modify"
    DELETE = "delete"


class PlannedFile(Value):
    """One file of a C1 plan."""

    path: str
    action: FileAction


class PlannedRisk(Value):
    """One risk that a C1 plan names."""

    category: RiskCategory
    level: RiskLevel
    description: str


class Plan(Value):
    """The C1 document: steps, files, risks."""

    steps: tuple[str, ...] = Field(min_length=1)
    files: tuple[PlannedFile, ...] = ()
    risks: tuple[PlannedRisk, ...] = ()
    escalations: tuple[str, ...] = ()


class Checkpoint(Value):
    """A judged checkpoint and what proves it."""

    name: CheckpointName
    status: CheckpointStatus
    source: str = ""
    """Who wrote the document: `agent`, or `derived` when the factory made it from the ticket."""
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """Facts worth telling that do not fail it, such as drift from the plan."""
    comprehension: Comprehension | None = None
    plan: Plan | None = None


class Usage(Value):
    """What an agent used. `None` is unknown, never zero."""

    input_tokens: int | None = Field(default=None, ge=0)
    output_tokens: int | None = Field(default=None, ge=0)
    cost_usd: float | None = Field(default=None, ge=0)
    calls: int | None = Field(default=None, ge=0)
    """Requests to the model; known where they went through the model gateway."""


class AgentRun(Value):
    """One agent process."""

    attempt: int = Field(ge=1)
    """Counts fresh starts after a failure."""
    iteration: int = Field(ge=0)
    """Counts act-observe-fix rounds within an attempt; 0 is the planning call."""
    agent: str
    phase: str
    """`plan` or `implement`."""
    ended: str
    """ok, timeout, quota (the vendor refused), put-off (the next batch goes on), crash (with the exit code in `detail`), limit
    (what it exceeded is in `detail`), killed (with us)."""
    detail: str = ""
    seconds: float = Field(ge=0)
    """Of one that was killed: at most that many."""
    usage: Usage = Usage()
    sandbox: str = ""
    """What confined it, in words; empty where that was not recorded."""
    feedback: tuple[str, ...] = ()
    """What the gates said about this round's change, as given back to the agent."""


class Option(Value):
    """One way out of an escalation."""

    title: str
    pros: str = ""
    cons: str = ""
    risk: RiskLevel = RiskLevel.LOW
    by_hand: bool = False
    """Whether it takes the ticket out of the factory's hands: who chooses it does the work."""
    declines: bool = False
    """Whether it says no to what was asked about: the work goes on without it, and a change with it is asked about anew."""


class Matter(Value):
    """One of several decisions that are asked for at once."""

    trigger: Trigger
    summary: str
    why: str
    blocking_factor: str
    options: tuple[Option, ...] = Field(min_length=2)
    recommendation: str
    questions: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    """Those that it is about; a yes covers these, or all when there are none."""


class Escalation(Value):
    """A decision asked of a person (SPEC 6)."""

    ticket_id: TicketId
    agent: str
    trigger: Trigger
    summary: str
    tried: str = ""
    why: str
    blocking_factor: str
    options: tuple[Option, ...] = Field(min_length=2)
    recommendation: str
    questions: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    """Those that it is about; a yes covers these, or all when there are none."""
    further: tuple[Matter, ...] = Field(default=(), max_length=8)
    """Other decisions that are asked for in the same note."""
    agreed: tuple[Agreed, ...] = ()
    """What people had agreed to before; it goes on to hold."""
    priority: Priority
    raised_at: Moment

    @property
    def matters(self) -> tuple[Matter, ...]:
        """All decisions, this record's own first."""
        own = {name: getattr(self, name) for name in Matter.model_fields}
        return (Matter(**own), *self.further)


class Leftover(Value):
    """An acceptance criterion that is not met, and why."""

    criterion: str = Field(min_length=1, max_length=2_000)
    why: str = Field(default="", max_length=2_000)


class Partial(Value):
    """What was feasible, and what is left (the document partial.json)."""

    done: tuple[str, ...] = Field(default=(), max_length=200)
    """Acceptance criteria that are met."""
    left: tuple[Leftover, ...] = Field(min_length=1, max_length=200)
    summary: str = Field(default="", max_length=10_000)


class DiffStat(Value):
    """Size of the real change."""

    files: tuple[str, ...] = ()
    added: int = Field(default=0, ge=0)
    removed: int = Field(default=0, ge=0)


class Attempt(Artifact):
    """attempt.json: the whole story of the work on one ticket."""

    ticket_id: TicketId
    batch_id: str
    agent: str
    model: str | None = None
    started_at: Moment
    finished_at: Moment
    ending: Ending
    reason: str
    """One sentence a person can act on."""
    planned_size: Size
    measured_size: Size | None = None
    base: Sha
    head: Sha | None = None
    tree: Sha | None = None
    diff: DiffStat = DiffStat()
    checkpoints: tuple[Checkpoint, ...] = ()
    runs: tuple[AgentRun, ...] = ()
    usage: Usage = Usage()
    escalation: Escalation | None = None
    partial: Partial | None = None
    """Of an ending `partial`."""
    failure: Failure | None = None
    """Why the last call failed, where the ending comes of that."""
    prompt_hash: str | None = None
    """Version of the prompt's templates, a colon, and the SHA-256 of the last prompt that was given."""
    review: AgentReview | None = None
    """What a reviewing agent said about the change, where one was asked."""

    @property
    def prompt_version(self) -> str | None:
        """Version of the templates that its prompt was made from."""
        return (self.prompt_hash or "").rpartition(":")[0] or None

    @property
    def size(self) -> Size:
        """The stricter of planned and measured size."""
        return max(self.planned_size, self.measured_size or self.planned_size, key=lambda size: size.rank)
