"""What the jobs of child pipelines look like, as far as it is a matter of choice. Every text is checked: it goes into YAML."""

import dataclasses
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ci_factory.errors import UsageError
from ci_factory.model.batch import Limits
from ci_factory.model.text import listed

JOBS_PER_TICKET = 2
"""One of the agent and one of the gates."""
MATRIX_EXPRESSIONS_SINCE = (18, 6)
_AGENT_RUNS, _SET_UP_MINUTES = 4, 30
"""A job is given the time of this many agent processes, and this much for set-up and local gates."""
_MAX_MINUTES = 7 * 24 * 60

_NAME = r"[A-Za-z0-9][A-Za-z0-9 _.:-]{0,62}"
_IMAGE = r"[A-Za-z0-9$][A-Za-z0-9$_{}./:@-]{0,254}"
_TAG = r"[A-Za-z0-9$][A-Za-z0-9$_{}.:/-]{0,62}"
_ENVIRONMENT = r"[A-Za-z0-9][A-Za-z0-9_./-]{0,62}"
_PATTERNS = {
    "image": _IMAGE,
    "gate_image": rf"({_IMAGE})?",
    "package": r"([A-Za-z0-9.][A-Za-z0-9._\[\],=<>~!-]{0,200})?",
    "agent_tags": _TAG,
    "gate_tags": _TAG,
    "prefix": r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}",
    "agent_stage": _NAME,
    "gate_stage": _NAME,
    "stack_stage": _NAME,
    "plan_job": _NAME,
    "control_tags": _TAG,
    "environment": rf"{_ENVIRONMENT}",
    "agent_environment": rf"({_ENVIRONMENT})?",
    "plan_pipeline": r"[1-9][0-9]{0,18}|\$[A-Z][A-Z0-9_]{0,62}",
    "server": r"([0-9]{1,3}\.[0-9]{1,3})?",
    "expire": r"(never|[1-9][0-9]{0,3} (minutes|hours|days|weeks|months)|1 (minute|hour|day|week|month))",
}
_BOUNDS = {
    "agent_minutes": (0, _MAX_MINUTES),
    "gate_minutes": (1, _MAX_MINUTES),
    "agent_retries": (0, 2),
    "gate_retries": (0, 2),
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
        for name, pattern in _PATTERNS.items():
            value = getattr(self, name)
            for text in value if isinstance(value, tuple) else (value,):
                if not re.fullmatch(pattern, text):
                    raise _refused(name, text, f"it must match {pattern}")
        for name, (least, most) in _BOUNDS.items():
            if not least <= getattr(self, name) <= most:
                raise _refused(name, getattr(self, name), f"it must be from {least} to {most}")
        if self.agent_environment == self.environment:
            raise _refused("agent_environment", self.environment, "agents must not be where the token is")
        if len({self.agent_stage, self.gate_stage, self.stack_stage}) < len(("agent", "gate", "stack")):
            raise _refused("agent_stage", self.agent_stage, "the three stages must differ")

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
        return self.agent_minutes or min(derived, _MAX_MINUTES)


def from_options(pairs: Iterable[str], **known: str) -> PipelineSettings:
    """Settings of `NAME=VALUE` texts, on top of what is `known`; dashes may stand for underscores, commas divide lists.

    A list may also be JSON, as an array input of a component arrives.

    Raises:
        UsageError: a name or a value is wrong.
    """
    fields = {field.name: field.default for field in dataclasses.fields(PipelineSettings)}
    values: dict[str, Any] = dict(known)
    for pair in pairs:
        name, equals, text = pair.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or name not in fields:
            raise _refused(name, text, f"write NAME=VALUE; names are {', '.join(fields)}")
        values[name] = _typed(name, text.strip(), fields[name])
    return PipelineSettings(**values)


def _typed(name: str, text: str, default: object) -> object:
    if isinstance(default, tuple):
        words = listed(text)
        return tuple(part for each in (text.split(",") if words is None else words) if (part := each.strip()))
    if not isinstance(default, int):
        return text
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise _refused(name, text, "it must be a whole number")
    return int(text)


def _refused(name: str, value: object, why: str) -> UsageError:
    return UsageError(f"{str(value)[:80]!r} can't stand in a pipeline", where=f"pipeline {name}", fix=why)
