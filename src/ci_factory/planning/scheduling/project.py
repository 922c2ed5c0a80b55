"""The problem and its answers as plain data.

The multi-mode resource-constrained project scheduling problem (Hartmann and Briskorn, A survey of variants and extensions
of the RCPSP, 2010): activities take time and units of renewable resources, come after their predecessors, and may be done
in one of several modes. Times are in any unit and count from the project's start.
"""

import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ci_factory.errors import UsageError

_ROUNDING = 1e-6


class Mode(NamedTuple):
    """One way to do an activity."""

    duration: float
    demands: tuple[tuple[int, int], ...] = ()
    """(resource, units) it occupies from start to end, each resource once and at least one unit."""
    name: int = 0
    """Activities of one group are all done in modes of the same name."""


@dataclass(frozen=True)
class Activity:
    """Something to be done once, without a break."""

    id: str
    modes: tuple[Mode, ...]
    """At least one; of equals the first is taken."""
    predecessors: tuple[str, ...] = ()
    release: float = 0.0
    """It does not start before."""
    due: float | None = None
    """It is late when it ends after."""
    weight: float = 1.0
    """What a unit of time late costs."""
    group: str | None = None
    near: str | None = None
    """Of equal modes the one with the name of this activity's mode is taken."""


class Placement(NamedTuple):
    """When an activity is done, and how."""

    mode: int
    """Index among the activity's modes."""
    start: float
    end: float


Schedule = Mapping[str, Placement]
"""Activity -> its placement."""


class Cost(NamedTuple):
    """What a schedule is judged by: the first figure decides, the next among equals."""

    tardiness: float
    """Sum over the activities of weight x time late."""
    makespan: float
    flow: float = 0.0
    """Sum of weight x end of those that can be late; keeps what matters first. Nothing is proved about it."""

    def reaches(self, goal: "Cost") -> bool:
        """Whether tardiness and makespan are as low as the goal's, but for rounding."""
        return all(mine <= other + _ROUNDING for mine, other in zip(self[:2], goal[:2], strict=True))


@dataclass(frozen=True)
class Project:
    """A problem that can be solved in principle; it is looked at closely when it is made.

    Raises:
        UsageError: ids are not unique, a predecessor is unknown, predecessors form a circle, or a mode asks for more than
            there is.
    """

    capacities: tuple[int, ...]
    """Units of each resource."""
    activities: tuple[Activity, ...]
    horizon: float = math.inf
    """Everything ends by then."""
    by_id: Mapping[str, Activity] = field(init=False, repr=False, compare=False)
    successors: Mapping[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)
    order: tuple[str, ...] = field(init=False, repr=False, compare=False)
    """Every activity after its predecessors, else as given."""

    def __post_init__(self) -> None:
        """Check, and note what is asked for all the time."""
        by_id = {activity.id: activity for activity in self.activities}
        if len(by_id) < len(self.activities):
            raise _wrong("two activities have one id")
        for activity in self.activities:
            self._check(activity, by_id)
        successors: dict[str, list[str]] = {each: [] for each in by_id}
        for activity in self.activities:
            for each in dict.fromkeys(activity.predecessors):
                successors[each].append(activity.id)
        object.__setattr__(self, "by_id", by_id)
        object.__setattr__(self, "successors", {each: tuple(after) for each, after in successors.items()})
        object.__setattr__(self, "order", tuple(_topological(by_id, successors)))
        if len(self.order) < len(by_id):
            circle = next(each for each in by_id if each not in set(self.order))
            raise _wrong("it is in or behind a circle of predecessors", circle)

    def _check(self, activity: Activity, by_id: Mapping[str, Activity]) -> None:
        if unknown := [each for each in activity.predecessors if each not in by_id]:
            raise _wrong(f"its predecessor {unknown[0]} is not there", activity.id)
        if not activity.modes:
            raise _wrong("it has no mode", activity.id)
        for mode in activity.modes:
            fits = all(
                0 <= resource < len(self.capacities) and 0 < units <= self.capacities[resource]
                for resource, units in mode.demands
            )
            if not fits or not 0 <= mode.duration < math.inf:
                raise _wrong("a mode asks for more than there is, or for a time below zero", activity.id)


def cost(project: Project, schedule: Schedule) -> Cost:
    """What the schedule is judged by."""
    return cost_of(project.activities, schedule)


def cost_of(activities: Iterable[Activity], schedule: Schedule) -> Cost:
    """The same where there is no project; the schedule has these activities and no others."""
    late = flow = 0.0
    for activity in activities:
        if activity.due is not None:
            end = schedule[activity.id].end
            flow += activity.weight * end
            if end > activity.due:
                late += activity.weight * (end - activity.due)
    return Cost(late, makespan(schedule), flow)


def makespan(schedule: Schedule) -> float:
    """When the last activity ends; zero when there is none."""
    return max((placement.end for placement in schedule.values()), default=0.0)


def _topological(by_id: Mapping[str, Activity], successors: Mapping[str, list[str]]) -> Iterator[str]:
    waiting = {each: len(dict.fromkeys(activity.predecessors)) for each, activity in by_id.items()}
    ready = deque(each for each, count in waiting.items() if not count)
    while ready:
        activity = ready.popleft()
        yield activity
        for each in successors[activity]:
            waiting[each] -= 1
            if not waiting[each]:
                ready.append(each)


def _wrong(what: str, activity: str = "") -> UsageError:
    return UsageError(
        what, where=f"activity {activity}" if activity else "project", fix="correct the project's description"
    )
