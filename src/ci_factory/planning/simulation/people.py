"""Reviewers: in their working hours, the most pressing change first, one change at a time each."""

import heapq
from collections.abc import Callable, Sequence

from ci_factory.model.ticket import Priority
from ci_factory.planning.simulation.chance import Chance
from ci_factory.planning.simulation.changes import Changes
from ci_factory.planning.simulation.hours import Calendar
from ci_factory.planning.simulation.queue import PRIORITIES
from ci_factory.planning.simulation.world import Status, World

Accepts = Callable[[int], bool]
_FIRST = PRIORITIES.index(Priority.HIGH)
"""Changes from this priority on are looked at before the others."""


class People:
    """Everybody reviews everything; a change that is outdated is sent back without being read."""

    __slots__ = ("_accepts", "_calendar", "_free", "_line", "_minutes", "_world", "changes")

    def __init__(
        self,
        world: World,
        calendar: Calendar,
        reviewers: int,
        minutes: Sequence[float],
        accepts: Accepts,
        chance: Chance,
        clash: float,
    ) -> None:
        """`minutes` by size; `accepts` says of a change whether its reviewer merges it."""
        self._world, self._calendar, self._free = world, calendar, reviewers
        self._minutes, self._accepts = minutes, accepts
        self._line: list[tuple[bool, float, int, int]] = []
        self.changes = Changes(world, chance, clash, self._offer)

    def waiting_minutes(self) -> float:
        """Minutes that the open changes would take."""
        size = self._world.queue.size
        return sum(self._minutes[size[ticket]] for ticket in self.changes.open)

    def assign(self, now: float) -> list[tuple[float, int]]:
        """Give free reviewers something to read; returns when they are done with what."""
        begun: list[tuple[float, int]] = []
        if not self._line or not self._calendar.working(now):
            return begun
        while self._free and self._line:
            _, _, ticket, round_ = heapq.heappop(self._line)
            if self._world.status[ticket] != Status.OPEN or self._world.round[ticket] != round_:
                continue  # it was given up meanwhile
            if self.changes.is_outdated(ticket):
                self.changes.redo(ticket)
                continue
            self._free -= 1
            minutes = self._minutes[self._world.queue.size[ticket]]
            self._world.tonight.reviewed += minutes
            begun.append((self._calendar.after(now, minutes), ticket))
        return begun

    def decide(self, ticket: int, now: float) -> None:
        """A reviewer is done with a change."""
        self._free += 1
        if not self._accepts(ticket):
            self.changes.reject(ticket, now)
        elif self.changes.is_outdated(ticket):
            self.changes.redo(ticket)
        else:
            self.changes.merge(ticket, now)

    def _offer(self, ticket: int) -> None:
        queue = self._world.queue
        pressing = queue.priority[ticket] < _FIRST
        heapq.heappush(self._line, (pressing, self._world.due[ticket], ticket, self._world.round[ticket]))
