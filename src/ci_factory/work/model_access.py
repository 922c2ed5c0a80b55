"""How an agent gets to its model: through the gateway, which has the key in its place, or directly with the key."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from socket import socket

from ci_factory.config import AgentConfig
from ci_factory.errors import ConfigError
from ci_factory.system import ci_env
from ci_factory.system.model_gateway import Gateway
from ci_factory.system.model_request import Upstream
from ci_factory.work.agents.protocol import Capability
from ci_factory.work.credentials import named_keys
from ci_factory.work.spending import Ledger

_INNER_PORT = 4517
"""On the loopback of a sandbox without network, where nobody else listens."""
_SHORTEST = 8
"""Characters of a key that is looked for in other variables."""


@dataclass(frozen=True)
class Route:
    """What is decided before an agent is started."""

    upstream: Upstream | None = None
    """Where the gateway leads; `None`: the agent goes there itself."""
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Variable -> the model's key."""
    withheld: tuple[str, ...] = ()
    """Variables that the agent does not get."""
    why_not: str = ""
    """Why it goes there itself, where it has a key; empty: it has none."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Keys that may stand in no transcript."""

    @property
    def words(self) -> str:
        """For people; empty where there is nothing to say."""
        if self.upstream is not None:
            return f"its model through the gateway to {self.upstream.name}"
        return f"a key is given to it: {self.why_not}" if self.why_not else ""


def route(agent: AgentConfig, capability: Capability) -> Route:
    """Through the gateway where that is possible and wanted.

    Raises:
        ConfigError: the address of its model is none.
    """
    known = (*capability.keys, *named_keys(agent))
    found = {name: key for name in known if (key := ci_env.variable(name))}
    keys = {
        name: key for name in capability.keys if (key := found.get(name)) and name not in capability.accounts
    }
    account = next((name for name in capability.accounts if name in found and not keys), "")
    why_not = _why_not(agent, capability, account)
    hidden = tuple(key for key in found.values() if len(key) >= _SHORTEST)
    if why_not or not (keys or agent.base_url or agent.gateway.upstream):
        return Route(why_not=why_not if found else "", secrets=hidden)
    try:
        upstream = Upstream.of(capability.api)
    except ValueError as error:
        raise ConfigError(
            f"{capability.api!r} is no address", where=f"agents: {agent.name}", fix="mend it"
        ) from error
    return Route(upstream, keys or {capability.keys[0]: ""}, withheld=capability.keys, secrets=hidden)


def _why_not(agent: AgentConfig, capability: Capability, account: str) -> str:
    if agent.gateway.mode == "off":
        return "gateway: off"
    if not capability.api or not capability.keys:
        return "its model's server, or the variable of its key, is not known"
    return f"{account} works at its vendor's own address alone" if account else ""


@dataclass(frozen=True)
class Access:
    """For one call."""

    url: str = ""
    """Of the gateway as the agent sees it, with the path of its model's server; empty: there is none."""
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    """Variable -> what it has in place of the key."""
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    withheld: tuple[str, ...] = ()
    inside: Mapping[int, Callable[[socket], None]] = field(default_factory=dict)
    """Ports that a sandbox without network has to hand out, and who serves them."""

    def disguised(self, env: Mapping[str, str]) -> dict[str, str]:
        """The agent's environment without the key, under whatever name it was passed on."""
        shown = {name: value for name, value in env.items() if name not in self.withheld}
        for name, key in self.keys.items():
            if len(key) >= _SHORTEST:
                shown = {each: value.replace(key, self.stand_ins[name]) for each, value in shown.items()}
        return {**shown, **self.stand_ins}


@contextmanager
def opened(chosen: Route, ledger: Ledger, *, cut_off: bool) -> Iterator[Access]:
    """The gateway for one call; when it ends, `ledger` knows what there is to know. `cut_off`: the agent has no network of this machine."""
    if chosen.upstream is None:
        yield Access()
        return
    stand_ins = {name: f"stand-in-{secrets.token_hex(16)}" for name in chosen.keys}
    real = {stand_ins[name]: key for name, key in chosen.keys.items()}
    with ExitStack() as stack:
        gateway = stack.enter_context(Gateway(chosen.upstream, real, ledger, ci_env.certificates()))
        port = _INNER_PORT if cut_off else stack.enter_context(gateway.listening())
        url = f"http://127.0.0.1:{port}{chosen.upstream.path}"
        inside = {port: gateway.serve} if cut_off else {}
        yield Access(url, stand_ins, chosen.keys, chosen.withheld, inside)
