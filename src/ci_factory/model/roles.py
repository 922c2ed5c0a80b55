"""What roles hand to each other: documents, never a conversation."""

from typing import Literal

from pydantic import Field

from ci_factory.model.base import Value
from ci_factory.model.gate import ReviewFinding

Role = Literal["planner", "implementer", "reviewer"]


class Deliverable(Value):
    """One thing that is to come out, and how it is told that it did."""

    what: str
    acceptance: str


class HandOff(Value):
    """handoff.json: from one role to the next (SPEC 2)."""

    sender: Role
    receiver: Role
    objective: str
    context: tuple[str, ...] = ()
    deliverables: tuple[Deliverable, ...] = ()
    tests: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class ReviewDocument(Value):
    """review.json: what a reviewing agent writes."""

    summary: str = Field(default="", max_length=4_000)
    findings: tuple[ReviewFinding, ...] = Field(default=(), max_length=50)


class AgentReview(Value):
    """A review as it is kept with the attempt: untrusted words, bound to the tree that was read."""

    agent: str
    tree: str
    summary: str = ""
    findings: tuple[ReviewFinding, ...] = ()
    problem: str = ""
    """Why there is no review; it costs the change nothing."""
