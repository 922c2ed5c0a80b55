"""The review queue."""

from datetime import datetime
from enum import StrEnum

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


class NeededReviewer(Value):
    """Somebody whose review a sensitive area or a rule asks for, beside the named reviewer's."""

    name: str | None
    """`None`: nobody of those who may is there."""
    reason: str


class Blocked(StrEnum):
    """What a thing waits for."""

    REVIEW = "review"
    CHANGES = "changes"
    """Somebody asked for changes, and no new version came."""
    MERGE = "merge"
    """Approved, and not merged."""
    PREDECESSOR = "predecessor"
    """Approved, and on top of a merge request that is not merged."""
    ANSWER = "answer"


class Waiting(Value):
    """Who blocks a thing, as the forge's facts say."""

    kind: Blocked
    who: str | None
    """`None`: nobody in particular."""
    why: str
    since: Moment
    due: Moment
    """When the time limit of the priority ends, counted from `since` on that person's clock."""


class ReviewerDesk(Value):
    """What waits for one reviewer, and whether they are there."""

    name: str
    items: int = Field(ge=0)
    merge_requests: int = Field(ge=0)
    minutes: int = Field(ge=0)
    """Expected."""
    max_open: int | None = None
    absent: bool = False
    back: Moment | None = None
    """When an absent one works again; `None`: not in sight."""

    @property
    def absence(self) -> str:
        """Whether they are absent, and until when; empty when they are there."""
        if not self.absent:
            return ""
        return f"absent, back {self.back:%Y-%m-%d}" if self.back else "absent, not back in sight"


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
    also_needed: tuple[NeededReviewer, ...] = ()
    """Further reviews that sensitive areas and rules ask for."""
    slack_minutes: float | None = None
    """Minutes of the reviewer's clock left to the time limit; negative: late by so many."""
    urgency: float | None = None
    """Larger comes first within a tier."""
    minutes_from: str = ""
    """What the expected minutes come from."""
    waits_for: Waiting | None = None

    def late(self, now: datetime) -> bool:
        """Whether its time limit has ended."""
        return self.due is not None and self.due < now

    @property
    def further(self) -> str:
        """Further reviews that are asked for, in words; empty when there are none."""
        needed = (f"{each.name or 'somebody'} ({each.reason})" for each in self.also_needed)
        return "; ".join(f"also {words}" for words in needed)

    @property
    def held_up(self) -> str:
        """Who has to act, when that is not the named reviewer's first look; empty when it is."""
        waits = self.waits_for
        if waits is None or (waits.who == self.reviewer and waits.kind in {Blocked.REVIEW, Blocked.ANSWER}):
            return ""
        return f"waits for {waits.who}: {waits.why}" if waits.who else waits.why


class ReviewQueue(Artifact):
    """review.json: the order in which people should look."""

    made_at: Moment
    items: tuple[ReviewItem, ...]
    reviewers: tuple[ReviewerDesk, ...] = ()
    """Everybody with something to do, who is configured as a reviewer, or who is absent; by name."""
