"""What the configuration says about roles: which agents plan and review what another one implements."""

from pydantic import Field

from ci_factory.model.base import Value


class RolesConfig(Value):
    """Names of agents under `agents`; a role that is not set is played by the agent that has the ticket, or by nobody."""

    planner: str | None = None
    """Writes C0 and C1; hands them over as a document."""
    reviewer: str | None = None
    """Reads the change once the gates have judged it; what it finds is advice in the note."""
    reviewer_points: float = Field(default=10, ge=0, le=50)
    """The most that a reviewer's findings may take from the score. They never add to it."""
