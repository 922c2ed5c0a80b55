"""Plays back recorded steps: for demonstrations and tests, without a model. A real process, so that its endings are real."""

import sys
from dataclasses import dataclass
from pathlib import Path

from ci_factory.config import AgentConfig
from ci_factory.errors import ConfigError
from ci_factory.work.agents import reporting
from ci_factory.work.agents.protocol import ANYTHING, AgentResult, Capability, Invocation, LeftBehind, Task


@dataclass(frozen=True)
class ScriptedAdapter:
    """Plays FOLDER/TICKET-ID/script.yml; its format is in docs/agents.md."""

    folder: Path
    env_names: tuple[str, ...] = ()
    plans: bool = True
    model: str | None = None
    capability: Capability = ANYTHING

    @classmethod
    def configured(cls, agent: AgentConfig, folder: Path) -> "ScriptedAdapter":
        """From the configuration; a relative folder is relative to the configuration file.

        Raises:
            ConfigError: there is no such folder.
        """
        scripts = folder / (agent.folder or ".")
        if not agent.folder or not scripts.is_dir():
            raise ConfigError(
                f"the adapter `scripted` needs a folder of scripts, {agent.folder!r} is none",
                where=f"agents: {agent.name}",
                fix="set `folder:` to the folder that holds TICKET-ID/script.yml, relative to the configuration file",
            )
        return cls(scripts.resolve(), agent.env, model=agent.model)

    def invocation(self, task: Task) -> Invocation:
        """Our own interpreter, isolated, so that the worktree's modules are never imported."""
        player = ("-I", "-m", "ci_factory.work.agents.scripted_player")
        place = (task.phase, str(task.attempt), str(task.iteration))
        script = str(self.folder / task.ticket.id)
        argv = (sys.executable, *player, script, *place, str(task.out), str(task.ticket_file))
        return Invocation(argv, reads=(self.folder / task.ticket.id,))

    def result(self, left: LeftBehind) -> AgentResult:
        """What the script says it used."""
        return reporting.result(left, model=self.model)
