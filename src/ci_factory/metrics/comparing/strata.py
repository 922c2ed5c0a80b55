"""Strata that all agents have in common, and the standard that their sizes make.

Size and area confound: an agent with easier tickets looks better. Within a stratum agents are compared like with like.
A stratum is one size in one area. Where an agent has fewer than `SPARSE` observations, the size's sparse areas are
taken together; what is still sparse then has nothing to compare, and is left out and counted (Rothman, Greenland and
Lash 2008, "Modern Epidemiology", 15: no standardising beyond the data).
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from ci_factory.metrics.comparing.measures import Place
from ci_factory.metrics.comparing.sums import Sums, Weighted, total

SPARSE = 5
"""Observations that each agent needs in a stratum."""
AGENT = 20
"""Observations that an agent needs to be compared at all: 65 % of 20 is 43 to 82 %."""
_COMMON = 0.5
"""Part of the observations that the common strata must hold; else the agent that shares least is set aside."""
OTHERS = "other areas"
Kind = tuple[str, str]
"""Size and area."""


class Layer(NamedTuple):
    """One stratum: what each agent did in it."""

    kind: Kind
    by_agent: dict[str, Sums]
    common: bool
    bottom: float
    """Observations of all agents."""


class Standard(NamedTuple):
    """Agents that can be compared, and by which strata."""

    agents: tuple[str, ...]
    layers: tuple[Layer, ...]
    """The largest first, those that are not common at the end."""
    weights: tuple[float, ...]
    """Each stratum's part of the standard: of the pooled observations of all agents compared; 0 where it is not common."""
    coverage: float
    """Part of the observations that the common strata hold."""

    def of(self, agent: str, *, share: bool) -> Weighted:
        """An agent's figure over the standard."""
        placed = zip(self.weights, self.layers, strict=True)
        return Weighted(
            tuple((weight, layer.by_agent[agent]) for weight, layer in placed if layer.common), share
        )


def standard(cells: Mapping[Place, Sums]) -> Standard | None:
    """The standard of those agents who have enough in common; `None` when fewer than two have."""
    agents = sorted(agent for agent, sums in by_agent(cells).items() if sums.bottom >= AGENT)
    found = _stratify(cells, agents)
    while len(agents) > 1 and found.coverage < _COMMON:
        fewer = [_stratify(cells, [each for each in agents if each != agent]) for agent in agents]
        found = max(fewer, key=lambda each: each.coverage)
        agents = list(found.agents)
    return found if len(agents) > 1 else None


def by_agent(cells: Mapping[Place, Sums]) -> dict[str, Sums]:
    """Everything that each agent did."""
    found: dict[str, list[Sums]] = defaultdict(list)
    for place, sums in cells.items():
        found[place.agent].append(sums)
    return {agent: total(parts) for agent, parts in sorted(found.items())}


def _stratify(cells: Mapping[Place, Sums], agents: Sequence[str]) -> Standard:
    fine = _grouped(cells, agents)
    kept = {kind: each for kind, each in fine.items() if _shared(each, agents)}
    rest: dict[Kind, dict[str, Sums]] = defaultdict(dict)
    for (size, area), each in fine.items():
        if (size, area) not in kept:
            pool = rest[size, OTHERS]
            for agent, sums in each.items():
                pool[agent] = pool.get(agent, Sums()).plus(sums)
    layers = [_layer(kind, each, agents) for kind, each in (*kept.items(), *rest.items())]
    layers.sort(key=lambda layer: (not layer.common, -layer.bottom, layer.kind))
    every = sum(layer.bottom for layer in layers)
    common = sum(layer.bottom for layer in layers if layer.common)
    weights = (layer.bottom / common if layer.common else 0.0 for layer in layers)
    return Standard(tuple(agents), tuple(layers), tuple(weights), common / every if every else 0.0)


def _layer(kind: Kind, each: dict[str, Sums], agents: Sequence[str]) -> Layer:
    return Layer(kind, each, _shared(each, agents), sum(sums.bottom for sums in each.values()))


def _grouped(cells: Mapping[Place, Sums], agents: Collection[str]) -> dict[Kind, dict[str, Sums]]:
    found: dict[Kind, dict[str, Sums]] = defaultdict(dict)
    for place, sums in cells.items():
        if place.agent in agents:
            found[place.size, place.area][place.agent] = sums
    return found


def _shared(each: Mapping[str, Sums], agents: Sequence[str]) -> bool:
    return all(agent in each and min(each[agent].n, each[agent].bottom) >= SPARSE for agent in agents)
