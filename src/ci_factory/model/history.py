"""What planning, routing and simulation learn from: past attempts and what became of them. Unknown is `None`, never zero."""

from enum import StrEnum
from pathlib import PurePosixPath

from ci_factory.model.base import Moment, Value
from ci_factory.model.ticket import Priority, Size


class Outcome(StrEnum):
    """What people made of an attempt."""

    ACCEPTED = "accepted"
    """Its merge request was merged."""
    REJECTED = "rejected"
    """Closed unmerged, or there was nothing worth a merge request, for reasons of the agent."""
    PENDING = "pending"
    """Nobody decided, or what ended it was not the agent's; says nothing about the agent."""


class PastAttempt(Value):
    """The work of one agent on one ticket in one batch; a ticket that was handed over makes one for each agent."""

    batch: str
    ticket: str
    agent: str
    size: Size
    priority: Priority = Priority.MEDIUM
    area: str = "."
    """Top folder of most of its files; `.` is the root."""
    started_at: Moment
    minutes: float | None
    """On the lane, gates included; only its calls where the ticket was handed over or slept. `None`: only the forge knows of it."""
    cost_usd: float | None = None
    tokens: int | None = None
    failed: bool = False
    """The agent brought no change: crash, time limit, wrong code."""
    outcome: Outcome = Outcome.PENDING
    decided_at: Moment | None = None


def area_of(files: tuple[str, ...]) -> str:
    """The top folder that most files are in, the first by name of equals; `.` for none and for files of the root."""
    parts = [PurePosixPath(path).parts for path in files]
    tops = [part[0] if len(part) > 1 else "." for part in parts]
    return min(set(tops), key=lambda top: (-tops.count(top), top), default=".")
