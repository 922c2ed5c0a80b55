"""What the review queue is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ci_factory.model.gate import Verdict
from ci_factory.model.ticket import RiskLevel, Size, Ticket


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
