"""An agent without a model: does what tools can do by themselves, as the ticket's `autofix` block says."""

import sys
from dataclasses import dataclass
from pathlib import Path

from ci_factory.config import AgentConfig
from ci_factory.model.attempt import Usage
from ci_factory.system import ci_env
from ci_factory.work.agents import reporting
from ci_factory.work.agents.protocol import AgentResult, Capability, Invocation, LeftBehind, Task

_NOT_FOR_AGENTS = {"HOME", "XDG_CONFIG_HOME", "NPM_TOKEN", "PIP_CLIENT_CERT"}
_CAPABILITY = Capability(
    settings=tuple(name for name in ci_env.PACKAGE_CLIENTS if name not in _NOT_FOR_AGENTS)
)
"""Where pip and npm find the index, for patch releases."""


@dataclass(frozen=True)
class AutofixAdapter:
    """Safe fixes of ruff, formatting, semgrep's fixes with our own upgrade rules, and patch releases of what is pinned."""

    env_names: tuple[str, ...] = ()
    plans: bool = False
    capability: Capability = _CAPABILITY

    @classmethod
    def configured(cls, agent: AgentConfig, folder: Path) -> "AutofixAdapter":
        """From the configuration; there is nothing to set."""
        del folder
        return cls((*agent.env, *_CAPABILITY.settings))

    def invocation(self, task: Task) -> Invocation:
        """Our own interpreter, isolated, so that the worktree's modules are never imported."""
        runner = ("-I", "-m", "ci_factory.work.agents.autofix_runner")
        return Invocation((sys.executable, *runner, str(task.ticket_file), str(task.out)))

    def result(self, left: LeftBehind) -> AgentResult:
        """No model, so no tokens and no cost: that is known, not unknown."""
        nothing = Usage(input_tokens=0, output_tokens=0, cost_usd=0.0)
        return AgentResult(usage=nothing, model="none", detail=reporting.last_words(left))
