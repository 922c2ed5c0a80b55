"""What the configuration says about routing: who works on which ticket."""

from typing import Literal

from pydantic import Field

from ci_factory.model.base import Value

Policy = Literal["round-robin", "load", "measured"]


class RoutingConfig(Value):
    """How the agent of a ticket is chosen among those that are able."""

    policy: Policy = "round-robin"
    shadow: Policy | None = None
    """A policy that decides nothing: the plan keeps what it would have done."""
    control_share: float = Field(default=0.1, ge=0.02, le=1)
    """`measured`: of its decisions, how many are by lot among the able, so that every agent goes on being seen."""
    credibility: float = Field(default=0.9, ge=0.5, le=0.999)
    """Of the interval in which an agent's acceptance is thought to lie."""
    max_width: float = Field(default=0.5, gt=0, le=1)
    """`measured`: with a wider interval than this of any able agent, a ticket goes by turns."""
    min_decided: int = Field(default=8, ge=1, le=10_000)
    """`measured`: with fewer decided attempts than this of any able agent, a ticket goes by turns."""
    per: Literal["cost", "minutes", "attempt"] = "cost"
    """What accepted changes are counted against."""
    half_life_days: float = Field(default=14, gt=0, le=3650)
    """After that time an attempt counts for half: models change."""
    mature_share: float = Field(default=0.8, gt=0, le=1)
    """A night counts once people decided about that share of its attempts."""
    mature_days: float = Field(default=14, ge=0, le=365)
    """Or once it is that old; what is undecided then is left out."""
