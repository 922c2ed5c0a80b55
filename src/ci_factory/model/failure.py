"""Why an agent's call did not succeed, by class (SPEC 3); each class has a policy of its own."""

from enum import StrEnum

from pydantic import Field

from ci_factory.model.base import Moment, Value


class FailureClass(StrEnum):
    """Whose fault it is, as far as what to do next depends on it."""

    AGENT = "agent"
    """It crashed, was too slow, met a limit or left what can't be used."""
    TICKET = "ticket"
    """The ticket can't be done as it stands."""
    ENVIRONMENT = "environment"
    """What the agent needs is not here: its program, its key, a sandbox, room on the disk."""
    INFRASTRUCTURE = "infrastructure"
    """The network, the model's server or the machine failed."""
    QUOTA = "quota"
    """The account that pays for the model may not use it for now, or at all."""
    POLICY = "policy"
    """The vendor's rules for content, or the list of hosts, forbade it."""


class Failure(Value):
    """One failed call, understood."""

    kind: FailureClass
    detail: str = Field(default="", max_length=500)
    """For people, as plain text on one line."""
    wake_at: Moment | None = None
    """When it is worth trying again, where that is known or assumed."""
    lasting: bool = False
    """Whether it would be the same with every ticket, as without the agent's program."""
    credential: str = Field(default="", max_length=300)
    """Which credential it is about: a variable's name and a server, never a value. Empty: none in particular."""
