"""What planning asks of a routing policy."""

from typing import NamedTuple, Protocol

from ci_factory.model.routing import RoutingNote
from ci_factory.model.ticket import Size


class Asked(NamedTuple):
    """A ticket that needs an agent."""

    ticket_id: str
    size: Size
    languages: frozenset[str]
    """Of the files that it is thought to touch."""
    area: str
    """Where in the code, as `model.history` names areas."""
    minutes: float
    """Expected work."""
    among: frozenset[str] | None = None
    """Agents who may use the lane that the ticket is bound to; `None`: all."""


class Assignment(NamedTuple):
    """An agent for a ticket; holds once `take` was called with it."""

    place: int
    """Of the agent in the configuration's order."""
    agent: str
    why: str = ""
    """For the plan's reason; empty when there is nothing to tell."""
    note: RoutingNote | None = None
    """The decision, to be kept with the ticket."""


class Router(Protocol):
    """Chooses agents, one ticket after the other."""

    def find(self, asked: Asked) -> Assignment | None:
        """Who would get the ticket; `None` when nobody is able. Changes nothing."""

    def take(self, assignment: Assignment) -> None:
        """The ticket of the last `find` is planned."""
