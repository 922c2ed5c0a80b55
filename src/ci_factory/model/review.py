"""The review queue."""

from pydantic import Field

from ci_factory.model.base import Artifact, Moment, Ranked, TicketId, Value
from ci_factory.model.gate import Verdict
from ci_factory.model.ticket import Priority, RiskLevel, Size


class ReviewTier(Ranked):
    """SPEC 8's order, first to be read first."""

    SECURITY = "security"
    PRIORITY = "priority"
    QUICK_WIN = "quick-win"
    ESCALATION = "escalation"
    REST = "rest"


class ReviewItem(Value):
    """One thing that waits for a person."""

    place: int = Field(ge=1)
    tier: ReviewTier
    ticket_id: TicketId
    merge_request: int | None
    """`None` for an escalation that has no merge request."""
    title: str
    priority: Priority
    verdict: Verdict | None
    score: float | None
    security_findings: int = Field(ge=0)
    risk: RiskLevel
    size: Size
    lines: int = Field(ge=0)
    opened_at: Moment
    due: Moment | None
    expected_minutes: int = Field(ge=1)
    reviewer: str | None
    reviewer_reason: str
    reason: str
    """Why it stands where it stands."""


class ReviewQueue(Artifact):
    """review.json: the order in which people should look."""

    made_at: Moment
    items: tuple[ReviewItem, ...]
