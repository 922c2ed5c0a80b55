"""Every adapter by its name in the configuration. A new one is one file here and one line below."""

from collections.abc import Callable
from pathlib import Path

from ci_factory.config import AgentConfig
from ci_factory.work.agents.autofix import AutofixAdapter
from ci_factory.work.agents.command import CommandAdapter
from ci_factory.work.agents.protocol import Adapter
from ci_factory.work.agents.scripted import ScriptedAdapter

ADAPTERS: dict[str, Callable[[AgentConfig, Path], Adapter]] = {
    "autofix": AutofixAdapter.configured,
    "command": CommandAdapter.configured,
    "scripted": ScriptedAdapter.configured,
}
"""Adapter name -> (agent, folder of the configuration file) -> adapter. Each may raise `ConfigError`."""
