"""What the adapters of real coding tools share: a tool is a capability and two pure functions."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from ci_factory.config import AgentConfig
from ci_factory.errors import ConfigError
from ci_factory.work.agents import output
from ci_factory.work.agents.protocol import AgentResult, Capability, Invocation, LeftBehind, Limit, Task
from ci_factory.work.agents.vendors import vendor

_HTTPS, _HTTP = 443, 80


@dataclass(frozen=True)
class Setup:
    """What the configuration says about one agent."""

    model: str | None = None
    base_url: str | None = None
    args: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    """Variables beside those that the tool is known to need."""
    max_turns: int | None = None
    max_cost_usd: float | None = None

    @property
    def served_elsewhere(self) -> bool:
        """Whether another server than the vendor's answers; what the tool believes about prices is then no price."""
        return self.base_url is not None or any(
            name.endswith(("_BASE_URL", "_API_BASE")) for name in self.env
        )


@dataclass(frozen=True)
class ToolAdapter:
    """A configured tool."""

    tool: "Tool"
    setup: Setup
    capability: Capability

    @property
    def plans(self) -> bool:
        """Whether it can write its C0 and C1 documents."""
        return self.tool.plans

    @property
    def env_names(self) -> tuple[str, ...]:
        """The model's key, the tool's settings, and what the configuration names."""
        return (*self.capability.keys, *self.capability.settings, *self.setup.env)

    def invocation(self, task: Task) -> Invocation:
        """How to start it for this task. Pure."""
        return self.tool.start(self.setup, task)

    def result(self, left: LeftBehind) -> AgentResult:
        """What it says about itself; its own idea of the cost only where its vendor's prices apply."""
        told = self.tool.read(self.setup, left)
        uses = told.uses
        if self.setup.served_elsewhere:
            uses = tuple(replace(one, cost_usd=None) for one in uses)
        model = told.model or self.setup.model
        return replace(told, uses=uses, usage=output.usage(uses), model=model)


@dataclass(frozen=True)
class Tool:
    """One kind of coding agent."""

    capability: Capability
    start: Callable[[Setup, Task], Invocation]
    read: Callable[[Setup, LeftBehind], AgentResult]
    """Says `uses`; their sum is made here."""
    plans: bool = True
    needs_model: bool = True
    """Whether it has no model of its own choice."""

    def configured(self, agent: AgentConfig, folder: Path) -> ToolAdapter:
        """From the configuration.

        Raises:
            ConfigError: a setting is missing, or means nothing to this tool.
        """
        del folder
        self._check(agent)
        setup = Setup(agent.model, agent.base_url, agent.args, agent.env, agent.max_turns, agent.max_cost_usd)
        try:
            return ToolAdapter(self, setup, _known(self.capability, setup))
        except ValueError as error:
            raise ConfigError(
                f"base_url {agent.base_url!r} is no address",
                where=f"agents: {agent.name}",
                fix="mend its port",
            ) from error

    def _check(self, agent: AgentConfig) -> None:
        where = f"agents: {agent.name}"
        if agent.command is not None or agent.folder is not None:
            key = "command" if agent.command is not None else "folder"
            raise ConfigError(
                f"the adapter `{agent.adapter}` has no `{key}`",
                where=where,
                fix="remove it; `args` adds arguments",
            )
        if self.needs_model and not agent.model:
            raise ConfigError(f"the adapter `{agent.adapter}` needs a model", where=where, fix="set `model:`")
        given: dict[Limit, object] = {"turns": agent.max_turns, "cost": agent.max_cost_usd}
        for limit, value in given.items():
            if value is not None and limit not in self.capability.limits:
                key = {"turns": "max_turns", "cost": "max_cost_usd"}[limit]
                raise ConfigError(
                    f"the adapter `{agent.adapter}` can't be told a limit of {limit}",
                    where=where,
                    fix=f"remove `{key}`; batch.timeout_minutes bounds every agent",
                )


def _known(capability: Capability, setup: Setup) -> Capability:
    """The capability with the keys and the host of the chosen model's vendor, or of the server that is named."""
    served = vendor(setup.model)
    keys = capability.keys or (served.keys if served else ())
    hosts = capability.hosts or (served.hosts if served else ())
    if setup.base_url:
        hosts = (_host(setup.base_url),)
    return replace(capability, keys=keys, hosts=hosts)


def _host(url: str) -> str:
    """`name`, or `name:port` when the port is not that of HTTPS. Raises `ValueError` for a port that is none."""
    parts = urlsplit(url)
    port = parts.port or (_HTTPS if parts.scheme == "https" else _HTTP)
    return f"{parts.hostname}" if port == _HTTPS else f"{parts.hostname}:{port}"
