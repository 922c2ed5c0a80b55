"""Any program as an agent: a command line, the contract of docs/agents.md in its environment."""

from dataclasses import dataclass
from pathlib import Path

from ci_factory.config import AgentConfig
from ci_factory.errors import ConfigError
from ci_factory.work.agents import reporting
from ci_factory.work.agents.protocol import ANYTHING, AgentResult, Capability, Invocation, LeftBehind, Task


@dataclass(frozen=True)
class CommandAdapter:
    """Runs `command` with `sh -c` in the worktree. The command is the configuration's; nothing is put into it."""

    command: str
    plans: bool
    env_names: tuple[str, ...]
    model: str | None = None
    capability: Capability = ANYTHING

    @classmethod
    def configured(cls, agent: AgentConfig, folder: Path) -> "CommandAdapter":
        """From the configuration.

        Raises:
            ConfigError: it names no command.
        """
        del folder
        if not agent.command or not agent.command.strip():
            raise ConfigError(
                "the adapter `command` needs a command line",
                where=f"agents: {agent.name}",
                fix='set `command: my-agent --prompt-file "$CI_FACTORY_PROMPT"`',
            )
        return cls(agent.command, agent.plans, agent.env, agent.model)

    def invocation(self, task: Task) -> Invocation:
        """The same for every task: what differs is in the environment."""
        del task
        return Invocation(("/bin/sh", "-c", self.command))

    def result(self, left: LeftBehind) -> AgentResult:
        """usage.json, and the last words."""
        return reporting.result(left, model=self.model)
