"""Who may bring a ticket to the forge: one batch, for a time. Pure."""

from datetime import datetime

from pydantic import Field

from ci_factory.model.base import Moment, TicketId, Value


class Lease(Value):
    """A batch's right to a ticket, as the forge keeps it."""

    ticket_id: TicketId
    batch_id: str = Field(min_length=1, max_length=100)
    line: str = Field(min_length=1, max_length=200)
    """Whose batches follow each other and never run side by side: the next one takes over what the last one left."""
    process: str = Field(pattern=r"^[0-9a-f]{16}$")
    """Drawn anew by every process, so that no two ever hold the same lease."""
    turn: int = Field(ge=1)
    """The fencing token: one more each time that somebody takes or renews it."""
    ends_at: Moment
    """By the forge's clock."""

    def bars(self, line: str, now: datetime) -> bool:
        """Whether a new batch of this line has to leave the ticket alone."""
        return self.line != line and now < self.ends_at


class Held(Value):
    """A lease as it was found on the forge."""

    lease: Lease | None
    """`None`: what stands there can't be read."""
    mark: str
    """The forge's own name of this very state of it."""


class Swap(Value):
    """A lease in place of what was found, if that still stands there."""

    before: Held | None
    """`None`: there is none yet."""
    after: Lease
