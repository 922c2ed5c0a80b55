"""What the review queue is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ci_factory.model.forge import Approval
from ci_factory.model.gate import Verdict
from ci_factory.model.ticket import RiskLevel, Size, Ticket


@dataclass(frozen=True)
class Asked:
    """A request for changes that no new version has followed."""

    user: str
    at: datetime


@dataclass(frozen=True)
class ReviewSubject:
    """One thing that waits for a person: a merge request, or a question without one."""

    ticket: Ticket
    merge_request: int | None
    author: str
    """Who opened the merge request; never its reviewer."""
    verdict: Verdict | None
    score: float | None
    security_findings: int
    risk: RiskLevel
    size: Size
    lines: int
    """Lines added and removed."""
    files: tuple[str, ...]
    opened_at: datetime
    escalated: bool
    owners: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """File -> owners by CODEOWNERS."""
    recent_authors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """File -> names of git authors, newest first."""
    reviewer: str | None = None
    """Who is named on the forge already."""
    reassign: bool = False
    """Whether a person asked for another reviewer than that."""
    approvals: tuple[Approval, ...] = ()
    """Of the present head."""
    asked: Asked | None = None
    moved_at: datetime | None = None
    """When a new version came after the last review; `None`: none did."""
    stacked_on: int | None = None
    """The open merge request below it."""
