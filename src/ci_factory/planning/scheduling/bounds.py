"""What no schedule can be better than; where one is as good, the search is over."""

import math

from ci_factory.planning.scheduling.priorities import earliest_starts, shortest, tails
from ci_factory.planning.scheduling.project import Cost, Project


def bound(project: Project) -> Cost:
    """The lower bound of each figure by itself: critical path, work over capacity, dates that can't be met by any plan."""
    starts, after = earliest_starts(project), tails(project)
    late, longest = 0.0, 0.0
    for activity in project.activities:
        end = starts[activity.id] + shortest(activity)
        longest = max(longest, end + after[activity.id])
        if activity.due is not None:
            late += activity.weight * max(0.0, end - activity.due)
    return Cost(late, max(longest, _work(project)))


def _work(project: Project) -> float:
    """The most loaded resource's work over its units, and all work over all units."""
    whole = all(
        mode.duration == int(mode.duration) for activity in project.activities for mode in activity.modes
    )
    loads = [0.0] * len(project.capacities)
    total = 0.0
    for activity in project.activities:
        total += min(mode.duration * sum(units for _, units in mode.demands) for mode in activity.modes)
        for resource in {resource for mode in activity.modes for resource, _ in mode.demands}:
            loads[resource] += min(
                mode.duration * dict(mode.demands).get(resource, 0) for mode in activity.modes
            )
    shares = [load / units for load, units in zip(loads, project.capacities, strict=True) if units]
    if sum(project.capacities):
        shares.append(total / sum(project.capacities))
    most = max(shares, default=0.0)
    return math.ceil(most - 1e-9) if whole else most
