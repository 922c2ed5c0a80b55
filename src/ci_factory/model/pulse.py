"""Signs of life that a running night leaves for those who watch it: nothing is decided by them."""

from typing import Literal

from pydantic import Field

from ci_factory.model.attempt import Usage
from ci_factory.model.base import Artifact, Moment, TicketId, Value


class AtWork(Value):
    """A ticket in a lane."""

    ticket_id: TicketId
    agent: str
    lane: int = Field(ge=0)
    since: Moment


class Pulse(Artifact):
    """pulse.json of a batch: who is at work, written on every change and every few seconds while the night runs."""

    batch_id: str
    at: Moment
    over: bool = False
    """The process that ran the night has come to its end, done or not."""
    at_work: tuple[AtWork, ...] = ()
    credentials: dict[str, str] = {}
    """By agent: the name of the credential that its calls need."""


class Meter(Artifact):
    """agent/meter.json of a ticket: what the running call has used so far, where its requests can be counted."""

    phase: Literal["plan", "implement", "review"]
    number: int = Field(ge=1)
    iteration: int = Field(ge=0)
    at: Moment
    """When it last heard from its model."""
    usage: Usage
    """Of the requests that are over."""
