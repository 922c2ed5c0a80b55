"""Planning's one door: candidates become a batch. Each of them is in it, or is left out with the reason."""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from ci_factory.config import AgentConfig, Config
from ci_factory.model.batch import Batch, LeftOut, Limits, PlannedTicket
from ci_factory.model.effort import REVIEW_MINUTES, WORK_MINUTES
from ci_factory.model.globs import Pattern
from ci_factory.model.history import area_of
from ci_factory.model.ticket import Candidate, Size
from ci_factory.planning import locks, urgency
from ci_factory.planning.ability import languages
from ci_factory.planning.admission import DEFERRED, WAITING, Admission, admit, within
from ci_factory.planning.conflicts import claims, patterns
from ci_factory.planning.lanes import Lanes, Slot
from ci_factory.planning.overlap import FileIndex
from ci_factory.planning.routing.protocol import Asked, Router
from ci_factory.planning.routing.round_robin import RoundRobin
from ci_factory.planning.stacks import Stacks
from ci_factory.planning.wording import names, why_apart, why_based, why_deferred, why_unable


def make_batch(  # noqa: PLR0913 - the batch's own facts; grouping them would only rename Batch
    candidates: Sequence[Candidate],
    *,
    agents: Sequence[AgentConfig],
    config: Config,
    batch_id: str,
    created_at: datetime,
    project: str,
    target_branch: str,
    base: str,
    limits: Limits,
    resolved: frozenset[str],
    in_flight: Mapping[str, tuple[str, ...]] | None = None,
    router: Router | None = None,
) -> Batch:
    """Choose, order and place the tickets of one batch.

    `resolved` has the ids of tickets that are merged or closed, `in_flight` the ids of tickets with an open merge request
    by the factory and the files it touches. `router` chooses the agents, by turns when there is none. The same input
    gives the same batch.

    Raises:
        UsageError: two candidates have the same id.
    """
    flying = in_flight or {}
    with _collector_paused():
        queue = admit(candidates, labels=config.labels, in_flight=flying.keys(), resolved=resolved)
        plan = _Plan(
            config=config,
            limits=limits,
            in_flight=flying,
            left_out=queue.left_out,
            router=router or RoundRobin(agents),
        )
        plan.fill(queue, created_at)
    return Batch(
        id=batch_id,
        created_at=created_at,
        project=project,
        target_branch=target_branch,
        base=base,
        limits=limits,
        config_hash=config.hash,
        tickets=tuple(plan.placed.values()),
        left_out=tuple(
            plan.left_out[each.ticket.id] for each in candidates if each.ticket.id in plan.left_out
        ),
    )


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Planning makes many small objects that stay and hardly any cycle.

    Walking over all of them, and over the caller's, again and again makes the growth with the queue steeper than linear.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


class _Request(NamedTuple):
    """A ticket that asks for a place."""

    candidate: Candidate
    dependencies: Sequence[str]
    """Those that are not done."""
    files: tuple[Pattern, ...]
    due: datetime
    lender: str | None
    """Who lends it urgency."""

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


