"""The night's agents: tickets start on their lanes as soon as what they wait for has ended."""

import heapq
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ci_factory.planning.simulation.assumptions import Assumptions, call_usd
from ci_factory.planning.simulation.bucket import TokenBucket
from ci_factory.planning.simulation.chance import FAILS, Chance, mean_minutes
from ci_factory.planning.simulation.changes import Changes
from ci_factory.planning.simulation.queue import SIZES
from ci_factory.planning.simulation.world import NOBODY, Status, World

ANY = -1
"""Whichever lane is free."""


class Step(NamedTuple):
    """A ticket's place in a plan; plans list them in start order."""

    ticket: int
    lane: int = ANY
    agent: int = 0
    base: int = NOBODY
    waits_for: tuple[int, ...] = ()
    needs: tuple[int, ...] = ()
    """Of these, tickets whose change it can't do without."""


@dataclass(frozen=True, slots=True)
class Call:
    """An agent call that has begun."""

    ends: float
    ticket: int
    lane: int


@dataclass(slots=True)
class _Rates:
    """Of one size: what a minute of an agent costs."""

    tokens: float
    usd: float | None


class Agents:
    """Lanes, credentials, budget."""

    __slots__ = (
        "_assumptions",
        "_buckets",
        "_budget",
        "_chance",
        "_changes",
        "_classes",
        "_followers",
        "_idle",
        "_orders",
        "_pool",
        "_queues",
        "_rates",
        "_steps",
        "_try",
        "_unmet",
        "_world",
    )

    def __init__(
        self,
        world: World,
        changes: Changes,
        assumptions: Assumptions,
        chance: Chance,
        *,
        lanes: int,
        buckets: Sequence[TokenBucket],
        budget_usd: float | None,
    ) -> None:
        """One bucket for each agent, or none at all when nothing limits them."""
        self._world, self._changes, self._chance, self._assumptions = world, changes, chance, assumptions
        self._classes = [assumptions.classes[size] for size in SIZES]
        self._rates = [_rates(assumptions, place) for place in range(len(SIZES))]
        self._buckets, self._budget = buckets, budget_usd
        self._idle: dict[int, None] = dict.fromkeys(range(lanes))
        self._queues: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        self._pool: list[tuple[int, int]] = []
        self._steps: dict[int, Step] = {}
        self._orders: dict[int, int] = {}
        self._unmet: dict[int, int] = {}
        self._followers: defaultdict[int, list[int]] = defaultdict(list)
        self._try: dict[int, int] = {}

    def plan(self, steps: Sequence[Step], now: float) -> list[Call]:
        """Take a plan over; returns the calls that begin at once."""
        world = self._world
        self._steps = {ticket: step for ticket, step in self._steps.items() if self._is_coming(ticket)}
        for order, step in enumerate(steps):
            world.status[step.ticket] = Status.PLANNED
            self._steps[step.ticket], self._orders[step.ticket] = step, order
        for step in steps:
            unmet = [each for each in step.waits_for if self._is_coming(each)]
            for each in unmet:
                self._followers[each].append(step.ticket)
            if unmet:
                self._unmet[step.ticket] = len(unmet)
            else:
                self._enqueue(step.ticket)
        return self._fill(now)

    def end(self, ticket: int, lane: int, now: float) -> list[Call]:
        """An agent call ends; returns the calls that begin now."""
        if self._fails(ticket):
            attempt = self._try.get(ticket, 0) + 1
            if attempt <= self._assumptions.retries:
                self._try[ticket] = attempt
                return [self._call(ticket, lane, now + self._assumptions.retry_delay_minutes, now)]
            self._world.tonight.failed += 1
            self._world.end(ticket, Status.FAILED, now)
        else:
            self._changes.publish(ticket, now)
            self._count_ready(now)
        self._settle(ticket)
        self._idle[lane] = None
        return self._fill(now)

    def _count_ready(self, now: float) -> None:
        tonight = self._world.tonight
        if now <= tonight.deadline:
            tonight.ready += 1
        else:
            tonight.ready_late += 1

    def _is_coming(self, ticket: int) -> bool:
        return self._world.status[ticket] in {Status.PLANNED, Status.RUNNING}

    def _enqueue(self, ticket: int) -> None:
        lane = self._steps[ticket].lane
        heapq.heappush(self._pool if lane == ANY else self._queues[lane], (self._orders.pop(ticket), ticket))

    def _fill(self, now: float) -> list[Call]:
        """Start what can start; what can't start any more tonight goes back to the queue."""
        begun = []
        for lane in list(self._idle):
            while (ticket := self._next(lane)) is not None:
                if self._may_start(ticket, now):
                    del self._idle[lane]
                    begun.append(self._start(ticket, lane, now))
                    break
                self._world.put_back(ticket)
                self._settle(ticket)
        return begun

    def _next(self, lane: int) -> int | None:
        queue = self._queues.get(lane) or self._pool
        return heapq.heappop(queue)[1] if queue else None

    def _may_start(self, ticket: int, now: float) -> bool:
        tonight, step = self._world.tonight, self._steps[ticket]
        if now >= tonight.close or (self._budget is not None and (tonight.usd or 0.0) >= self._budget):
            return False
        return all(self._has_change(each) for each in step.needs)

    def _has_change(self, ticket: int) -> bool:
        return self._world.status[ticket] in {Status.OPEN, Status.MERGED}

    def _start(self, ticket: int, lane: int, now: float) -> Call:
        world, step = self._world, self._steps[ticket]
        base = step.base
        while base != NOBODY and not self._has_change(base):  # a predecessor without a change is passed over
            base = self._steps[base].base if base in self._steps else NOBODY
        world.below[ticket] = base
        world.based_at[ticket] = world.tonight.start if base == NOBODY else world.based_at[base]
        world.status[ticket] = Status.RUNNING
        return self._call(ticket, lane, now, now)

    def _call(self, ticket: int, lane: int, begin: float, occupied: float) -> Call:
        world, place = self._world, self._world.queue.size[ticket]
        minutes = self._chance.minutes(
            self._classes[place],
            self._assumptions.minutes_cap,
            ticket,
            world.round[ticket],
            self._try.get(ticket, 0),
        )
        rates, tonight = self._rates[place], world.tonight
        granted = begin
        if self._buckets:
            bucket = self._buckets[self._steps[ticket].agent % len(self._buckets)]
            granted = bucket.take(begin, rates.tokens * minutes)
        ends = granted + minutes + self._assumptions.overhead_minutes
        tonight.calls += 1
        tonight.tokens += rates.tokens * minutes
        tonight.usd = None if rates.usd is None or tonight.usd is None else tonight.usd + rates.usd * minutes
        tonight.busy += ends - occupied
        tonight.throttled += granted - begin
        return Call(ends, ticket, lane)

    def _fails(self, ticket: int) -> bool:
        question = FAILS + self._try.get(ticket, 0)
        drawn = self._chance.uniform(ticket, 0, question)
        return drawn < self._classes[self._world.queue.size[ticket]].failure

    def _settle(self, ticket: int) -> None:
        """It has ended for tonight: what waited for it may start."""
        self._try.pop(ticket, None)
        for follower in self._followers.pop(ticket, ()):
            self._unmet[follower] -= 1
            if not self._unmet[follower]:
                del self._unmet[follower]
                self._enqueue(follower)


def _rates(assumptions: Assumptions, place: int) -> _Rates:
    of = assumptions.classes[SIZES[place]]
    mean, usd = mean_minutes(of, assumptions.minutes_cap), call_usd(of, assumptions)
    return _Rates((of.tokens or 0.0) / mean, None if usd is None else usd / mean)
