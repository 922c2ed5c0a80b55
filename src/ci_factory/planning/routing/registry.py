"""All routing policies by name. To add one: a module with a class that satisfies `Router`, and a line here (docs/routing.md)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ci_factory.config import AgentConfig
from ci_factory.model.history import PastAttempt
from ci_factory.model.routing_settings import RoutingConfig
from ci_factory.planning.routing import load, measured, round_robin
from ci_factory.planning.routing.evidence import spendings, trials
from ci_factory.planning.routing.experience import Experience
from ci_factory.planning.routing.protocol import Router
from ci_factory.planning.routing.shadow import Shadowed


@dataclass(frozen=True)
class Known:
    """What a policy may build on."""

    agents: Sequence[AgentConfig]
    settings: RoutingConfig
    batch_id: str
    now: datetime
    past: Sequence[PastAttempt] = ()
    capacity: Mapping[str, int] = field(default_factory=dict)
    """Tickets that an agent can have at a time, by name."""
    last_agent: str = ""
    """Who got the last ticket of the batch before; turns go on after it, else small batches would always begin alike."""


def experience(known: Known) -> Experience:
    """What the past lets us believe of the agents."""
    return Experience(
        trials(known.past, known.now, known.settings), spendings(known.past, known.now, known.settings)
    )


def _next(known: Known) -> int:
    names = [agent.name for agent in known.agents]
    return (names.index(known.last_agent) + 1) % len(names) if known.last_agent in names else 0


def _round_robin(known: Known) -> Router:
    return round_robin.RoundRobin(known.agents, _next(known))


def _load(known: Known) -> Router:
    return load.Load(known.agents, known.capacity, _next=_next(known))


def _measured(known: Known) -> Router:
    return measured.Measured(known.agents, known.settings, experience(known), known.batch_id)


POLICIES: dict[str, Callable[[Known], Router]] = {
    round_robin.NAME: _round_robin,
    load.NAME: _load,
    measured.NAME: _measured,
}
LEARNING = frozenset({measured.NAME})
"""Policies that need the past."""


def make_router(known: Known) -> Router:
    """The configured policy, watched by the shadow when there is one."""
    settings = known.settings
    real = POLICIES[settings.policy](known)
    if settings.shadow in {None, settings.policy}:
        return real
    return Shadowed(real, POLICIES[str(settings.shadow)](known))


def learns(settings: RoutingConfig) -> bool:
    """Whether the past has to be read."""
    return bool({settings.policy, settings.shadow} & LEARNING)
