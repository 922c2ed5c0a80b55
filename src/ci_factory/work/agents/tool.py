"""What the adapters of real coding tools share: a tool is a capability and two pure functions."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ci_factory.config import AgentConfig
from ci_factory.errors import ConfigError
from ci_factory.work.agents import output
from ci_factory.work.agents.protocol import AgentResult, Capability, Invocation, LeftBehind, Limit, Task
from ci_factory.work.agents.vendors import host_of, vendor


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
        cost = self.setup.max_cost_usd
        if (
            task.cost_left is not None
            and "cost" in self.capability.limits
            and not self.setup.served_elsewhere
        ):
            cost = min(task.cost_left, cost or task.cost_left)
        url = task.model_url or self.setup.base_url
        return self.tool.start(replace(self.setup, base_url=url, max_cost_usd=cost), task)

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
    api: Callable[[Setup], str] = lambda _: ""
    """Where its model answers when the configuration names no server, as the tool wants to be told; empty: not known."""
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
            return ToolAdapter(self, setup, _known(self, setup))
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
        if agent.gateway.upstream is not None:
            fix = "remove it; `base_url` names another server"
            raise ConfigError(
                f"the adapter `{agent.adapter}` has no `gateway.upstream`", where=where, fix=fix
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


def _known(tool: Tool, setup: Setup) -> Capability:
    """The capability with the keys and the server of the chosen model's vendor, or with the server that is named."""
    served, capability = vendor(setup.model), tool.capability
    keys = capability.keys or (served.keys if served else ())
    hosts = capability.hosts or (served.hosts if served else ())
    if setup.base_url:
        hosts = (host_of(setup.base_url),)
    api = setup.base_url or ("" if setup.served_elsewhere else tool.api(setup))
    return replace(capability, keys=keys, hosts=hosts, api=api)
