"""The chosen tickets' starts and lanes, improved: choice, bases and agents stay, and so does every rule between them."""

from collections.abc import Sequence
from typing import NamedTuple

from ci_factory.model.batch import Arrangement
from ci_factory.planning.scheduling.exact import Effort, optimise
from ci_factory.planning.scheduling.project import Activity, Project, Schedule, cost_of
from ci_factory.planning.scheduling.search import search

_SMALL = 200
"""Tickets up to which another pass is worth its time: people can't review more in a day."""
_WORK = 1_200
"""Tickets to place in search; for twenty, sixty passes and some hundredths of a second."""


class Arranged(NamedTuple):
    """A schedule and what is to be told of it."""

    schedule: Schedule
    told: Arrangement


def arrange(
    lanes: int, activities: Sequence[Activity], greedy: Schedule, window: float, exact: Effort | None
) -> Arranged:
    """The best schedule found by search and, where an effort is given, by the exact solver; never worse than `greedy`.

    `activities` are in the greedy order, each on any lane that its agent may use; the lanes are resources of one unit.

    Raises:
        ToolMissing: the exact solver is asked for and not installed.
    """
    schedule, method, proved = greedy, "list", False
    if activities and (exact is not None or len(activities) <= _SMALL):
        project = Project((1,) * lanes, tuple(activities), window)
        first = {activity.id: float(place) for place, activity in enumerate(activities)}
        work = _WORK if len(activities) <= _SMALL else 0
        schedule = search(project, work=work, start=greedy, first=first) or greedy
        method = "list" if schedule is greedy else "search"
        if exact is not None:
            solved = optimise(project, schedule, exact)
            schedule, method, proved = solved.schedule, "exact", solved.proved
    before, after = cost_of(activities, greedy), cost_of(activities, schedule)
    told = Arrangement(
        method=method,
        tardiness=round(after.tardiness, 3),
        makespan_minutes=round(after.makespan, 3),
        greedy_tardiness=round(before.tardiness, 3),
        greedy_makespan_minutes=round(before.makespan, 3),
        proved=proved,
    )
    return Arranged(schedule, told)
