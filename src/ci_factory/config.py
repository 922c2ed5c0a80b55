"""`.ci-factory.yml` as frozen data. Errors name the file, the key and the fix."""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from pydantic import BaseModel, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from ci_factory.errors import ConfigError
from ci_factory.model import plain_yaml
from ci_factory.model.alert_settings import AlertsConfig
from ci_factory.model.base import Value
from ci_factory.model.budget_settings import AgentBudgets, BudgetsConfig, GatewayConfig, GatewaySetting
from ci_factory.model.escalation_settings import TriggersConfig
from ci_factory.model.failure_settings import FailuresConfig
from ci_factory.model.forge import Role
from ci_factory.model.forge_settings import Rates
from ci_factory.model.gate_settings import GatesConfig
from ci_factory.model.integration_settings import IntegrationConfig
from ci_factory.model.languages import Language
from ci_factory.model.metrics_settings import MetricsConfig
from ci_factory.model.planning_settings import PlanningConfig
from ci_factory.model.publishing_settings import PublishingConfig
from ci_factory.model.review_settings import ReviewConfig
from ci_factory.model.role_settings import RolesConfig
from ci_factory.model.routing_settings import RoutingConfig
from ci_factory.model.sandbox_settings import Host, Network, SandboxConfig, SandboxSetting
from ci_factory.model.simulation_settings import SimulationConfig
from ci_factory.model.suggestion import meant
from ci_factory.model.ticket import Size

FILE_NAME = ".ci-factory.yml"
MAX_BYTES = 256 * 1024


STATES = (
    "merged",
    "closed",
    "review",
    "partial",
    "escalated",
    "agent-failed",
    "no-change",
    "deferred",
    "needs-info",
    "running",
    "queued",
    "draft",
)
"""State labels without their prefix, the furthest first; a ticket carries at most one, and only the factory moves it."""


class Labels(Value):
    """Names of the labels people steer with."""

    ready: str = Field(default="ready-for-agent", min_length=1)
    prefix: str = Field(default="factory::", min_length=1)
    """Labels that only the factory moves start with it."""
    report: str = Field(default="factory-report", min_length=1, max_length=255, pattern=r"^[^,\n]+$")
    """Of the issue that carries the reports; it makes no ticket."""

    def state(self, name: str) -> str:
        """Name of a state label, `state("review")` -> `factory::review`."""
        return f"{self.prefix}{name}"

    @property
    def states(self) -> tuple[str, ...]:
        """All state labels, as this project calls them."""
        return tuple(self.state(name) for name in STATES)

    @property
    def every(self) -> tuple[str, ...]:
        """All labels by which a ticket shows that it is, or was, the factory's."""
        return (self.ready, *self.states, self.approved, self.hold)

    def state_of(self, labels: Collection[str]) -> str | None:
        """The state that a ticket's labels say, `ready` before the factory took it, `None` when they say nothing."""
        found = next((name for name in STATES if self.state(name) in labels), None)
        return found or ("ready" if self.ready in labels else None)

    @property
    def draft(self) -> str:
        """Of a follow-up ticket that the factory wrote and nobody has asked for yet."""
        return self.state("draft")

    @property
    def approved(self) -> str:
        """The label with which a person says yes to an escalated ticket; it holds for one attempt."""
        return self.state("approved")

    @property
    def hold(self) -> str:
        """The label with which a person stops a ticket at its next step."""
        return self.state("hold")


class Identity(Value):
    """Author and committer of the factory's commits; empty means git's own user.name and user.email."""

    name: str = ""
    email: str = ""


class BatchConfig(Value):
    """Bounds of one night."""

    max_tickets: int = Field(default=20, ge=1, le=10_000)
    timeout_minutes: float = Field(default=30, gt=0, le=24 * 60)
    """For one agent process."""
    parallel: int = Field(default=3, ge=1, le=200)
    """Agents at the same time (lanes)."""
    window_minutes: float | None = Field(default=None, gt=0)
    """Length of the night; `null` has no end."""
    cost_budget_usd: float | None = Field(default=None, ge=0)
    review_minutes: float | None = Field(default=None, ge=0)
    """Minutes of review available next morning; `null` does not limit the batch."""


