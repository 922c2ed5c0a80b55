"""Every adapter by its name in the configuration. A new one is one file here and one line below."""

from collections.abc import Callable
from pathlib import Path

from ci_factory.config import AgentConfig
from ci_factory.work.agents.aider import AIDER
from ci_factory.work.agents.autofix import AutofixAdapter
from ci_factory.work.agents.claude_code import CLAUDE_CODE
from ci_factory.work.agents.codex import CODEX
from ci_factory.work.agents.command import CommandAdapter
from ci_factory.work.agents.gemini import GEMINI
from ci_factory.work.agents.mini_swe_agent import MINI_SWE_AGENT
from ci_factory.work.agents.opencode import OPENCODE
from ci_factory.work.agents.openhands import OPENHANDS
from ci_factory.work.agents.protocol import Adapter
from ci_factory.work.agents.scripted import ScriptedAdapter

ADAPTERS: dict[str, Callable[[AgentConfig, Path], Adapter]] = {
    "aider": AIDER.configured,
    "autofix": AutofixAdapter.configured,
    "claude-code": CLAUDE_CODE.configured,
    "codex": CODEX.configured,
    "command": CommandAdapter.configured,
    "gemini": GEMINI.configured,
    "mini-swe-agent": MINI_SWE_AGENT.configured,
    "opencode": OPENCODE.configured,
    "openhands": OPENHANDS.configured,
    "scripted": ScriptedAdapter.configured,
}
"""Adapter name -> (agent, folder of the configuration file) -> adapter. Each may raise `ConfigError`."""
