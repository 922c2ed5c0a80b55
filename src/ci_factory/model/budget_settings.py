"""Settings of what an agent may spend, and of the way to its model."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from ci_factory.model import modes
from ci_factory.model.base import Value

Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=200)]


class PhaseBudget(Value):
    """What all calls of one phase may use together; `null` is no bound, or in an agent's own budgets the project's."""

    minutes: float | None = Field(default=None, gt=0, le=24 * 60)
    """Within one fresh start."""
    tokens: int | None = Field(default=None, ge=1)
    """Read and written, over all fresh starts, as those below."""
    cost_usd: float | None = Field(default=None, gt=0)
    calls: int | None = Field(default=None, ge=1)
    """Requests to the model."""


class PlanBudget(PhaseBudget):
    """For planning. The calls are bounded to end what goes round in circles; tokens and cost are for the project to say."""

    minutes: float | None = Field(default=10, gt=0, le=24 * 60)
    calls: int | None = Field(default=200, ge=1)


class ImplementBudget(PhaseBudget):
    """For implementing; without `minutes`, all rounds have as long as one process has (batch.timeout_minutes)."""

    calls: int | None = Field(default=1000, ge=1)


class ReviewBudget(PhaseBudget):
    """For the one call of a reviewing agent."""

    minutes: float | None = Field(default=10, gt=0, le=24 * 60)
    calls: int | None = Field(default=200, ge=1)


class BudgetsConfig(Value):
    """Planning, implementing and reviewing are paid for separately."""

    plan: PlanBudget = PlanBudget()
    implement: ImplementBudget = ImplementBudget()
    review: ReviewBudget = ReviewBudget()


class AgentBudgets(Value):
    """What one agent has in place of the project's."""

    plan: PhaseBudget = PhaseBudget()
    implement: PhaseBudget = PhaseBudget()
    review: PhaseBudget = PhaseBudget()


class GatewayConfig(Value):
    """The way of an agent to its model. All but `mode` is for the adapter `command`, whose program nobody else knows."""

    mode: Annotated[Literal["auto", "off"], BeforeValidator(modes.off)] = "auto"
    """`auto`: through the gateway where the agent can be led there, else directly, which is said."""
    upstream: str | None = Field(default=None, pattern=r"^https?://[^\s\"\\]+$", max_length=500)
    """The model's server as the program wants it, with or without a path such as `/v1`."""
    variable: Variable = "OPENAI_BASE_URL"
    """Is set to the gateway's address, with the path of `upstream`."""
    key: Variable = "OPENAI_API_KEY"
    """Holds the model's key here, and a stand-in for it where the agent runs."""


GatewaySetting = Annotated[
    GatewayConfig, BeforeValidator(modes.alone, json_schema_input_type=Literal["auto", "off"] | GatewayConfig)
]
"""A mode, or the whole mapping."""
