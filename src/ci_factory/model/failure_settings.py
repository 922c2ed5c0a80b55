"""What the configuration says about failures."""

from typing import Literal

from pydantic import Field

from ci_factory.model.base import Value


class FailuresConfig(Value):
    """Policies for failures that are not the agent's own; `retries` has those for its own."""

    infrastructure_retries: int = Field(default=3, ge=0, le=10)
    """Fresh starts after the network, the model's server or the machine failed; they wait as `retries` says."""
    quota: Literal["wait", "defer"] = "wait"
    """Whether a ticket waits for a sleeping credential where the batch has time, or goes to the next batch."""
    quota_stops: int = Field(default=3, ge=0, le=100)
    """Quota stops of one batch that are slept through; one more ends it."""
    longest_wait_minutes: float = Field(default=360, ge=0, le=8 * 24 * 60)
    """A credential that sleeps longer is not waited for."""
    agent_limit: int = Field(default=2, ge=1, le=20)
    """Failures of an agent's environment in a row after which it gets no more tickets in this batch."""
