"""A batch while it fills up, most urgent ticket first: list scheduling with the serial scheme, one ticket after the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from ci_factory.config import Config
from ci_factory.model.batch import LeftOut, PlannedTicket
from ci_factory.model.globs import Pattern
from ci_factory.model.history import area_of
from ci_factory.model.hot import without_patterns
from ci_factory.model.ticket import Candidate, Size
from ci_factory.planning import locks, urgency
from ci_factory.planning.ability import languages
from ci_factory.planning.admission import DEFERRED, WAITING, Admission, within
from ci_factory.planning.capacity import Capacity
from ci_factory.planning.conflicts import claims, ignored, patterns
from ci_factory.planning.expectations import Expectations
from ci_factory.planning.lanes import Lanes
from ci_factory.planning.overlap import FileIndex
from ci_factory.planning.routing.protocol import Asked, Assignment, Router
from ci_factory.planning.scheduling.generation import Generator
from ci_factory.planning.scheduling.project import Activity, Mode, Placement
from ci_factory.planning.scheduling.timetable import Timetable
from ci_factory.planning.stacks import Stacks
from ci_factory.planning.wording import names, why_apart, why_based, why_deferred, why_ignored, why_unable

_MINUTE = timedelta(minutes=1)


class _Request(NamedTuple):
    """A ticket that asks for a place."""

    candidate: Candidate
    dependencies: Sequence[str]
    """Those that are not done."""
    files: tuple[Pattern, ...]
    due: datetime
    lender: str | None
    """Who lends it urgency."""
    lock: str | None
    """Tickets of one lock are on one lane."""

    @property
    def id(self) -> str:
        return self.candidate.ticket.id

    @property
    def size(self) -> Size:
        return self.candidate.estimate.complexity

    def out(self, state: str, reason: str) -> LeftOut:
        """It gets no place."""
        return LeftOut(ticket_id=self.id, state=state, reason=reason)


class _Footing(NamedTuple):
    """What a ticket stands on."""

    base: str | None
    waits_for: tuple[str, ...]
    why: str = ""


class _Work(NamedTuple):
    """Who does a ticket, when and for how much."""

    assignment: Assignment
    activity: Activity
    placement: Placement
    cost: float | None


@dataclass
class Filling:
    """A batch while it fills up, most urgent ticket first."""

    config: Config
    lane_count: int
    in_flight: Mapping[str, tuple[str, ...]]
    left_out: dict[str, LeftOut]
    router: Router
    now: datetime
    lanes: Lanes
    expectations: Expectations
    capacity: Capacity
    placed: dict[str, PlannedTicket] = field(default_factory=dict)
    activities: list[Activity] = field(default_factory=list)
    stacks: Stacks = field(default_factory=Stacks)
    _modes: dict[tuple[str, float], tuple[Mode, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.generator = Generator(Timetable((1,) * self.lane_count))
        self.index = FileIndex(self.stacks.contains)
        self.flying = FileIndex(lambda upper, lower: upper == lower)
        for ticket, files in self.in_flight.items():
            self.flying.add(ticket, patterns(without_patterns(files, self.config.planning)))

    def fill(self, queue: Admission) -> None:
        """Give every admitted ticket a place or a reason."""
        sla_hours, minutes = self.config.review.sla_hours, self.expectations.minutes
        due = {ticket: urgency.due(each, sla_hours, self.now) for ticket, each in queue.admitted.items()}
        work = {ticket: minutes(each.estimate.complexity) for ticket, each in queue.admitted.items()}
        order = urgency.order(queue.admitted, within(queue.depends_on), due, work, self.now)
        files = {ticket: claims(each, self.config.planning) for ticket, each in queue.admitted.items()}
        locked = locks.groups(files) if self.config.planning.pattern == "lock" else {}
        for ticket in order.tickets:
            request = _Request(
                queue.admitted[ticket],
                queue.depends_on[ticket],
                files[ticket],
                due[ticket],
                order.lender.get(ticket),
                locked.get(ticket),
            )
            result = self._place(request)
            if isinstance(result, LeftOut):
                self.left_out[ticket] = result
            else:
                self.placed[ticket] = result

    def _place(self, request: _Request) -> PlannedTicket | LeftOut:
        footing = self._missing(request) or self._footing(request)
        if isinstance(footing, LeftOut):
            return footing
        if reason := self.capacity.full(request.size):
            return request.out(WAITING, reason)
        work = self._work(request, footing)
        if isinstance(work, LeftOut):
            return work
        self._take(request, footing, work)
        return PlannedTicket(
            candidate=request.candidate,
            size=request.size,
            agent=work.assignment.agent,
            lane=work.activity.modes[work.placement.mode].name,
            order=len(self.placed),
            stacked_on=footing.base,
            waits_for=footing.waits_for,
            reason=self._reason(request, footing, work),
            routing=work.assignment.note,
            cost_usd=work.cost,
        )

    def _work(self, request: _Request, footing: _Footing) -> _Work | LeftOut:
        """An agent, a lane and a time within budget and window."""
        speaks, among = languages(request.candidate), self._among(request.lock)
        area = area_of(request.candidate.estimate.files)
        minutes = self.expectations.minutes(request.size)
        assignment = self.router.find(Asked(request.id, request.size, speaks, area, minutes, among))
        if assignment is None or (among is not None and assignment.agent not in among):
            return request.out(WAITING, why_unable(request.size, speaks, bound=among is not None))
        cost = self.expectations.cost_usd(request.size, assignment.agent)
        if reason := self.capacity.too_dear(cost):
            return request.out(WAITING, reason)
        activity = self._activity(request, footing, assignment.agent)
        placement = self.generator.find(activity)
        window = self.config.batch.window_minutes
        if placement is None:  # no lane's name is both its lock's and its agent's
            return request.out(WAITING, why_unable(request.size, speaks, bound=True))
        if window is not None and placement.end > window:
            return request.out(
                WAITING, f"would end {placement.end:g} minutes after the start, the window has {window:g}"
            )
        return _Work(assignment, activity, placement, cost)

    def _among(self, lock: str | None) -> frozenset[str] | None:
        """Agents who may use the lane that tickets of this lock are on already; `None`: all."""
        lane = self.generator.name_of(lock) if lock is not None else None
        if lane is None:
            return None
        may = frozenset(agent for agent, lanes in self.lanes.items() if lane in lanes)
        return may if len(may) < len(self.lanes) else None

    def _activity(self, request: _Request, footing: _Footing, agent: str) -> Activity:
        minutes = self.expectations.minutes(request.size, agent)
        return Activity(
            request.id,
            self._modes_of(agent, minutes),
            predecessors=footing.waits_for,
            due=max(0.0, float((request.due - self.now) // _MINUTE)),  # what is late already can't be helped
            weight=urgency.WEIGHTS[request.candidate.ticket.priority],
            group=request.lock,
            near=footing.base,
        )

    def _modes_of(self, agent: str, minutes: float) -> tuple[Mode, ...]:
        """The agent's lanes; made once, as most tickets have the same."""
        key = agent, minutes
        if key not in self._modes:
            self._modes[key] = tuple(Mode(minutes, ((lane, 1),), lane) for lane in self.lanes[agent])
        return self._modes[key]

    def _missing(self, request: _Request) -> LeftOut | None:
        """Why the ticket can't start in this batch, by the first dependency that is neither done nor in it."""
        for dependency in request.dependencies:
            if dependency in self.placed:
                continue
            out = self.left_out.get(dependency)
            if dependency in self.in_flight:
                state, why = DEFERRED, "whose merge request is still open"
            elif out is not None:
                state = DEFERRED if out.state == DEFERRED else WAITING
                why = f"which is not in this batch ({out.state})"
            else:
                state, why = WAITING, "which is open and not in the queue"
            return request.out(state, f"depends on `{dependency}`, {why}")
        return None

    def _footing(self, request: _Request) -> _Footing | LeftOut:
        """The one change that the ticket is based on, by the overlap policy."""
        policy, dependencies = self.config.planning.overlap, request.dependencies
        overlapping = self.index.overlapping(request.files) if policy != "ignore" else []
        predecessors = list(dict.fromkeys((*dependencies, *overlapping)))
        flying = self.flying.overlapping(request.files) if policy == "defer" else []
        if policy == "defer" and (predecessors or flying):
            return request.out(DEFERRED, why_deferred(dependencies, overlapping, flying))
        if not predecessors:
            return _Footing(None, ())
        base = self.stacks.base_for(predecessors)
        if base is None:
            return request.out(DEFERRED, why_apart(predecessors))
        waits_for = sorted({*dependencies, base}, key=lambda each: self.placed[each].order)
        return _Footing(base, tuple(waits_for), why_based(base, dependencies, overlapping))

    def _take(self, request: _Request, footing: _Footing, work: _Work) -> None:
        self.router.take(work.assignment)
        self.generator.take(work.activity, work.placement)
        self.activities.append(work.activity)
        self.capacity.take(request.size, work.cost)
        self.stacks.add(request.id, footing.base)
        self.index.add(request.id, request.files)

    def _reason(self, request: _Request, footing: _Footing, work: _Work) -> str:
        parts = [f"priority {request.candidate.ticket.priority}, due {request.due:%Y-%m-%d %H:%M} UTC"]
        if request.lender is not None:
            parts.append(f"as urgent as `{request.lender}`, which waits for it")
        if footing.why:
            parts.append(footing.why)
        if work.assignment.why:
            parts.append(work.assignment.why)
        hot = ignored(request.candidate, self.config.planning)
        if hot:
            parts.append(why_ignored(hot))
        if not request.files and not hot:
            parts.append("its files are unknown, so overlaps with it can't be seen")
        elif flying := self.flying.overlapping(request.files):
            parts.append(f"touches files of the open merge request of {names(flying)}")
        if words := self.capacity.cost_words(work.cost):
            parts.append(words)
        return "; ".join(parts)
