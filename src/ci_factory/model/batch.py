"""The plan of one night."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from ci_factory.model.base import Artifact, Moment, Sha, TicketId, Value
from ci_factory.model.routing import RoutingNote
from ci_factory.model.ticket import Candidate, Size


class BatchStatus(StrEnum):
    """Life of a batch."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    REVIEWED = "reviewed"
    ABORTED = "aborted"
    """Ended early; what was not finished goes on in the next batch."""

    @property
    def over(self) -> bool:
        """Whether nothing more is done in it."""
        return self not in {BatchStatus.PENDING, BatchStatus.RUNNING}


class Limits(Value):
    """What a batch may use; part of the manifest so that every stage obeys the same numbers."""

    max_tickets: int = Field(default=20, ge=1, le=10_000)
    timeout_seconds: float = Field(default=1800, gt=0)
    """One agent process; it is killed after that."""
    parallel: int = Field(default=3, ge=1, le=200)


class PlannedTicket(Value):
    """A ticket with its place in the night."""

    candidate: Candidate
    size: Size
    agent: str
    lane: int = Field(ge=0)
    order: int = Field(ge=0)
    """Place in the batch's start order, unique within the batch."""
    stacked_on: TicketId | None = None
    """The ticket whose change is this one's base; `None` means the default branch."""
    waits_for: tuple[TicketId, ...] = ()
    """Tickets of this batch that must have ended before this one starts (includes `stacked_on`)."""
    reason: str
    """Why the ticket is in, and why there."""
    routing: RoutingNote | None = None
    """Why the agent, and with what probability."""
    start_minutes: float | None = Field(default=None, ge=0)
    """Expected, counted from the batch's start."""
    end_minutes: float | None = Field(default=None, ge=0)
    cost_usd: float | None = Field(default=None, ge=0)
    """Expected; `None`: it was not measured often enough."""

    @property
    def id(self) -> str:
        """The ticket's id."""
        return self.candidate.ticket.id


class LeftOut(Value):
    """A ticket that is not in the batch, and why."""

    ticket_id: TicketId
    state: str
    """The label it gets: needs-info, deferred, hold, queued …, without the `factory::` prefix."""
    reason: str


class Arrangement(Value):
    """How good the order is, and how it was found; all figures are expected ones."""

    method: Literal["list", "search", "exact"]
    """The greedy list alone, better by search, or by the exact solver."""
    tardiness: float
    """Sum of weight x minutes after the due date, or after the start for what was due before."""
    makespan_minutes: float
    greedy_tardiness: float
    """The same of the list to start from."""
    greedy_makespan_minutes: float
    proved: bool = False
    """Whether nothing better exists for these tickets, bases and agents."""


class Batch(Artifact):
    """batch.json and batch.yaml: which tickets, in which order, by whom, on which base."""

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    created_at: Moment
    project: str
    target_branch: str
    base: Sha
    limits: Limits
    config_hash: str
    status: BatchStatus = BatchStatus.PENDING
    status_reason: str = ""
    """Why it was aborted."""
    tickets: tuple[PlannedTicket, ...]
    left_out: tuple[LeftOut, ...] = ()
    arrangement: Arrangement | None = None
