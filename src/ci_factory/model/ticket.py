"""Tickets, and what intake makes of them."""

from enum import StrEnum

from pydantic import Field

from ci_factory.model.base import Artifact, Json, Moment, Ranked, TicketId, Value
from ci_factory.model.prediction import Calibration, TouchedFile


class Priority(Ranked):
    """How much a ticket matters, least first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Size(Ranked):
    """Complexity of a ticket or of a diff, smallest first (lines changed: <10, 10-50, 50-200, >200)."""

    TRIVIAL = "trivial"
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


class RiskLevel(Ranked):
    """Probability x impact, least first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class RiskCategory(StrEnum):
    """What a change can harm."""

    ARCHITECTURE = "architecture"
    SECURITY = "security"
    DATA = "data"
    PERFORMANCE = "performance"
    COMPATIBILITY = "compatibility"


class Ticket(Value):
    """One issue that asks for a change. What it leaves out is `None` or empty, never guessed here."""

    id: TicketId
    title: str = Field(min_length=1, max_length=255)
    body: str = Field(default="", max_length=1_000_000)
    priority: Priority = Priority.MEDIUM
    complexity: Size | None = None
    files: tuple[str, ...] = Field(default=(), max_length=1_000)
    depends_on: tuple[TicketId, ...] = Field(default=(), max_length=200)
    labels: tuple[str, ...] = Field(default=(), max_length=100)
    due: Moment | None = None
    acceptance_criteria: tuple[str, ...] = Field(default=(), max_length=200)
    test_cases: tuple[str, ...] = Field(default=(), max_length=200)
    author: str = Field(default="", max_length=255)
    created_at: Moment | None = None
    hidden: tuple[str, ...] = Field(default=(), max_length=20)
    """Kinds of characters no reader can see that were taken out of title and body when the ticket was read."""


class Readiness(Value):
    """Whether a ticket can be worked on, and exactly what is missing."""

    ready: bool
    missing: tuple[str, ...] = ()
    """Required things that are missing, each as a sentence that says how to add it."""
    recommended: tuple[str, ...] = ()
    """Things that would help but do not stop the ticket."""


class Estimate(Value):
    """What the ticket says or, where it says nothing, what was estimated."""

    complexity: Size
    files: tuple[str, ...]
    estimated: tuple[str, ...] = ()
    """Names of the fields above that were estimated rather than given."""
    reasons: tuple[str, ...] = ()
    touched: tuple[TouchedFile, ...] = ()
    """Files that the change may touch, the most probable first; the least probable are left out."""
    hot: tuple[str, ...] = ()
    """Of all these files the hot ones, by their names or by the recent commits: that two tickets share one tells nothing."""


class Risk(Value):
    """How dangerous the change asked for is, and why we think so."""

    level: RiskLevel
    categories: tuple[RiskCategory, ...] = ()
    reasons: tuple[str, ...] = ()


class Decision(Value):
    """What people with the role to do so replied to the question on an escalated ticket."""

    note_id: int
    """The note with the question."""
    asked_at: Moment
    answered_at: Moment
    """Of the last reply."""
    users: tuple[str, ...] = Field(min_length=1)
    """Everybody who replied, first reply first."""
    option: int | None = Field(default=None, ge=1)
    """The option that was named last."""
    choice: str = Field(default="", max_length=1_000)
    """What that option said."""
    text: str = Field(max_length=20_000)
    """All replies in their order; untrusted."""

    @property
    def words(self) -> str:
        """The decision as it is told to an agent, to whom a number alone says nothing."""
        chosen = (
            f"Option {self.option} was chosen: {self.choice or 'see the question'}\n\n" if self.option else ""
        )
        return f"{chosen}{self.text}"


class Agreed(Value):
    """What a person's yes covers: one trigger of an escalation, for the files that it was asked about."""

    trigger: str = Field(max_length=40)
    """`any`: whatever was not asked about yet."""
    files: tuple[str, ...] = Field(default=(), max_length=500)
    """Empty: whatever the files are."""
    words_only: bool = False
    """They said no to it: the ticket's words are settled, and a change that does it is not."""


class Candidate(Value):
    """A ticket after intake: judged, estimated, not yet planned."""

    ticket: Ticket
    readiness: Readiness
    estimate: Estimate
    risk: Risk
    answer: Decision | None = None
    """For a ticket about which people were asked, and answered."""
    agreed: tuple[Agreed, ...] = ()
    """What people agreed to when they were asked, as far as the questions tell."""
    earlier: dict[str, Json] | None = None
    """What our note keeps of the attempt that asked; read strictly (model.work_state.Earlier) by who goes on from it."""


class IntakeReport(Artifact):
    """intake.json: every ticket of the queue, ready or not."""

    taken_at: Moment
    candidates: tuple[Candidate, ...]
    resolved: tuple[TicketId, ...] = ()
    """Tickets outside of the queue that others depend on and that are done."""
    in_flight: dict[TicketId, tuple[str, ...]] = {}
    """Files that open merge requests of the factory touch, by ticket."""
    calibration: Calibration = Calibration()
    """How the predictions of touched files were weighed."""
