"""breakers.json: what a batch has learned tonight about credentials and agents, so that a killed night goes on with it."""

from pydantic import Field

from ci_factory.model.base import Artifact, Moment, TicketId, Value


class QuotaStop(Value):
    """A vendor refused a credential that was awake."""

    credential: str
    at: Moment
    until: Moment
    """When the credential wakes."""
    detail: str = ""


class BreakerState(Artifact):
    """Of one batch."""

    batch_id: str
    started_at: Moment
    """When the first agent could start; the window counts from here."""
    stops: tuple[QuotaStop, ...] = ()
    """Oldest first, over all credentials."""
    strikes: dict[str, int] = Field(default_factory=dict)
    """By agent: failures of its environment in a row."""
    closed: dict[str, str] = Field(default_factory=dict)
    """Agents that get no more tickets, and why."""
    reassigned: dict[TicketId, str] = Field(default_factory=dict)
    """Who has a ticket in place of the agent that the plan names."""
    aborted: str = ""
    """Why the batch ends early; empty: it does not."""

    def asleep(self, now: Moment) -> dict[str, QuotaStop]:
        """Credentials that sleep, each with the stop that ends last."""
        found: dict[str, QuotaStop] = {}
        for stop in self.stops:
            if stop.until > now and stop.until >= found.get(stop.credential, stop).until:
                found[stop.credential] = stop
        return found
