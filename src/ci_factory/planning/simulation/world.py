"""What is so at one moment of a simulation: columns by ticket, and what each night came to."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from ci_factory.planning.simulation.queue import Queue

NOBODY = -1
"""No ticket: the change is based on the target branch."""


class Status(IntEnum):
    """Where a ticket is; at any time in exactly one of these."""

    WAITING = 0
    """Not created yet, or in the queue."""
    PLANNED = 1
    RUNNING = 2
    OPEN = 3
    """Its merge request waits for people, or for the one below it."""
    MERGED = 4
    REJECTED = 5
    """Closed by a person."""
    FAILED = 6
    """No agent call brought a change; a person has it now."""

    @property
    def over(self) -> bool:
        """Whether the factory is done with it."""
        return self >= Status.MERGED


@dataclass(slots=True)
class Night:
    """What one night, and the day after it, came to."""

    start: float
    close: float
    deadline: float
    planned: int = 0
    left: int = 0
    """Tickets in the queue that the plan left there."""
    waiting: int = 0
    """Tickets in the queue at the deadline."""
    ready: int = 0
    """Changes published by the deadline."""
    ready_late: int = 0
    """Changes published after it."""
    failed: int = 0
    conflicts: int = 0
    """Pairs: changes of this night with changes open beside them that touch the same file and are not based on each other."""
    redone: int = 0
    """Changes that were given up because of another one: they go back to the queue."""
    merged: int = 0
    rejected: int = 0
    calls: int = 0
    """Agent calls."""
    tokens: float = 0.0
    usd: float | None = 0.0
    busy: float = 0.0
    """Minutes of lanes, waiting for the rate limit included."""
    throttled: float = 0.0
    """Of these, waiting for the rate limit."""
    reviewed: float = 0.0
    """Minutes of reviewers."""


def _column(kind: str, count: int, value: float) -> "array[float]":
    return array(kind, [value]) * count


@dataclass(slots=True)
class World:
    """The state of all tickets."""

    queue: Queue
    status: bytearray = field(init=False)
    round: bytearray = field(init=False)
    """How often the ticket was redone."""
    below: "array[int]" = field(init=False)
    """The ticket whose change is this one's base, or `NOBODY`."""
    based_at: "array[float]" = field(init=False)
    """When the target branch was read that the change, or the lowest one it stands on, is based on."""
    done_at: "array[float]" = field(init=False)
    """When the factory was done with it; -1 before."""
    created: "array[float]" = field(init=False)
    due: "array[float]" = field(init=False)
    entered: int = 0
    """Tickets that have come so far: those with the lowest numbers."""
    backlog: list[int] = field(default_factory=list)
    """The queue: created, not planned."""
    nights: list[Night] = field(default_factory=list)
    ready_times: "array[float]" = field(default_factory=lambda: array("d"))
    """Of every published change."""

    def __post_init__(self) -> None:
        """Nothing has happened."""
        count = len(self.queue)
        self.status, self.round = bytearray(count), bytearray(count)
        self.below = array("l", [NOBODY]) * count
        self.created, self.due = self.queue.created[:], self.queue.due[:]
        self.based_at, self.done_at = _column("d", count, 0.0), _column("d", count, -1.0)

    @property
    def tonight(self) -> Night:
        """The night that has begun last."""
        return self.nights[-1]

    def end(self, ticket: int, status: Status, now: float) -> None:
        """The factory is done with it."""
        self.status[ticket], self.done_at[ticket] = status, now

    def put_back(self, ticket: int) -> None:
        """It waits in the queue again."""
        self.status[ticket] = Status.WAITING
        self.below[ticket] = NOBODY
        self.backlog.append(ticket)

    def chain(self, ticket: int) -> Iterator[int]:
        """The tickets whose changes are in this one's, nearest first."""
        lower = self.below[ticket]
        while lower != NOBODY:
            yield lower
            lower = self.below[lower]

    def counts(self) -> dict[Status, int]:
        """How many tickets are where; together all of them."""
        return {status: self.status.count(status) for status in Status}
