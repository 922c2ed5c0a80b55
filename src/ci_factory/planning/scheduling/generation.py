"""Schedule generation schemes: how an order of activities becomes a schedule.

Serial: one activity after the other at its earliest time; finds an optimum for some order. Parallel: time goes on, and
whatever can start does; its schedules leave nothing idle that could work, and so may miss every optimum. Both with their
properties: Kolisch, Serial and parallel resource-constrained project scheduling methods revisited (European Journal of
Operational Research 90, 1996).
"""

import heapq
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ci_factory.planning.scheduling.project import Activity, Placement, Project, Schedule
from ci_factory.planning.scheduling.timetable import Timetable

Keys = Mapping[str, float]
"""Activity -> its priority; the least comes first, of equals the first in the project's order."""


@dataclass
class Generator:
    """The serial scheme as it goes along: asks and decides one activity at a time.

    Whoever calls sees to it that an activity comes after its predecessors.
    """

    timetable: Timetable
    horizon: float = math.inf
    placed: dict[str, Placement] = field(default_factory=dict)
    _name: dict[str, int] = field(default_factory=dict)
    """Activity -> the name of its mode."""
    _group: dict[str, int] = field(default_factory=dict)
    """The same of groups."""

    def find(self, activity: Activity, ready: float | None = None) -> Placement | None:
        """The placement that ends first; `None` when none ends within the horizon.

        `ready` is when its predecessors have ended, where that is known already.
        """
        if ready is None:
            ready = max([activity.release, *(self.placed[each].end for each in activity.predecessors)])
        best: Placement | None = None
        best_end = math.inf
        for at in self._modes(activity):
            duration, demands, _ = activity.modes[at]
            start = self.timetable.earliest(ready, duration, demands, best_end - duration)
            if start + duration < best_end:
                best_end = start + duration
                best = Placement(at, start, best_end)
        return best if best_end <= self.horizon else None

    def name_of(self, group: str) -> int | None:
        """The name of the mode that a group is done in; `None`: nothing of it is placed."""
        return self._group.get(group)

    def take(self, activity: Activity, placement: Placement) -> None:
        """Decide for what `find` found last, or for another placement that is free."""
        mode = activity.modes[placement.mode]
        self.timetable.take(placement.start, placement.end, mode.demands)
        self.placed[activity.id] = placement
        self._name[activity.id] = mode.name
        if activity.group is not None:
            self._group[activity.group] = mode.name

    def _modes(self, activity: Activity) -> Iterable[int]:
        """Those it may be done in, the preferred first."""
        places = range(len(activity.modes))
        fixed = self._group.get(activity.group) if activity.group is not None else None
        if fixed is not None:
            return [at for at in places if activity.modes[at].name == fixed]
        wanted = self._name.get(activity.near) if activity.near is not None else None
        if wanted is None:
            return places
        return sorted(places, key=lambda at: activity.modes[at].name != wanted)


def serial(project: Project, keys: Keys) -> Schedule | None:
    """Always the eligible activity with the least key; `None` when one does not end within the horizon."""
    generator = Generator(Timetable(project.capacities), project.horizon)
    for name in eligible_first(project, keys):
        activity = project.by_id[name]
        placement = generator.find(activity)
        if placement is None:
            return None
        generator.take(activity, placement)
    return generator.placed


def parallel(project: Project, keys: Keys) -> Schedule | None:
    """At every time at which something ends, whatever can start does, least key first; `None` as above."""
    generator = Generator(Timetable(project.capacities), project.horizon)
    eligible = _Eligible(project, keys)
    moments = sorted({0.0, *(each.release for each in project.activities)})
    while eligible.heap and moments:
        now = heapq.heappop(moments)
        idle = []
        while eligible.heap:
            activity = project.by_id[eligible.pop()]
            placement = _at(now, activity, generator)
            if placement is None:
                idle.append(activity.id)
            else:
                generator.take(activity, placement)
                heapq.heappush(moments, placement.end)
                eligible.placed(activity.id)
        eligible.put(idle)
    return None if eligible.heap else generator.placed


def eligible_first(project: Project, keys: Keys) -> Iterator[str]:
    """All activities: of those whose predecessors are through, always the one with the least key."""
    eligible = _Eligible(project, keys)
    while eligible.heap:
        name = eligible.pop()
        yield name
        eligible.placed(name)


class _Eligible:
    """Activities whose predecessors are through, least key first."""

    def __init__(self, project: Project, keys: Keys) -> None:
        self._keys, self._successors = keys, project.successors
        self._place = {name: at for at, name in enumerate(project.order)}
        self._missing = {each.id: len(set(each.predecessors)) for each in project.activities}
        self.heap: list[tuple[float, int, str]] = []
        self.put(name for name, count in self._missing.items() if not count)

    def pop(self) -> str:
        """The first of them, which is eligible no more."""
        return heapq.heappop(self.heap)[2]

    def put(self, names: Iterable[str]) -> None:
        """These are eligible."""
        for name in names:
            heapq.heappush(self.heap, (self._keys[name], self._place[name], name))

    def placed(self, name: str) -> None:
        """Its successors have one predecessor less to wait for."""
        for each in self._successors[name]:
            self._missing[each] -= 1
            if not self._missing[each]:
                self.put((each,))


def _at(now: float, activity: Activity, generator: Generator) -> Placement | None:
    """The placement that starts now; `None` when it can't."""
    ends = (generator.placed[each].end for each in activity.predecessors)
    if activity.release > now or any(end > now for end in ends):
        return None
    placement = generator.find(activity, now)
    return placement if placement is not None and placement.start <= now else None
