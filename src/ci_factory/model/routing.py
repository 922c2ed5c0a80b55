"""Why an agent got a ticket, and with what probability: kept with the plan, so that it can be judged later."""

from enum import StrEnum

from pydantic import Field

from ci_factory.model.base import Moment, Value
from ci_factory.model.ticket import Size


class How(StrEnum):
    """How one decision came about."""

    TURNS = "turns"
    """The next able agent."""
    LOAD = "load"
    """The able agent with the least work for its capacity."""
    MEASURED = "measured"
    """Drawn with the probability of being the best."""
    ONLY = "only"
    """Nobody else is able."""


class Choice(Value):
    """What one policy decided, or would have."""

    policy: str
    how: How
    agent: str
    propensities: dict[str, float] = Field(default_factory=dict)
    """Able agent -> probability with which it would get such a ticket; they sum to 1.

    Turns count as even: the place of a ticket in the turns says nothing about the ticket.
    """
    why: str = ""


class RoutingNote(Choice):
    """The decision about one ticket. A hand-over in the night changes the ticket's agent and not this."""

    shadow: Choice | None = None
    """What the policy that only watches would have done."""


class AgentRecord(Value):
    """What is known of an agent with tickets of a size; of nights that count, unless said otherwise."""

    agent: str
    size: Size
    decided: int = Field(ge=0)
    accepted: int = Field(ge=0)
    low: float
    """Interval of the acceptance, at `routing.credibility`."""
    high: float
    open: int = Field(ge=0)
    """Attempts that do not count: nobody decided yet, or their night is not mature."""
    amount_per_accepted: float | None = None
    """Of all decided attempts; `None`: unknown of one of them, or none was accepted."""
    chance: float | None = None
    """With which `measured` would give it the next ticket of this size, in the area with most attempts; `None`: not able."""


class ShadowRecord(Value):
    """What the watching policy would have done, and what that would have been worth."""

    policy: str
    tickets: int = Field(ge=0)
    """Decisions of both that are known."""
    same: int = Field(ge=0)
    """Those in which the agents are the same."""
    decided: int = Field(ge=0)
    """Those that people decided about."""
    effective: float | None = None
    """How many decided ones the estimate is worth, after weighting."""
    unit: str = ""
    """What the estimate counts accepted changes against; an attempt where the amount of any is unknown."""
    real: float | None = None
    """Accepted per unit as it was."""
    instead: float | None = None
    """The same had the watching policy decided, estimated."""
    gain_low: float | None = None
    """Interval of `instead` minus `real`, at `routing.credibility`."""
    gain_high: float | None = None
    why: str = ""
    """Why there is no estimate."""


class RoutingReport(Value):
    """Why tickets go to whom, for people."""

    made_at: Moment
    policy: str
    unit: str
    """What accepted changes are to be counted against: USD, minute, attempt."""
    area: str
    """The area with most attempts, for which the chances are."""
    agents: tuple[AgentRecord, ...]
    now: dict[Size, str]
    """Per size, how `measured` would decide, or why it would go by turns."""
    shadow: ShadowRecord | None = None
