"""What the jobs of child pipelines look like, as far as it is a matter of choice. Every text is checked: it goes into YAML."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from ci_factory.model.batch import Limits
from ci_factory.planning.pipeline_values import (
    ENVIRONMENT,
    EXPIRE,
    IMAGE,
    MAX_MINUTES,
    MAX_RETRIES,
    NAME,
    PACKAGE,
    TAG,
    check,
    from_pairs,
    refused,
)

JOBS_PER_TICKET = 2
"""One of the agent and one of the gates."""
MATRIX_EXPRESSIONS_SINCE = (18, 6)
_AGENT_RUNS, _SET_UP_MINUTES = 4, 30
"""A job is given the time of this many agent processes, and this much for set-up and local gates."""

_PATTERNS = {
    "image": IMAGE,
    "gate_image": rf"({IMAGE})?",
    "package": PACKAGE,
    "agent_tags": TAG,
    "gate_tags": TAG,
    "prefix": r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}",
    "agent_stage": NAME,
    "gate_stage": NAME,
    "stack_stage": NAME,
    "plan_job": NAME,
    "control_tags": TAG,
    "environment": ENVIRONMENT,
    "agent_environment": rf"({ENVIRONMENT})?",
    "plan_pipeline": r"[1-9][0-9]{0,18}|\$[A-Z][A-Z0-9_]{0,62}",
    "server": r"([0-9]{1,3}\.[0-9]{1,3})?",
    "expire": EXPIRE,
}
_BOUNDS = {
    "agent_minutes": (0, MAX_MINUTES),
    "gate_minutes": (1, MAX_MINUTES),
    "agent_retries": (0, MAX_RETRIES),
    "gate_retries": (0, MAX_RETRIES),
    "max_jobs": (JOBS_PER_TICKET, 100_000),
    "max_tickets": (1, 200),
    "max_needs": (4, 50),
}
"""The upper bounds of the last ones are GitLab's own limits: a matrix of 200, 50 needs."""


@dataclass(frozen=True)
class PipelineSettings:
    """How child pipelines are written.

    Raises:
        UsageError: a value is not one that may stand in a pipeline.
    """

    image: str = "python:3.12"
    gate_image: str = ""
    """Empty: as `image`."""
    package: str = "ci-factory[all]"
    """What pip installs first; empty when the images have it."""
    agent_tags: tuple[str, ...] = ()
    gate_tags: tuple[str, ...] = ()
    control_tags: tuple[str, ...] = ()
    environment: str = "factory"
    """What the forge's token is scoped to; only jobs of control have it."""
    agent_environment: str = ""
    """What the agents' own keys are scoped to, so that gates, which run the change, do not see them; empty: none."""
    prefix: str = "factory"
    """Begins the names of jobs and resource groups."""
    agent_stage: str = "agents"
    gate_stage: str = "gates"
    stack_stage: str = "stacks"
    """Both jobs of tickets that wait for others: within a stage, `needs` may go to and fro."""
    plan_job: str = "factory-plan"
    """The job whose artifact has the batch."""
    plan_pipeline: str = "$PARENT_PIPELINE_ID"
    """Where that job ran: a number, or a variable that the trigger sets."""
    server: str = ""
    """Version of GitLab, such as `18.6`; empty: unknown, so only what every version understands is used."""
    agent_minutes: int = 0
    """Time limit of an agent job; 0: from the batch's time limit of one agent process."""
    gate_minutes: int = 60
    agent_retries: int = 1
    gate_retries: int = 2
    expire: str = "14 days"
    max_jobs: int = 500
    """Jobs in one pipeline; GitLab.com has 500 on Free."""
    max_tickets: int = 200
    """Tickets in one child."""
    max_needs: int = 50

    def __post_init__(self) -> None:
        """Check every value."""
        check(self, _PATTERNS, _BOUNDS)
        if self.agent_environment == self.environment:
            raise refused("agent_environment", self.environment, "agents must not be where the token is")
        if len({self.agent_stage, self.gate_stage, self.stack_stage}) < len(("agent", "gate", "stack")):
            raise refused("agent_stage", self.agent_stage, "the three stages must differ")

    @property
    def by_matrix(self) -> bool:
        """Whether the server knows matrix expressions."""
        return bool(self.server) and tuple(map(int, self.server.split("."))) >= MATRIX_EXPRESSIONS_SINCE

    @property
    def child_size(self) -> int:
        """Tickets that fit into one child."""
        return min(self.max_tickets, self.max_jobs // JOBS_PER_TICKET)

    def agent_timeout(self, limits: Limits) -> int:
        """Minutes of an agent job: a ticket takes several agent processes, each with its own limit."""
        derived = _AGENT_RUNS * math.ceil(limits.timeout_seconds / 60) + _SET_UP_MINUTES
        return self.agent_minutes or min(derived, MAX_MINUTES)


def from_options(pairs: Iterable[str], **known: str) -> PipelineSettings:
    """Settings of `NAME=VALUE` texts, on top of what is `known`: see `from_pairs`.

    Raises:
        UsageError: a name or a value is wrong.
    """
    return from_pairs(PipelineSettings, pairs, known)
