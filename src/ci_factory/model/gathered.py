"""gathered.json: what jobs of a batch left, and what they did not."""

from pydantic import Field

from ci_factory.model.base import Artifact, TicketId, Value


class GatheredTicket(Value):
    """One ticket's two jobs."""

    ticket_id: TicketId
    attempt: bool
    """Whether there is an attempt.json now: what the agent's job left, or that it left nothing."""
    verdict: bool
    """Whether there is a judgement that can be believed."""
    said: str = ""
    """What is missing and why, in one sentence for people; empty when nothing is."""


class Gathered(Artifact):
    """What was there when the jobs were last looked at."""

    pipeline_id: int = Field(ge=1)
    tickets: tuple[GatheredTicket, ...]

    def said_of(self, ticket_id: str) -> str:
        """What is missing of a ticket; empty when nothing is, or nobody looked."""
        return next((each.said for each in self.tickets if each.ticket_id == ticket_id), "")
