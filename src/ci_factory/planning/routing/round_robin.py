"""Plain turns: the default, and the yardstick of every other policy."""

from collections.abc import Sequence
from dataclasses import dataclass

from ci_factory.config import AgentConfig
from ci_factory.model.routing import How, RoutingNote
from ci_factory.planning.ability import is_able
from ci_factory.planning.routing.protocol import Asked, Assignment

NAME = "round-robin"


@dataclass
class RoundRobin:
    """The next agent in turn that is able enough for the ticket."""

    agents: Sequence[AgentConfig]
    _next: int = 0

    def find(self, asked: Asked) -> Assignment | None:
        """The agent whose turn it is among those that are able; `None` when none is."""
        able = able_places(self.agents, asked)
        if not able:
            return None
        count = len(self.agents)
        turn = min(able, key=lambda place: (place - self._next) % count)
        name = self.agents[turn].name
        names = [self.agents[place].name for place in able]
        how = How.TURNS if len(able) > 1 else How.ONLY
        note = RoutingNote(policy=NAME, how=how, agent=name, propensities=evenly(names))
        return Assignment(turn, name, note=note)

    def take(self, assignment: Assignment) -> None:
        """The turn passes to the one after it."""
        self._next = (assignment.place + 1) % len(self.agents)


def able_places(agents: Sequence[AgentConfig], asked: Asked) -> list[int]:
    """Places of the agents that are able to do a ticket."""
    return [
        place
        for place, agent in enumerate(agents)
        if (asked.among is None or agent.name in asked.among) and is_able(agent, asked.size, asked.languages)
    ]


def evenly(names: Sequence[str]) -> dict[str, float]:
    """The same probability for each."""
    return {name: 1 / len(names) for name in names}
