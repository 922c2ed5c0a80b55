"""Whether a schedule keeps a project's rules, told from the data alone.

It shares no code with what makes schedules: no profile, no order, only the definition of what is allowed.
"""

from collections.abc import Iterator

from ci_factory.planning.scheduling.project import Activity, Project, Schedule

_TOLERANCE = 1e-6


def verify(project: Project, schedule: Schedule) -> tuple[str, ...]:
    """Every rule that is broken, as a sentence; empty when the schedule is right."""
    return tuple(_wrong(project, schedule))


def _wrong(project: Project, schedule: Schedule) -> Iterator[str]:
    if schedule.keys() != {activity.id for activity in project.activities}:
        yield "the schedule has other activities than the project"
        return
    for activity in project.activities:
        if not 0 <= schedule[activity.id].mode < len(activity.modes):
            yield f"{activity.id} is done in a mode it does not have"
            return
    for activity in project.activities:
        yield from _times(project, activity, schedule)
    yield from _groups(project, schedule)
    for resource, capacity in enumerate(project.capacities):
        yield from _overloads(project, schedule, resource, capacity)


def _times(project: Project, activity: Activity, schedule: Schedule) -> Iterator[str]:
    mode, start, end = schedule[activity.id]
    duration = activity.modes[mode].duration
    if abs(end - start - duration) > _TOLERANCE:
        yield f"{activity.id} takes {end - start:g}, not {duration:g}"
    if start < max(0.0, activity.release) - _TOLERANCE:
        yield f"{activity.id} starts before its release"
    if end > project.horizon + _TOLERANCE:
        yield f"{activity.id} ends after the horizon"
    for before in activity.predecessors:
        if schedule[before].end > start + _TOLERANCE:
            yield f"{activity.id} starts before {before} has ended"


def _groups(project: Project, schedule: Schedule) -> Iterator[str]:
    names: dict[str, int] = {}
    for activity in project.activities:
        name = activity.modes[schedule[activity.id].mode].name
        if activity.group is not None and names.setdefault(activity.group, name) != name:
            yield f"{activity.id} is not done as the others of {activity.group}"


def _overloads(project: Project, schedule: Schedule, resource: int, capacity: int) -> Iterator[str]:
    """Changes of the load in the order of time; of changes at one time those that free something come first."""
    changes = []
    for activity in project.activities:
        mode_at, start, end = schedule[activity.id]
        for wanted, units in activity.modes[mode_at].demands:
            if wanted == resource and end - start > _TOLERANCE:
                changes += [(start + _TOLERANCE, units), (end, -units)]
    load = 0
    for time, change in sorted(changes):
        load += change
        if load > capacity:
            yield f"resource {resource} has {capacity} units, and {load} are in use at {time:g}"
            return
