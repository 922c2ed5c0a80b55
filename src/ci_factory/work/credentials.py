"""Whose account an agent uses, by name: agents that share one are refused, and sleep, together."""

import re
from urllib.parse import urlsplit

from ci_factory.config import AgentConfig
from ci_factory.system import ci_env
from ci_factory.work.agents.protocol import Capability

_SECRET = re.compile(r"(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD)(?:_|$)")


def credential_of(agent: AgentConfig, capability: Capability) -> str:
    """The name of the variable that holds the key, and the server; never a value.

    An agent of which no such variable is known has an account of its own.
    """
    known = (*capability.keys, *named_keys(agent))
    here = [name for name in known if ci_env.variable(name) is not None]
    variable = next(iter((*here, *known)), "")
    if not variable:
        return f"of agent {agent.name}"
    server = _server(agent) or (capability.hosts[0] if capability.hosts else "")
    return f"{variable} at {server}" if server else variable


def named_keys(agent: AgentConfig) -> tuple[str, ...]:
    """Variables that the configuration passes on and that hold a credential, by their names."""
    return tuple(name for name in agent.env if _SECRET.search(name))


def missing_key(agent: AgentConfig, capability: Capability) -> str:
    """The variables that an agent is known to need one of, when none is set and the configuration names no other."""
    own = [name for name in agent.env if name not in capability.keys]
    if own or any(ci_env.variable(name) is not None for name in capability.keys):
        return ""
    return " or ".join(capability.keys)


def _server(agent: AgentConfig) -> str:
    try:
        parts = urlsplit(agent.base_url or "")
        port = parts.port
    except ValueError:
        return ""
    return f"{parts.hostname or ''}{f':{port}' if port else ''}"
