"""Measured outcomes: agents by the probability of being the best for such a ticket (Thompson sampling), never on too few data."""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import NormalDist

from ci_factory.config import AgentConfig
from ci_factory.model.routing import How, RoutingNote
from ci_factory.model.routing_settings import RoutingConfig
from ci_factory.model.shares import wilson
from ci_factory.model.ticket import Size
from ci_factory.planning.routing.chances import Belief, chances_of_best
from ci_factory.planning.routing.experience import Experience
from ci_factory.planning.routing.protocol import Asked, Assignment
from ci_factory.planning.routing.round_robin import RoundRobin, able_places, evenly

NAME = "measured"
_SHARPNESS = 0.25
"""Factor on the deviations of beliefs before the draw. Narrower draws lose less over some hundred decisions (Chapelle and
Li 2011, section 3, posterior reshaping); the control slice goes on looking at every agent."""
UNITS = {"cost": "USD", "minutes": "minute", "attempt": "attempt"}
_AMOUNTS = {"cost": "cost", "minutes": "time"}


@dataclass
class Measured:
    """Draws an agent for each ticket; the same batch id, ticket and history draw the same one."""

    agents: Sequence[AgentConfig]
    settings: RoutingConfig
    experience: Experience
    batch_id: str
    _known: dict[tuple[Size, str, tuple[str, ...]], dict[str, float]] = field(default_factory=dict)

    @cached_property
    def _turns(self) -> RoundRobin:
        """They begin with the agent of whom the least is known, else small batches would always begin with the first."""
        decided = [self.experience.decided.get(agent.name, 0) for agent in self.agents]
        return RoundRobin(self.agents, decided.index(min(decided)))

    def find(self, asked: Asked) -> Assignment | None:
        """An able agent by lot, weighted by its chance to be the best; by turns where too little is known."""
        places = able_places(self.agents, asked)
        names = [self.agents[place].name for place in places]
        if len(names) < 2:  # noqa: PLR2004 - nothing to choose
            return self._by_turns(asked, "")
        if why := self._too_few(names):
            return self._by_turns(asked, f"agent by turns: {why}")
        propensities = self._propensities(asked, tuple(names))
        chosen = self._draw(asked.ticket_id, propensities)
        why = f"agent `{chosen}` drawn at {propensities[chosen]:.0%} by {self.basis(names)}"
        note = RoutingNote(policy=NAME, how=How.MEASURED, agent=chosen, propensities=propensities, why=why)
        return Assignment(places[names.index(chosen)], chosen, why, note)

    def take(self, assignment: Assignment) -> None:
        """Turns go on where one was used; a draw changes nothing."""
        if assignment.note is not None and assignment.note.how is How.TURNS:
            self._turns.take(assignment)

    def _by_turns(self, asked: Asked, why: str) -> Assignment | None:
        found = self._turns.find(asked)
        if found is None or found.note is None:
            return found
        return found._replace(why=why, note=found.note.model_copy(update={"policy": NAME, "why": why}))

    def _too_few(self, names: Sequence[str]) -> str:
        """Why these agents can't be compared; the one of whom the least is known is named."""
        return next((why for why in map(self._thin, sorted(names, key=self._decided)) if why), "")

    def _decided(self, name: str) -> int:
        return self.experience.decided.get(name, 0)

    def _thin(self, name: str) -> str:
        low, high = interval(self.experience, name, self.settings)
        if self._decided(name) >= self.settings.min_decided and high - low <= self.settings.max_width:
            return ""
        decided, weighed = self._decided(name), self.experience.weighed(name)[1]
        aged = f" (aged, they count for {weighed:.0f})" if weighed < decided - 1 else ""
        return f"only {decided} decided of `{name}`{aged}, its acceptance lies anywhere between {low:.0%} and {high:.0%}"

    def _propensities(self, asked: Asked, names: tuple[str, ...]) -> dict[str, float]:
        """The chance of each to be the best, mixed with the control slice in which all are alike."""
        key = (asked.size, asked.area, names)
        if key not in self._known:
            per_amount = self._per_amount(names)
            beliefs = [
                _sharpened(self.experience.value(name, asked.size, asked.area, per_amount=per_amount))
                for name in names
            ]
            control = self.settings.control_share
            even = evenly(names)
            self._known[key] = {
                name: (1 - control) * best + control * even[name]
                for name, best in zip(names, chances_of_best(beliefs), strict=True)
            }
        return self._known[key]

    def _per_amount(self, names: Sequence[str]) -> bool:
        return self.settings.per != "attempt" and all(map(self.experience.knows_amounts, names))

    def basis(self, names: Sequence[str]) -> str:
        """What these agents are compared by, in words."""
        per = self.settings.per
        blind = next((name for name in names if not self.experience.knows_amounts(name)), None)
        if per == "attempt" or blind is None:
            return f"accepted per {UNITS[per]}"
        return f"accepted per attempt, as the {_AMOUNTS[per]} of `{blind}` is unknown"

    def _draw(self, ticket_id: str, propensities: dict[str, float]) -> str:
        chance = random.Random(seed(self.batch_id, ticket_id))  # noqa: S311 - reproducible, not secret
        return chance.choices(list(propensities), weights=list(propensities.values()))[0]


def _sharpened(belief: Belief) -> Belief:
    return belief._replace(deviation=belief.deviation * _SHARPNESS)


def seed(batch_id: str, ticket_id: str) -> int:
    """First eight bytes of the SHA-256 of `BATCH/TICKET`: the same on every machine."""
    return int.from_bytes(hashlib.sha256(f"{batch_id}/{ticket_id}".encode()).digest()[:8])


def interval(experience: Experience, agent: str, settings: RoutingConfig) -> tuple[float, float]:
    """In which an agent's acceptance is thought to lie; everything is possible of one that nobody has seen."""
    point = NormalDist().inv_cdf((1 + settings.credibility) / 2)
    return wilson(*experience.weighed(agent), point) or (0.0, 1.0)