@dataclass
class _Plan:
    """A batch while it fills up, most urgent ticket first."""

    config: Config
    limits: Limits
    in_flight: Mapping[str, tuple[str, ...]]
    left_out: dict[str, LeftOut]
    router: Router
    placed: dict[str, PlannedTicket] = field(default_factory=dict)
    stacks: Stacks = field(default_factory=Stacks)
    ends: dict[str, float] = field(default_factory=dict)
    locks: Mapping[str, str] = field(default_factory=dict)
    review_minutes: float = 0

    def __post_init__(self) -> None:
        self.lanes = Lanes(1 if self.config.planning.pattern == "queue" else self.limits.parallel)
        self.index = FileIndex(self.stacks.contains)
        self.flying = FileIndex(lambda upper, lower: upper == lower)
        for ticket, files in self.in_flight.items():
            self.flying.add(ticket, patterns(files))

    def fill(self, queue: Admission, now: datetime) -> None:
        """Give every admitted ticket a place or a reason."""
        sla_hours = self.config.review.sla_hours
        due = {ticket: urgency.due(each, sla_hours, now) for ticket, each in queue.admitted.items()}
        order, lenders = urgency.order(within(queue.depends_on), urgency.indices(queue.admitted, due, now))
        if self.config.planning.pattern == "lock":
            files = {ticket: claims(each) for ticket, each in queue.admitted.items()}
            self.locks = locks.groups(files)
        for ticket in order:
            candidate = queue.admitted[ticket]
            files_of = claims(candidate)
            result = self._place(
                _Request(candidate, queue.depends_on[ticket], files_of, due[ticket], lenders.get(ticket))
            )
            if isinstance(result, LeftOut):
                self.left_out[ticket] = result
            else:
                self.placed[ticket] = result

    def _place(self, request: _Request) -> PlannedTicket | LeftOut:
        footing = self._missing(request) or self._footing(request)
        if isinstance(footing, LeftOut):
            return footing
        if reason := self._over_capacity(request.size):
            return request.out(WAITING, reason)
        speaks = languages(request.candidate)
        slot, assignment = self._slot(request, footing), self.router.find(_asked(request, speaks))
        if assignment is None:
            return request.out(WAITING, why_unable(request.size, speaks))
        window = self.config.batch.window_minutes
        if window is not None and slot.end > window:
            return request.out(
                WAITING, f"would end {slot.end:g} minutes after the start, the window has {window:g}"
            )
        self._take(request, footing, slot)
        self.router.take(assignment)
        return PlannedTicket(
            candidate=request.candidate,
            size=request.size,
            agent=assignment.agent,
            lane=slot.lane,
            order=len(self.placed),
            stacked_on=footing.base,
            waits_for=footing.waits_for,
            reason=self._reason(request, footing, assignment.why),
        )

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

    def _over_capacity(self, size: Size) -> str | None:
        if len(self.placed) >= self.limits.max_tickets:
            return f"the batch is full: it takes {self.limits.max_tickets} tickets"
        budget = self.config.batch.review_minutes
        needed = self.review_minutes + REVIEW_MINUTES[size]
        if budget is not None and needed > budget:
            return f"with it, review would take {needed:g} minutes; {budget:g} are available"
        return None

    def _slot(self, request: _Request, footing: _Footing) -> Slot:
        ready = max((self.ends[each] for each in footing.waits_for), default=0.0)
        prefer = self.placed[footing.base].lane if footing.base is not None else None
        lock = self.locks.get(request.id)
        return self.lanes.find(ready, WORK_MINUTES[request.size], lock=lock, prefer=prefer)

    def _take(self, request: _Request, footing: _Footing, slot: Slot) -> None:
        self.lanes.take(slot, self.locks.get(request.id))
        self.stacks.add(request.id, footing.base)
        self.index.add(request.id, request.files)
        self.ends[request.id] = slot.end
        self.review_minutes += REVIEW_MINUTES[request.size]

    def _reason(self, request: _Request, footing: _Footing, why_agent: str) -> str:
        parts = [f"priority {request.candidate.ticket.priority}, due {request.due:%Y-%m-%d %H:%M} UTC"]
        if request.lender is not None:
            parts.append(f"as urgent as `{request.lender}`, which waits for it")
        if footing.why:
            parts.append(footing.why)
        if why_agent:
            parts.append(why_agent)
        if not request.files:
            parts.append("its files are unknown, so overlaps with it can't be seen")
        elif flying := self.flying.overlapping(request.files):
            parts.append(f"touches files of the open merge request of {names(flying)}")
        if self.config.batch.cost_budget_usd is not None:
            parts.append("its cost is unknown, so the cost budget does not limit it")
        return "; ".join(parts)


def _asked(request: _Request, speaks: frozenset[str]) -> Asked:
    area = area_of(request.candidate.estimate.files)
    return Asked(request.id, request.size, speaks, area, WORK_MINUTES[request.size])