class AgentConfig(Value):
    """One agent: which adapter drives it, with what."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
    adapter: str
    """Which program it is; docs/agents.md lists them."""
    command: str | None = None
    """For `command`: a shell line, run in the ticket's worktree."""
    folder: str | None = None
    """For `scripted`: the folder of recorded steps, relative to the configuration file."""
    plans: bool = False
    """For `command`: also called once, read-only, to write its C0 and C1 documents."""
    env: tuple[str, ...] = ()
    """Names of variables the agent may inherit; everything else is dropped."""
    max_size: Size = Size.LARGE
    """The largest ticket it is given."""
    languages: tuple[Language, ...] = ()
    """Of the code that it is given; empty is any."""
    parallel: int | None = Field(default=None, ge=1, le=200)
    """Most tickets that it works on at the same time; `null`: as many as there are lanes."""
    network: Network | None = None
    """In place of `sandbox.network`."""
    hosts: tuple[Host, ...] = Field(default=(), max_length=200)
    """For `allowlist`, beside `sandbox.hosts`."""
    model: str | None = Field(default=None, max_length=200)
    """As the agent itself names models."""
    base_url: str | None = Field(default=None, pattern=r"^https?://[^\s\"\\]+$", max_length=500)
    """Another server for the model, as the agent itself wants it, with or without a path such as `/v1`."""
    args: tuple[str, ...] = Field(default=(), max_length=100)
    """More arguments for its program."""
    max_turns: int | None = Field(default=None, ge=1, le=10_000)
    """Model calls in one call of the agent, where it can be told."""
    max_cost_usd: float | None = Field(default=None, gt=0)
    """In one call of the agent, where it can be told and knows its model's price."""
    gateway: GatewaySetting = GatewayConfig()
    """Whether it reaches its model through the gateway, which keeps the key and counts."""
    budgets: AgentBudgets = AgentBudgets()
    """In place of the project's, key by key."""


class Price(Value):
    """What a model costs, in USD per million tokens."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached: float | None = Field(default=None, ge=0)
    """For input that was read from a cache; `null`: the same as other input."""


class IterationLimits(Value):
    """Act-observe-fix rounds before a person is asked (SPEC 2)."""

    single_file: int = Field(default=3, ge=1, le=50)
    multi_file: int = Field(default=5, ge=1, le=50)
    test_failures: int = Field(default=5, ge=1, le=50)
    build_failures: int = Field(default=3, ge=1, le=50)


class RetryConfig(Value):
    """Fresh starts after an agent timed out or crashed."""

    limit: int = Field(default=3, ge=0, le=10)
    delays_minutes: tuple[float, ...] = (1, 5, 15)
    """Before the first, second, … retry; the last one repeats."""

    def delay_seconds(self, retry: int) -> float:
        """Seconds to wait before the given retry, counted from 1."""
        if not self.delays_minutes:
            return 0
        return self.delays_minutes[min(retry, len(self.delays_minutes)) - 1] * 60


class SensitiveArea(Value):
    """Paths whose change needs a named reviewer, and at which an agent's ticket escalates."""

    paths: tuple[str, ...] = Field(min_length=1)
    category: Literal["architecture", "security", "data", "compatibility"] = "security"
    reviewers: tuple[str, ...] = ()
    escalate: bool = True


class CustomRule(Value):
    """What a change under these paths asks for."""

    paths: tuple[str, ...] = Field(min_length=1)
    action: Literal["require_review", "warn", "block"]
    reviewers: tuple[str, ...] = ()
    message: str = ""


class EscalationConfig(Value):
    """Time limits after which a person is reminded (never an assumption made)."""

    standard_hours: float = Field(default=24, gt=0)
    blocking_hours: float = Field(default=4, gt=0)
    critical_hours: float = Field(default=1, gt=0)
    answer_role: Role = Role.DEVELOPER
    """The least that somebody must be allowed to in the project for their reply to count as the answer."""
    triggers: TriggersConfig = TriggersConfig()


