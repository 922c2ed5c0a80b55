"""Any program as an agent: a command line, the contract of docs/agents.md in its environment."""

from dataclasses import dataclass, replace
from pathlib import Path

from ci_factory.config import AgentConfig
from ci_factory.errors import ConfigError
from ci_factory.work.agents import reporting
from ci_factory.work.agents.protocol import ANYTHING, AgentResult, Capability, Invocation, LeftBehind, Task
from ci_factory.work.agents.vendors import host_of


@dataclass(frozen=True)
class CommandAdapter:
    """Runs `command` with `sh -c` in the worktree. The command is the configuration's; nothing is put into it."""

    command: str
    plans: bool
    env_names: tuple[str, ...]
    model: str | None = None
    capability: Capability = ANYTHING
    address: str = ""
    """Variable with its model's address, where it was led through the gateway."""

    @classmethod
    def configured(cls, agent: AgentConfig, folder: Path) -> "CommandAdapter":
        """From the configuration.

        Raises:
            ConfigError: it names no command, or a server that is none.
        """
        del folder
        if not agent.command or not agent.command.strip():
            raise ConfigError(
                "the adapter `command` needs a command line",
                where=f"agents: {agent.name}",
                fix='set `command: my-agent --prompt-file "$CI_FACTORY_PROMPT"`',
            )
        plain = cls(agent.command, agent.plans, agent.env, agent.model)
        led = agent.gateway
        if led.upstream is None:
            return plain
        try:
            known = Capability(keys=(led.key,), hosts=(host_of(led.upstream),), api=led.upstream)
        except ValueError as error:
            raise ConfigError(
                f"gateway.upstream {led.upstream!r} is no address",
                where=f"agents: {agent.name}",
                fix="mend its port",
            ) from error
        return replace(plain, env_names=(*agent.env, led.key), capability=known, address=led.variable)

    def invocation(self, task: Task) -> Invocation:
        """The same for every task: what differs is in the environment."""
        url = task.model_url or self.capability.api
        return Invocation(("/bin/sh", "-c", self.command), env={self.address: url} if self.address else {})

    def result(self, left: LeftBehind) -> AgentResult:
        """usage.json, and the last words."""
        return reporting.result(left, model=self.model)
