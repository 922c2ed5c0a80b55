"""Who decides what is worked on tonight: plain turns, the factory's own plan, and a light stand-in for large numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ci_factory.config import AgentConfig, Config
from ci_factory.model.batch import Batch, Limits
from ci_factory.model.ticket import Candidate, Estimate, Readiness, Risk, RiskLevel, Ticket
from ci_factory.planning.expectations import Expectations
from ci_factory.planning.plan import make_batch
from ci_factory.planning.simulation.hours import Calendar
from ci_factory.planning.simulation.lanes import Step
from ci_factory.planning.simulation.queue import PRIORITIES, SIZES
from ci_factory.planning.simulation.replay import Evening
from ci_factory.planning.simulation.world import NOBODY, Status
from ci_factory.planning.urgency import WEIGHTS


@dataclass(frozen=True)
class RoundRobin:
    """Plain turns: the oldest tickets first, agents in turn, every change on the target branch, no look at files."""

    agents: int
    max_tickets: int

    def __call__(self, evening: Evening) -> list[Step]:
        """The oldest of the queue."""
        oldest = evening.world.backlog[: self.max_tickets]
        return [Step(ticket, agent=turn % self.agents) for turn, ticket in enumerate(oldest)]


@dataclass
class Planned:
    """The factory's plan, through its own door."""

    config: Config
    calendar: Calendar
    agents: Sequence[AgentConfig]
    lanes: int
    max_tickets: int
    reads_capacity: bool = True
    """Whether the batch is bounded by the minutes of review that are free."""
    expectations: Expectations | None = None
    candidates: dict[int, Candidate] = field(default_factory=dict)
    """By ticket; made up where there is none."""
    resolved: frozenset[str] = frozenset()
    """Tickets outside of the queue that are done."""

    def __call__(self, evening: Evening) -> list[Step]:
        """What the plan of this evening says."""
        return steps(self.batch(evening), self._numbers(evening), [each.name for each in self.agents])

    def batch(self, evening: Evening) -> Batch:
        """The plan of this evening."""
        now = self.calendar.moment(evening.night.start)
        return make_batch(
            [self._candidate(evening, ticket) for ticket in evening.world.backlog],
            agents=self.agents,
            config=self._tonight(evening),
            batch_id="simulated",
            created_at=now,
            project="simulated",
            target_branch="main",
            base="0" * 40,
            limits=Limits(max_tickets=self.max_tickets, parallel=self.lanes),
            resolved=self._done(evening),
            in_flight=self._in_flight(evening),
            expectations=self.expectations,
            review_minutes=evening.review_minutes if self.reads_capacity else None,
        )

    def _tonight(self, evening: Evening) -> Config:
        window = evening.night.close - evening.night.start
        batch = self.config.batch.model_copy(update={"window_minutes": window})
        return self.config.model_copy(update={"batch": batch})

    def _done(self, evening: Evening) -> frozenset[str]:
        """Tickets that were merged since count as done for those that depend on them."""
        status = evening.world.status
        merged = (each for number, each in self.candidates.items() if status[number] == Status.MERGED)
        return self.resolved | {each.ticket.id for each in merged}

    def _numbers(self, evening: Evening) -> dict[str, int]:
        return {self.candidates[each].ticket.id: each for each in evening.world.backlog}

    def _in_flight(self, evening: Evening) -> dict[str, tuple[str, ...]]:
        files = evening.world.queue.files
        return {
            self._candidate(evening, each).ticket.id: _paths(files[each])
            for each in evening.people.changes.open
        }

    def _candidate(self, evening: Evening, ticket: int) -> Candidate:
        if ticket not in self.candidates:
            self.candidates[ticket] = made_up_candidate(evening, ticket, self.calendar)
        return self.candidates[ticket]


def steps(batch: Batch, numbers: dict[str, int], agents: Sequence[str]) -> list[Step]:
    """A batch as the simulation knows it."""
    places = {name: place for place, name in enumerate(agents)}
    found = []
    for planned in sorted(batch.tickets, key=lambda each: each.order):
        needs = [numbers[each] for each in planned.candidate.ticket.depends_on if each in numbers]
        found.append(
            Step(
                numbers[planned.id],
                lane=planned.lane,
                agent=places.get(planned.agent, 0),
                base=NOBODY if planned.stacked_on is None else numbers[planned.stacked_on],
                waits_for=tuple(numbers[each] for each in planned.waits_for),
                needs=tuple(needs),
            )
        )
    return found


def made_up_candidate(evening: Evening, ticket: int, calendar: Calendar) -> Candidate:
    """A ticket of a made-up queue as intake would hand it over: with the files that are foreseen, not the true ones."""
    queue = evening.world.queue
    return Candidate(
        ticket=Ticket(
            id=f"t{ticket}",
            title=f"Ticket {ticket}",
            priority=PRIORITIES[queue.priority[ticket]],
            created_at=calendar.moment(evening.world.created[ticket]),
            due=calendar.moment(evening.world.due[ticket]),
        ),
        readiness=Readiness(ready=True),
        estimate=Estimate(complexity=SIZES[queue.size[ticket]], files=_paths(queue.foreseen[ticket])),
        risk=Risk(level=RiskLevel.LOW),
    )


def _paths(files: Sequence[int]) -> tuple[str, ...]:
    return tuple(f"src/module{each}.py" for each in files)


@dataclass(frozen=True)
class Light:
    """A stand-in for the plan that costs microseconds a ticket, for very many tickets.

    In: priority before age, a change based on the last change of tonight that is foreseen in one of its files, when that
    is the same for all of its files, else the ticket waits for another night. Out: due dates, lanes of their own,
    capabilities, reviewers' capacity, reasons.
    """

    agents: int
    max_tickets: int

    def __call__(self, evening: Evening) -> list[Step]:
        """The most important of the queue that fit together."""
        queue = evening.world.queue
        weights = [WEIGHTS[each] for each in PRIORITIES]
        order = sorted(evening.world.backlog, key=lambda each: (-weights[queue.priority[each]], each))
        last: dict[int, int] = {}
        found: list[Step] = []
        for ticket in order:
            if len(found) >= self.max_tickets:
                break
            files = queue.foreseen[ticket]
            below = {last[each] for each in files if each in last}
            if len(below) > 1:
                continue
            base = below.pop() if below else NOBODY
            waits = () if base == NOBODY else (base,)
            found.append(Step(ticket, agent=len(found) % self.agents, base=base, waits_for=waits))
            for each in files:
                last[each] = ticket
        return found
