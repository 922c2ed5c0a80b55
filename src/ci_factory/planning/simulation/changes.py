"""Changes between publication and merge: which ones conflict, and who has to be redone when another one moves.

Two changes conflict when neither is based on the other, they touch the same file, and lines of it that stand together. A
change can be merged when it conflicts with none that was merged since it was begun.
"""

from array import array
from collections import defaultdict
from collections.abc import Callable

from ci_factory.planning.simulation.chance import Chance
from ci_factory.planning.simulation.world import NOBODY, Status, World


class Changes:
    """The open changes, and what was merged in each file."""

    __slots__ = ("_above", "_chance", "_clash", "_merged", "_offer", "_on_file", "_world", "open")

    def __init__(self, world: World, chance: Chance, clash: float, offer: Callable[[int], None]) -> None:
        """`clash` is the chance that two changes of the same file conflict; `offer` is called with each change that people can decide on."""
        self._world, self._chance, self._clash, self._offer = world, chance, clash, offer
        self._merged: defaultdict[int, array[int]] = defaultdict(lambda: array("l"))
        self._on_file: defaultdict[int, list[int]] = defaultdict(list)
        self._above: defaultdict[int, list[int]] = defaultdict(list)
        self.open: dict[int, None] = {}
        """In order of publication."""

    def publish(self, ticket: int, now: float) -> None:
        """A merge request opens; it is offered for review when what it is based on is merged."""
        world = self._world
        world.status[ticket] = Status.OPEN
        world.ready_times.append(now)
        self.open[ticket] = None
        world.tonight.conflicts += self._enter(ticket)
        base = world.below[ticket]
        if base == NOBODY or world.status[base] == Status.MERGED:
            self._offer(ticket)
        elif world.status[base] == Status.OPEN:
            self._above[base].append(ticket)
        elif self.conflict(ticket, base):  # people were quicker than the agent
            self.redo(ticket)
        else:
            self._rebase(ticket, self._standing(ticket))

    def conflict(self, ticket: int, other: int) -> bool:
        """Whether the two could not be merged beside each other."""
        files = self._world.queue.files
        return not set(files[ticket]).isdisjoint(files[other]) and self._adjoin(ticket, other)

    def is_outdated(self, ticket: int) -> bool:
        """Whether the change conflicts with what was merged since it was begun, but not with what it is based on."""
        world, since = self._world, self._world.based_at[ticket]
        for each in world.queue.files[ticket]:
            for other in reversed(self._merged.get(each, ())):
                if world.done_at[other] <= since:
                    break
                if other not in world.chain(ticket) and self._adjoin(ticket, other):
                    return True
        return False

    def _adjoin(self, ticket: int, other: int) -> bool:
        """Whether two changes of the same file touch lines that stand together: a fate of the pair."""
        return self._clash >= 1 or self._chance.pair(ticket, other) < self._clash

    def merge(self, ticket: int, now: float) -> None:
        """It is part of the target branch; what is based on it can be looked at."""
        world = self._world
        for each in world.queue.files[ticket]:
            self._merged[each].append(ticket)
        self._leave(ticket)
        world.end(ticket, Status.MERGED, now)
        world.tonight.merged += 1
        for upper in self._above.pop(ticket, ()):
            self._offer(upper)

    def reject(self, ticket: int, now: float) -> None:
        """A person closes it."""
        self._leave(ticket)
        self._world.end(ticket, Status.REJECTED, now)
        self._world.tonight.rejected += 1
        self._fall(ticket, self._standing(ticket))

    def redo(self, ticket: int) -> None:
        """Give the change up; the ticket is in the queue again."""
        lower = self._standing(ticket)
        self._give_up(ticket)
        self._fall(ticket, lower)

    def _give_up(self, ticket: int) -> None:
        world = self._world
        self._leave(ticket)
        world.tonight.redone += 1
        world.round[ticket] = min(world.round[ticket] + 1, 255)
        world.put_back(ticket)

    def _standing(self, ticket: int) -> int:
        """The nearest open change that this one is based on."""
        world = self._world
        return next((each for each in world.chain(ticket) if world.status[each] == Status.OPEN), NOBODY)

    def _fall(self, base: int, lower: int) -> None:
        """A change is gone: those with it in them are redone when they conflict with it, else rebased onto `lower`."""
        falling: list[tuple[int, tuple[int, ...], int]] = [
            (upper, (base,), lower) for upper in self._above.pop(base, ())
        ]
        while falling:
            ticket, gone, lower = falling.pop()
            uppers = self._above.pop(ticket, ())
            if any(self.conflict(ticket, each) for each in gone):
                self._give_up(ticket)
                gone = (*gone, ticket)
            else:
                self._rebase(ticket, lower)
                lower = ticket
            falling += [(upper, gone, lower) for upper in uppers]

    def _rebase(self, ticket: int, lower: int) -> None:
        self._world.below[ticket] = lower
        if lower == NOBODY:
            self._offer(ticket)
        else:
            self._above[lower].append(ticket)

    def _enter(self, ticket: int) -> int:
        """Put it on its files; returns with how many open changes it conflicts."""
        beside: set[int] = set()
        for each in self._world.queue.files[ticket]:
            there = self._on_file[each]
            beside.update(there)
            there.append(ticket)
        beside.difference_update(self._world.chain(ticket))
        return sum(self._adjoin(ticket, other) for other in beside)

    def _leave(self, ticket: int) -> None:
        del self.open[ticket]
        for each in self._world.queue.files[ticket]:
            self._on_file[each].remove(ticket)
