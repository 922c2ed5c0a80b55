"""Plain turns: the default, and the yardstick of every other policy."""

from collections.abc import Sequence
from dataclasses import dataclass

from ci_factory.config import AgentConfig
from ci_factory.planning.ability import is_able
from ci_factory.planning.routing.protocol import Asked, Assignment


@dataclass
class RoundRobin:
    """The next agent in turn that is able enough for the ticket."""

    agents: Sequence[AgentConfig]
    _next: int = 0

    def find(self, asked: Asked) -> Assignment | None:
        """The agent whose turn it is among those that are able; `None` when none is."""
        count = len(self.agents)
        turns = ((self._next + step) % count for step in range(count))
        able = (turn for turn in turns if is_able(self.agents[turn], asked.size, asked.languages))
        turn = next(able, None)
        return None if turn is None else Assignment(turn, self.agents[turn].name)

    def take(self, assignment: Assignment) -> None:
        """The turn passes to the one after it."""
        self._next = (assignment.place + 1) % len(self.agents)