class ForgeConfig(Value):
    """Where the tickets and merge requests are."""

    kind: Literal["auto", "embedded", "gitlab"] = "auto"
    """`auto`: GitLab where its address, the project and a token are known, else the forge inside of the repository."""
    url: str = ""
    """Address of the GitLab server, such as https://gitlab.example.com; empty: CI_SERVER_URL."""
    project: str = ""
    """Path of the project, such as group/name; empty: CI_PROJECT_PATH."""
    token_variable: str = Field(default="CI_FACTORY_TOKEN", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """Name of the environment variable that holds the token. The token itself stands in no file."""
    allow_http: bool = False
    """Whether the token may be sent unencrypted to another machine."""
    allow_unprotected: bool = False
    """Whether a CI job on an unprotected branch or tag may use the token; anybody who can push there can read it."""
    rates: Rates = Rates()


class Config(Value):
    """Everything a project can set."""

    enabled: bool = True
    """`false` stops the factory before its next write."""
    forge: ForgeConfig = ForgeConfig()
    labels: Labels = Labels()
    identity: Identity = Identity()
    batch: BatchConfig = BatchConfig()
    planning: PlanningConfig = PlanningConfig()
    routing: RoutingConfig = RoutingConfig()
    agents: tuple[AgentConfig, ...] = ()
    roles: RolesConfig = RolesConfig()
    prices: dict[str, Price] = Field(default_factory=dict, max_length=1000)
    """By model name; used where an agent tells tokens and not their cost."""
    sandbox: SandboxSetting = SandboxConfig()
    budgets: BudgetsConfig = BudgetsConfig()
    iterations: IterationLimits = IterationLimits()
    retries: RetryConfig = RetryConfig()
    failures: FailuresConfig = FailuresConfig()
    gates: GatesConfig = GatesConfig()
    sensitive: tuple[SensitiveArea, ...] = ()
    rules: tuple[CustomRule, ...] = ()
    review: ReviewConfig = ReviewConfig()
    integration: IntegrationConfig = IntegrationConfig()
    escalation: EscalationConfig = EscalationConfig()
    publishing: PublishingConfig = PublishingConfig()
    alerts: AlertsConfig = AlertsConfig()
    metrics: MetricsConfig = MetricsConfig()
    simulation: SimulationConfig = SimulationConfig()

    @model_validator(mode="after")
    def _agent_names_differ(self) -> "Config":
        names = [agent.name for agent in self.agents]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            msg = f"agent names must differ, twice: {', '.join(twice)}"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _roles_name_agents(self) -> "Config":
        names = [agent.name for agent in self.agents]
        for role, name in (("planner", self.roles.planner), ("reviewer", self.roles.reviewer)):
            if name is not None and name not in names:
                msg = f"roles.{role} is {name!r}, which is no agent under `agents`"
                raise ValueError(msg)
        return self

    @property
    def hash(self) -> str:
        """SHA-256 of the whole configuration; part of every verdict."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def parse(text: str, source: str = FILE_NAME) -> Config:
    """Read a configuration from text; `source` names it in errors.

    Raises:
        ConfigError: the text is not YAML, or a key or value is wrong.
    """
    raw = _load_yaml(text, source)
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(_explain(error), where=source, fix=_fix(error)) from error


def load(path: Path) -> Config:
    """Read the configuration file; one that does not exist means all defaults.

    Raises:
        ConfigError: the file can't be read or is wrong.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(f"is larger than {MAX_BYTES} bytes", where=str(path), fix="shorten it")
        return parse(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        return Config()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"can't be read: {error}", where=str(path), fix="make it readable UTF-8") from error


def values_with_origin(text: str | None, source: str) -> Iterator[tuple[str, Any, str]]:
    """Yield every value as (dotted key, value, origin); origin is the source or `default`."""
    config = Config() if text is None else parse(text, source)
    given = {} if text is None else _load_yaml(text, source)
    yield from _walk(config.model_dump(mode="json"), given, source, "")


def _walk(
    values: Mapping[str, Any], given: object, source: str, prefix: str
) -> Iterator[tuple[str, Any, str]]:
    for key, value in values.items():
        here = given.get(key) if isinstance(given, Mapping) else None
        if isinstance(value, Mapping) and value:
            yield from _walk(value, here, source, f"{prefix}{key}.")
        else:
            short = given is not None and not isinstance(given, Mapping)  # one word for the whole mapping
            set_here = short or (isinstance(given, Mapping) and key in given)
            yield f"{prefix}{key}", value, source if set_here else "default"


def _load_yaml(text: str, source: str) -> dict[str, Any]:
    try:
        raw = plain_yaml.load(text)
    except yaml.YAMLError as error:
        raise ConfigError(
            f"is not valid YAML: {' '.join(str(error).split())}",
            where=source,
            fix="mend the line named above",
        ) from error
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise ConfigError("must be a mapping of keys", where=source, fix="write `key: value` lines")
    return raw


def _key(details: ErrorDetails) -> str:
    return ".".join(str(part) for part in details["loc"]) or "(the whole file)"


def _explain(error: ValidationError) -> str:
    parts = []
    for details in error.errors():
        message = "unknown key" if details["type"] == "extra_forbidden" else details["msg"]
        parts.append(f"{_key(details)}: {message}")
    return "; ".join(parts)


def _fix(error: ValidationError) -> str:
    # Values may be secrets that were pasted into the wrong place; only keys are repeated.
    details = error.errors()[0]
    if details["type"] == "extra_forbidden":
        known = _known_keys(details["loc"][:-1])
        return meant(str(details["loc"][-1]), sorted(known), kind="keys here")
    return f"set {_key(details)} as `ci-factory config` and docs/configuration.md describe it"


def _known_keys(location: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = Config
    for part in location:
        if part not in model.model_fields:  # a place in a list, or a name that people chose
            continue
        annotation = model.model_fields[str(part)].annotation
        candidates = (annotation, *get_args(annotation))
        inner = (c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel))
        model = next(inner, model)  # a name that people chose may be that of a key
    return list(model.model_fields)
