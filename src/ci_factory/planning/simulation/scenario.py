"""What is simulated many times over: a queue, a policy, equipment; and what the runs say together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ci_factory.model.simulated import Result
from ci_factory.planning.simulation.assumptions import Assumptions
from ci_factory.planning.simulation.hours import Calendar, Day
from ci_factory.planning.simulation.queue import Queue
from ci_factory.planning.simulation.replay import Equipment, Policy, replay
from ci_factory.planning.simulation.summary import Run, measure, spread

FIGURES: dict[str, tuple[str, str]] = {
    "ready": ("merge requests ready", "Changes published by the deadline, a night."),
    "waiting": ("tickets waiting", "Tickets in the queue at the deadline, mean of the nights."),
    "conflicts": ("conflicting pairs", "Pairs of open changes that touch the same lines, neither based on the other, a night."),
    "redone": ("changes redone", "Changes given up because of another one; their tickets wait for the next night."),
    "failed": ("tickets failed", "Tickets of which no agent call brought a change; a person has them."),
    "merged": ("merged", "Changes merged in the day after, a night."),
    "reading": ("minutes of review", "Minutes that reviewers read, a night."),
    "spend": ("spend, USD", "What the agent calls cost, failed ones too, a night."),
    "utilisation": ("utilisation of lanes", "Busy minutes of lanes / (lanes x length of the night)."),
    "tardiness": (
        "weighted tardiness, hours",
        "Hours past the due date times priority weight (1, 2, 4, 8), of all tickets, until merged, closed or with a person; else until the end.",
    ),
}  # fmt: skip
"""Name -> title and definition, printed beside every result."""


@dataclass(frozen=True)
class Scenario:
    """One way to work."""

    name: str
    policy: Callable[[Calendar], Policy]
    """Made anew for each run."""
    equipment: Equipment


@dataclass(frozen=True)
class Span:
    """When it plays."""

    day: Day
    start: datetime
    nights: int = 1
    window: float | None = None
    """Minutes of a night in place of the day's closing time."""

    @property
    def calendar(self) -> Calendar:
        """Its nights and working hours."""
        return Calendar(self.day, self.start, self.nights, self.window)


def simulate(
    scenario: Scenario,
    queue_of: Callable[[int], Queue],
    span: Span,
    assumptions: Assumptions,
    *,
    runs: int,
    seed: int,
    queue_length: int | None = None,
) -> Result:
    """Work through the same nights `runs` times, each time with another fate; the same arguments give the same result.

    `queue_of` makes the queue of a seed. Scenarios with the same seed meet the same tickets, failures and reviewers.
    """
    calendar, found = span.calendar, []
    for run in range(runs):
        each = seed * 1_000_003 + run
        world = replay(
            queue_of(each),
            scenario.policy(calendar),
            calendar=calendar,
            equipment=scenario.equipment,
            assumptions=assumptions,
            seed=each,
            queue_length=queue_length,
        )
        found.append(measure(world, calendar, scenario.equipment))
    return summarise(scenario.name, found)


def summarise(name: str, runs: Sequence[Run]) -> Result:
    """Quantiles over the runs."""
    columns = zip(*(run.curve for run in runs), strict=True)
    fan = [spread(column) for column in columns]
    return Result(
        name=name,
        runs=len(runs),
        figures={figure: spread(getattr(run, figure) for run in runs) for figure in FIGURES},
        fan=tuple(each for each in fan if each is not None),
        ready=tuple(run.ready for run in runs),
    )
