"""The event queue: evenings, agent calls, working hours and reviews, in the order of time."""

import gc
import heapq
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import count

from ci_factory.model.base import Value
from ci_factory.planning.simulation.assumptions import Assumptions
from ci_factory.planning.simulation.bucket import TokenBucket
from ci_factory.planning.simulation.chance import ACCEPTS, Chance
from ci_factory.planning.simulation.hours import Calendar
from ci_factory.planning.simulation.lanes import Agents, Call, Step
from ci_factory.planning.simulation.people import People
from ci_factory.planning.simulation.queue import DAY, SIZES, Queue
from ci_factory.planning.simulation.world import Night, World


class Equipment(Value):
    """What the nights are worked with."""

    agents: int = 3
    """Credentials, each with a rate limit of its own."""
    lanes: int = 3
    """Agent calls at the same time."""
    reviewers: int = 4
    budget_usd: float | None = None
    """Of a night: once it is spent no call begins."""
    tokens_per_minute: float | None = None
    """Rate limit of a credential; `None`: none."""
    burst_tokens: float | None = None
    """What its bucket holds; `None`: an hour's worth."""


@dataclass(frozen=True, slots=True)
class Evening:
    """What a policy sees when it plans."""

    world: World
    people: People
    night: Night
    capacity: Callable[[], float]

    @property
    def review_minutes(self) -> float:
        """What reviewers can read on the next day on which they work, less what is open already."""
        return max(0.0, self.capacity() - self.people.waiting_minutes())


Policy = Callable[[Evening], Sequence[Step]]
"""Chooses among the backlog of the evening's world, and changes nothing."""


class _Kind(IntEnum):
    EVENING = 0
    HOURS = 1
    CALL = 2
    REVIEW = 3
    DEADLINE = 4


@dataclass(slots=True)
class _Replay:
    world: World
    calendar: Calendar
    equipment: Equipment
    policy: Policy
    people: People
    agents: Agents
    events: list[tuple[float, int, int, int, int]] = field(default_factory=list)
    numbers: "count[int]" = field(default_factory=count)
    queue_length: int | None = None

    def run(self) -> None:
        for place, (start, _, deadline) in enumerate(self.calendar.nights):
            self._at(start, _Kind.EVENING, place)
            self._at(deadline, _Kind.DEADLINE, place)
        for opens in self.calendar.opens:
            self._at(opens, _Kind.HOURS)
        end = horizon(self.calendar)
        events = self.events
        while events and events[0][0] < end:
            now, _, kind, ticket, lane = heapq.heappop(events)
            if kind == _Kind.CALL:
                self._begin(self.agents.end(ticket, lane, now))
                self._review(now)
            elif kind == _Kind.REVIEW:
                self.people.decide(ticket, now)
                self._review(now)
            elif kind == _Kind.HOURS:
                self._review(now)
            elif kind == _Kind.DEADLINE:
                self.world.nights[ticket].waiting = len(self.world.backlog)
            else:
                self._evening(now, ticket)

    def _at(self, time: float, kind: _Kind, ticket: int = 0, lane: int = 0) -> None:
        heapq.heappush(self.events, (time, next(self.numbers), kind, ticket, lane))

    def _begin(self, calls: Sequence[Call]) -> None:
        for call in calls:
            self._at(call.ends, _Kind.CALL, call.ticket, call.lane)

    def _review(self, now: float) -> None:
        for done, ticket in self.people.assign(now):
            self._at(done, _Kind.REVIEW, ticket)

    def _evening(self, now: float, place: int) -> None:
        world = self.world
        night = Night(*self.calendar.nights[place])
        world.nights.append(night)
        self._arrive(now)
        steps = self.policy(Evening(world, self.people, night, lambda: self._reading(now)))
        chosen = {step.ticket for step in steps}
        world.backlog[:] = [each for each in world.backlog if each not in chosen]
        night.planned, night.left = len(steps), len(world.backlog)
        self._begin(self.agents.plan(steps, now))

    def _reading(self, now: float) -> float:
        return self.equipment.reviewers * self.calendar.capacity(now)

    def _arrive(self, now: float) -> None:
        """Tickets come when they are created, or as many as make the queue as long as it should be."""
        world, due_in = self.world, 0.0
        while world.entered < len(world.created):
            ticket = world.entered
            if self.queue_length is None and world.created[ticket] > now:
                break
            if self.queue_length is not None:
                if len(world.backlog) >= self.queue_length:
                    break
                due_in = world.due[ticket] - world.created[ticket]
                world.created[ticket], world.due[ticket] = now, now + due_in
            world.backlog.append(ticket)
            world.entered += 1
        world.backlog.sort()  # by creation


def horizon(calendar: Calendar) -> float:
    """When the simulation ends: a day after the last night began."""
    return calendar.nights[-1][0] + DAY


def replay(
    queue: Queue,
    policy: Policy,
    *,
    calendar: Calendar,
    equipment: Equipment,
    assumptions: Assumptions,
    seed: int,
    queue_length: int | None = None,
) -> World:
    """Work through the nights; the same arguments give the same world.

    Time and memory grow with tickets times rounds, and logarithmically with those under way at the same time.
    """
    world, chance = World(queue), Chance(seed)
    classes = [assumptions.classes[size] for size in SIZES]

    def accepts(ticket: int) -> bool:
        drawn = chance.uniform(ticket, 0, ACCEPTS)
        return drawn < classes[queue.size[ticket]].acceptance

    minutes = [of.review_minutes for of in classes]
    people = People(world, calendar, equipment.reviewers, minutes, accepts, chance, assumptions.clash)
    agents = Agents(
        world,
        people.changes,
        assumptions,
        chance,
        lanes=equipment.lanes,
        buckets=_buckets(equipment),
        budget_usd=equipment.budget_usd,
    )
    with collector_paused():
        _Replay(world, calendar, equipment, policy, people, agents, queue_length=queue_length).run()
    return world


@contextmanager
def collector_paused() -> Iterator[None]:
    """A simulation makes many small values and hardly any cycle; looking for some would take a fifth of the time."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _buckets(equipment: Equipment) -> list[TokenBucket]:
    rate = equipment.tokens_per_minute
    if rate is None:
        return []
    burst = rate * 60 if equipment.burst_tokens is None else equipment.burst_tokens
    return [TokenBucket(rate, burst) for _ in range(equipment.agents)]
