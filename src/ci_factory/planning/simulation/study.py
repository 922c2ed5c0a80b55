"""A question to the simulation: which queue, which equipment, compared with what."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from ci_factory.config import AgentConfig, Config
from ci_factory.model.planning_settings import PlanningConfig
from ci_factory.model.simulated import Result
from ci_factory.model.ticket import IntakeReport, Size
from ci_factory.planning.expectations import Expectations, Expected
from ci_factory.planning.simulation.assumptions import Assumptions, Class, call_usd
from ci_factory.planning.simulation.chance import mean_minutes
from ci_factory.planning.simulation.given import given_queue
from ci_factory.planning.simulation.hours import Calendar, Day
from ci_factory.planning.simulation.policies import Planned, RoundRobin
from ci_factory.planning.simulation.queue import Queue, made_up
from ci_factory.planning.simulation.replay import Equipment, Policy
from ci_factory.planning.simulation.scenario import Scenario, Span, simulate


@dataclass(frozen=True)
class Study:
    """What is asked."""

    config: Config
    equipment: Equipment
    assumptions: Assumptions
    day: Day
    now: datetime
    nights: int
    runs: int
    seed: int
    tickets: int
    """A night, of a made-up queue."""
    intake: IntakeReport | None = None
    """The real queue, in place of a made-up one."""
    queue_length: int | None = None
    """New tickets come each evening until the queue is this long, in place of `tickets` a night."""
    most_tickets: int | None = None
    """Of a batch; `None`: as configured for a real queue, and whatever comes of a made-up one."""

    @cached_property
    def span(self) -> Span:
        """From the next evening on."""
        return Span(self.day, next_evening(self.day, self.now), self.nights, self.config.batch.window_minutes)

    def queue(self, seed: int) -> Queue:
        """The queue of one run."""
        if self.intake is not None:
            sla, start = self.config.review.sla_hours, self.span.start
            return given_queue(self.intake.candidates, sla, self.assumptions, now=start, seed=seed)
        per_night = self.tickets if self.queue_length is None else max(self.tickets, self.queue_length)
        return made_up(self.assumptions, seed=seed, per_night=per_night, nights=self.nights)

    def run(self, scenario: Scenario) -> Result:
        """Simulate one way to work; all ways meet the same tickets, failures and people."""
        return simulate(
            scenario,
            self.queue,
            self.span,
            self.assumptions,
            runs=self.runs,
            seed=self.seed,
            queue_length=self.queue_length,
        )

    @property
    def agents(self) -> tuple[AgentConfig, ...]:
        """Those configured, else as many as the equipment has that take everything."""
        count = self.equipment.agents
        made_up_agents = tuple(
            AgentConfig(name=f"agent-{place + 1}", adapter="command") for place in range(count)
        )
        return self.config.agents if len(self.config.agents) == count else made_up_agents


def planned(
    study: Study, name: str = "plan", equipment: Equipment | None = None, **planning: str
) -> Scenario:
    """The factory's plan as it is configured, with other settings of `planning` where they are given."""
    settings = PlanningConfig.model_validate({**study.config.planning.model_dump(), **planning})
    config = study.config.model_copy(update={"planning": settings})
    equipment = equipment or study.equipment
    agents, most = replace(study, equipment=equipment).agents, _most(study)
    known = _known(study.assumptions)

    def policy(calendar: Calendar) -> Policy:
        candidates = study.intake.candidates if study.intake else ()
        return Planned(
            config,
            calendar,
            agents,
            lanes=equipment.lanes,
            max_tickets=most,
            expectations=known,
            candidates=dict(enumerate(candidates)),
            resolved=frozenset(study.intake.resolved) if study.intake else frozenset(),
        )

    return Scenario(name, policy, equipment)


def round_robin(study: Study) -> Scenario:
    """Plain turns without overlap handling."""
    agents, most = study.equipment.agents, _most(study)
    return Scenario("round-robin", lambda _: RoundRobin(agents, most), study.equipment)


def compared(study: Study) -> list[Scenario]:
    """The configured plan beside plain turns, other settings, and more of everything."""
    have = study.equipment
    return [
        planned(study),
        round_robin(study),
        planned(study, "overlap: defer", overlap="defer"),
        planned(study, "overlap: ignore", overlap="ignore"),
        planned(study, "pattern: lock", pattern="lock"),
        planned(study, "pattern: queue", pattern="queue", equipment=have.model_copy(update={"lanes": 1})),
        planned(study, "one agent more", have.model_copy(update={"agents": have.agents + 1})),
        planned(study, "twice the lanes", have.model_copy(update={"lanes": have.lanes * 2})),
        planned(study, "one reviewer more", have.model_copy(update={"reviewers": have.reviewers + 1})),
    ]


def next_evening(day: Day, now: datetime) -> datetime:
    """When the next night begins."""
    local = now.astimezone(ZoneInfo(day.zone))
    start = local.replace(hour=day.starts.hour, minute=day.starts.minute, second=0, microsecond=0)
    return start if start >= local else start + timedelta(days=1)


def _most(study: Study) -> int:
    """Tickets of a batch."""
    if study.most_tickets is not None:
        return study.most_tickets
    return study.config.batch.max_tickets if study.intake else study.tickets * study.nights


def _known(assumptions: Assumptions) -> Expectations:
    """What the planner would have measured after some nights of these assumptions."""
    return Expectations(
        {(size, None): Expected(round(_lane_minutes(assumptions, size), 1), "assumed") for size in Size},
        {(size, None): Expected(_cost(assumptions, size), "assumed") for size in Size},
    )


def _calls(of: Class, retries: int) -> float:
    """Expected agent calls of a ticket."""
    return sum(of.failure**number for number in range(retries + 1))


def _cost(assumptions: Assumptions, size: Size) -> float | None:
    of = assumptions.classes[size]
    usd = call_usd(of, assumptions)
    return None if usd is None else _calls(of, assumptions.retries) * usd


def _lane_minutes(assumptions: Assumptions, size: Size) -> float:
    """Expected minutes of a ticket on its lane, retries included."""
    of = assumptions.classes[size]
    call = mean_minutes(of, assumptions.minutes_cap) + assumptions.overhead_minutes
    calls = _calls(of, assumptions.retries)
    return calls * call + (calls - 1) * assumptions.retry_delay_minutes
