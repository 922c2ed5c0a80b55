"""Several passes, and the best of them: rules, justification and small changes of the best order so far.

Justification moves everything as late as it goes, latest end first, and then as early as it goes, earliest start first; a
schedule never gets longer by it and mostly shorter (Valls, Ballestin and Quintanilla, Justification and RCPSP: a technique
that pays, European Journal of Operational Research 165, 2005; Tormos and Lova call it forward-backward improvement, 2001).
The search that goes on from the best order is an iterated local search on activity lists (Hartmann and Kolisch, Experimental
investigation of heuristics for RCPSP: an update, European Journal of Operational Research 174, 2006).
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ci_factory.planning.scheduling.bounds import bound
from ci_factory.planning.scheduling.generation import Keys, parallel, serial
from ci_factory.planning.scheduling.priorities import RULES
from ci_factory.planning.scheduling.project import Cost, Project, Schedule, cost

_WIDEST = 0.35
"""Of all places, how far a change of the order may move an activity."""


def search(
    project: Project, *, work: int, start: Schedule | None = None, first: Keys | None = None, seed: int = 0
) -> Schedule | None:
    """The best schedule found by placing about `work` activities, at least once each; never worse than `start`.

    `first` is a priority from outside. `None` when no pass ends within the project's horizon and there is no `start`.
    The same arguments give the same schedule.
    """
    if start is not None and work <= 0:
        return start
    found = _Search(project, work, start, random.Random(seed))  # noqa: S311 - no secret, and the same every time
    for keys in _rules(project, first):
        for scheme in (serial, parallel):
            if found.over:
                return found.best
            found.offer(scheme(project, keys))
    for keys in found.nearby():
        found.offer(serial(project, keys))
    return found.best


def _rules(project: Project, first: Keys | None) -> Iterator[Keys]:
    if first is not None:
        yield first
    for rule in RULES.values():
        yield rule(project)


def justified(project: Project, schedule: Schedule, mirror: Project | None = None) -> Schedule | None:
    """Everything as late, then as early as it goes; `None` when it does not end within the horizon."""
    turned = mirror if mirror is not None else mirrored(project)
    late = serial(turned, {name: -placement.end for name, placement in schedule.items()})
    if late is None:
        return None
    return serial(project, {name: -placement.end for name, placement in late.items()})


def mirrored(project: Project) -> Project:
    """The project run backwards, without dates."""
    activities = (
        replace(each, predecessors=project.successors[each.id], release=0.0, due=None)
        for each in reversed(project.activities)
    )
    return Project(project.capacities, tuple(activities))


@dataclass
class _Search:
    """The best so far, and what may still be spent on it."""

    project: Project
    left: int
    best: Schedule | None
    chance: random.Random
    best_cost: Cost | None = field(init=False)

    def __post_init__(self) -> None:
        self.goal = bound(self.project)
        self.mirror = mirrored(self.project)
        self.best_cost = cost(self.project, self.best) if self.best is not None else None

    @property
    def over(self) -> bool:
        """Whether all work is spent, or nothing can be better."""
        if self.best_cost is None:
            return self.left <= 0
        return self.left <= 0 or self.best_cost.reaches(self.goal)

    def offer(self, schedule: Schedule | None) -> None:
        """Take a schedule, and what justification makes of it, when it is better."""
        self.left -= len(self.project.activities)
        if schedule is None:
            return
        self._take(schedule)
        if not self.over:
            self.left -= 2 * len(self.project.activities)
            better = justified(self.project, schedule, self.mirror)
            if better is not None:
                self._take(better)

    def nearby(self) -> Iterator[Keys]:
        """Orders near that of the best schedule, until all is spent."""
        count = len(self.project.activities)
        while not self.over and self.best is not None:
            ordered = sorted(self.best, key=lambda name: self.best[name].start)  # type: ignore[index]
            width = self.chance.uniform(1.0, max(2.0, _WIDEST * count))
            yield {name: at + self.chance.uniform(0.0, width) for at, name in enumerate(ordered)}

    def _take(self, schedule: Schedule) -> None:
        price = cost(self.project, schedule)
        if self.best_cost is None or price < self.best_cost:
            self.best, self.best_cost = schedule, price
