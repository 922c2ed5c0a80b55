"""Priority rules: which activity is placed first.

Latest finish and start times are those of the critical path against its own length, without resources. Rules and their
names: Kolisch, Efficient priority rules for the resource-constrained project scheduling problem (Journal of Operations
Management 14, 1996). All are given as keys, least first.
"""

from collections.abc import Callable

from ci_factory.planning.scheduling.generation import Keys
from ci_factory.planning.scheduling.project import Activity, Project


def shortest(activity: Activity) -> float:
    """The duration of its quickest mode."""
    return min(mode.duration for mode in activity.modes)


def earliest_starts(project: Project) -> dict[str, float]:
    """When each could start if resources had no end."""
    starts: dict[str, float] = {}
    for name in project.order:
        activity = project.by_id[name]
        before = (starts[each] + shortest(project.by_id[each]) for each in activity.predecessors)
        starts[name] = max([activity.release, *before])
    return starts


def tails(project: Project) -> dict[str, float]:
    """The longest way through the successors of each, without itself."""
    after: dict[str, float] = {}
    for name in reversed(project.order):
        ways = (after[each] + shortest(project.by_id[each]) for each in project.successors[name])
        after[name] = max(ways, default=0.0)
    return after


def latest_finish(project: Project) -> Keys:
    """LFT: who must have ended first for the critical path not to grow (Davis and Patterson, 1975)."""
    return {name: -tail for name, tail in tails(project).items()}


def latest_start(project: Project) -> Keys:
    """LST: the same for starts."""
    return {name: -tail - shortest(project.by_id[name]) for name, tail in tails(project).items()}


def least_slack(project: Project) -> Keys:
    """MSLK: who can wait for the shortest time (Davis and Patterson, 1975)."""
    starts, last = earliest_starts(project), latest_start(project)
    return {name: last[name] - starts[name] for name in project.order}


def greatest_rank_positional_weight(project: Project) -> Keys:
    """GRPW: who is followed by the most work, its own and that of its direct successors (Alvarez-Valdes and Tamarit, 1989)."""
    work = {activity.id: shortest(activity) for activity in project.activities}
    return {
        name: -work[name] - sum(work[each] for each in project.successors[name]) for name in project.order
    }


def most_successors(project: Project) -> Keys:
    """MTS: who has the most direct and indirect successors (Alvarez-Valdes and Tamarit, 1989)."""
    behind: dict[str, set[str]] = {}
    for name in reversed(project.order):
        after = project.successors[name]
        behind[name] = set(after).union(*(behind[each] for each in after))
    return {name: -float(len(behind[name])) for name in project.order}


RULES: dict[str, Callable[[Project], Keys]] = {
    "LFT": latest_finish,
    "LST": latest_start,
    "MSLK": least_slack,
    "GRPW": greatest_rank_positional_weight,
    "MTS": most_successors,
}
