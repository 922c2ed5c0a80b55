"""Capability and load: the able agent with the least planned work for what it can do at a time."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ci_factory.config import AgentConfig
from ci_factory.model.routing import How, RoutingNote
from ci_factory.planning.routing.protocol import Asked, Assignment
from ci_factory.planning.routing.round_robin import able_places

NAME = "load"


@dataclass
class Load:
    """Least expected busy minutes in this batch over the agent's capacity; turns among equals."""

    agents: Sequence[AgentConfig]
    capacity: Mapping[str, int]
    """Tickets that an agent can have at a time, by name; 1 where it is not named."""
    _busy: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    _next: int = 0
    _minutes: float = 0

    def find(self, asked: Asked) -> Assignment | None:
        """The agent that would be through first; `None` when none is able."""
        able = able_places(self.agents, asked)
        if not able:
            return None
        self._minutes = asked.minutes
        count = len(self.agents)
        place = min(able, key=lambda each: (self._load(each), (each - self._next) % count))
        name = self.agents[place].name
        propensities = {self.agents[each].name: float(each == place) for each in able}
        only = len(able) == 1
        why = "" if only else f"agent `{name}` has the least planned work ({self._load(place):g} minutes)"
        note = RoutingNote(
            policy=NAME, how=How.ONLY if only else How.LOAD, agent=name, propensities=propensities, why=why
        )
        return Assignment(place, name, why, note)

    def take(self, assignment: Assignment) -> None:
        """The agent is busy for as long as the ticket is expected to take."""
        self._busy[assignment.agent] += self._minutes
        self._next = (assignment.place + 1) % len(self.agents)

    def _load(self, place: int) -> float:
        name = self.agents[place].name
        return self._busy[name] / self.capacity.get(name, 1)
