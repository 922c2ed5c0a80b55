"""Agent slots: who may work on which."""

from collections.abc import Mapping, Sequence

from ci_factory.config import AgentConfig

Lanes = Mapping[str, tuple[int, ...]]
"""Agent -> the lanes its tickets may be on, from 0."""


def lanes_of(agents: Sequence[AgentConfig], count: int) -> Lanes:
    """All lanes, or as many as the agent may work on at the same time.

    Which ones is fixed, so that whoever runs one ticket per lane (a resource group on GitLab) keeps to the agent's limit
    without knowing of it. Limited agents get lanes in turn, so that they are in each other's way as little as possible.
    """
    found: dict[str, tuple[int, ...]] = {}
    turn = 0
    for agent in agents:
        if agent.parallel is None or agent.parallel >= count:
            found[agent.name] = tuple(range(count))
        else:
            found[agent.name] = tuple(sorted((turn + step) % count for step in range(agent.parallel)))
            turn += agent.parallel
    return found


def lane_count(pattern: str, parallel: int) -> int:
    """Lanes that a batch has: one for the pattern `queue`."""
    return 1 if pattern == "queue" else parallel
