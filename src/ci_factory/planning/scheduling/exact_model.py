"""A project as a CP-SAT model.

Activities are intervals, optional ones where there are several modes; resources are cumulative constraints. Times are whole
ticks; where a time is not, durations are rounded up and dates down, so that the answer still fits.
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ortools.sat.python import cp_model

from ci_factory.planning.scheduling.project import Activity, Cost, Placement, Project, Schedule, cost

_SCALES = (1, 10, 100, 1000)
_NEAR = 1e-6
_PORTFOLIO = 8
"""Workers from which on CP-SAT has a whole set of strategies; a few of them take longer than its best one alone."""

Expression = Any
"""A variable, a sum of variables or a number, as CP-SAT takes them."""


class Answer(NamedTuple):
    """What a search brought."""

    schedule: Schedule | None
    """`None`: none in time."""
    proved: bool
    """Whether the model has no better one."""
    bound: float
    """Of the figure that was minimised."""
    seconds: float


@dataclass
class Model:
    """Variables for every activity, and what holds between them."""

    project: Project
    start: Schedule
    """A schedule that is known."""
    goal: Cost
    """What no schedule is better than."""
    cp: cp_model.CpModel = field(default_factory=cp_model.CpModel)
    starts: dict[str, cp_model.IntVar] = field(default_factory=dict)
    ends: dict[str, Expression] = field(default_factory=dict)
    chosen: dict[str, list[cp_model.IntVar]] = field(default_factory=dict)
    """Activity -> a literal for each of its modes, where it has several."""

    def __post_init__(self) -> None:
        """Write everything but the aim."""
        self.ticks, whole = _scale(_times(self.project))
        self.weights, weighed = _scale(each.weight for each in self.project.activities)
        self.exact = whole and weighed
        """Whether the model is the project, and not only near it."""
        self.latest = self._latest()
        self.used: defaultdict[int, list[tuple[cp_model.IntervalVar, int]]] = defaultdict(list)
        for name in self.project.order:
            self._add(self.project.by_id[name])
        for resource, used in self.used.items():
            self._limit(used, self.project.capacities[resource])
        self._limit_choice()
        self._join_groups()

    def solve(self, seconds: float, workers: int, seed: int, *, makespan: bool) -> Answer:
        """Minimise tardiness, or the makespan of schedules that are no more tardy than the known one."""
        self._aim(makespan=makespan)
        solver = cp_model.CpSolver()
        solver.parameters.max_time_in_seconds = seconds
        solver.parameters.num_workers = workers if workers >= _PORTFOLIO else 1
        solver.parameters.random_seed = seed
        solver.parameters.linearization_level = 0  # relaxations cost more than they bring for cumulatives
        status = solver.solve(self.cp)
        found = status in {cp_model.OPTIMAL, cp_model.FEASIBLE}
        unit = self.ticks if makespan else self.ticks * self.weights
        return Answer(
            schedule=self._read(solver) if found else None,
            proved=status == cp_model.OPTIMAL,
            bound=solver.best_objective_bound / unit,
            seconds=solver.wall_time,
        )

    def _aim(self, *, makespan: bool) -> None:
        known, late = cost(self.project, self.start), self._tardiness()
        if not makespan:
            self.cp.minimize(late)
            return
        last = self.cp.new_int_var(self._up(self.goal.makespan), self._up(known.makespan), "")
        for end in self.ends.values():
            self.cp.add(last >= end)
        self.cp.add(late <= math.floor(known.tardiness * self.ticks * self.weights + _NEAR))
        self.cp.minimize(last)

    def _read(self, solver: cp_model.CpSolver) -> Schedule:
        """The schedule that was found, in the project's own unit of time."""
        found = {}
        for name, start in self.starts.items():
            literals = self.chosen.get(name)
            mode = next(at for at, each in enumerate(literals) if solver.value(each)) if literals else 0
            at = solver.value(start) / self.ticks
            found[name] = Placement(mode, at, at + self.project.by_id[name].modes[mode].duration)
        return found

    def _add(self, activity: Activity) -> None:
        place = self.start[activity.id]
        start = self.cp.new_int_var(self._up(activity.release), self.latest, "")
        self.starts[activity.id] = start
        self.cp.add_hint(start, min(self._up(place.start), self.latest))
        if len(activity.modes) == 1:
            mode = activity.modes[0]
            size = self._up(mode.duration)
            if size:
                self._demand(self.cp.new_fixed_size_interval_var(start, size, ""), mode.demands)
            self.ends[activity.id] = start + size
        else:
            self._add_modes(activity, start)
        for before in dict.fromkeys(activity.predecessors):
            self.cp.add(start >= self.ends[before])
        self.cp.add(self.ends[activity.id] <= self.latest)

    def _add_modes(self, activity: Activity, start: cp_model.IntVar) -> None:
        literals = []
        for at, mode in enumerate(activity.modes):
            literal = self.cp.new_bool_var("")
            size = self._up(mode.duration)
            self._demand(self.cp.new_optional_fixed_size_interval_var(start, size, literal, ""), mode.demands)
            self.cp.add_hint(literal, at == self.start[activity.id].mode)
            literals.append(literal)
        self.cp.add_exactly_one(literals)
        sizes = [self._up(mode.duration) for mode in activity.modes]
        self.chosen[activity.id] = literals
        self.ends[activity.id] = start + sum(
            size * literal for size, literal in zip(sizes, literals, strict=True)
        )

    def _demand(self, interval: cp_model.IntervalVar, demands: Iterable[tuple[int, int]]) -> None:
        for resource, units in demands:
            self.used[resource].append((interval, units))

    def _limit(self, used: list[tuple[cp_model.IntervalVar, int]], capacity: int) -> None:
        intervals, units = [each for each, _ in used], [each for _, each in used]
        if capacity == 1:
            self.cp.add_no_overlap(intervals)
        elif sum(units) > capacity:
            self.cp.add_cumulative(intervals, units, capacity)

    def _limit_choice(self) -> None:
        """No more at a time than all resources of those with a choice give; says it before the choice is made."""
        choosing = [self.project.by_id[name] for name in self.chosen]
        resources = {resource for each in choosing for mode in each.modes for resource, _ in mode.demands}
        used = []
        for activity in choosing:
            least = min(sum(units for _, units in mode.demands) for mode in activity.modes)
            size = min(self._up(mode.duration) for mode in activity.modes)
            if least and size:
                used.append((self.cp.new_fixed_size_interval_var(self.starts[activity.id], size, ""), least))
        self._limit(used, sum(self.project.capacities[each] for each in resources))

    def _join_groups(self) -> None:
        first: dict[str, Activity] = {}
        for activity in self.project.activities:
            if activity.group is None:
                continue
            other = first.setdefault(activity.group, activity)
            for name in {mode.name for mode in (*other.modes, *activity.modes)}:
                self.cp.add(self._is(activity, name) == self._is(other, name))

    def _is(self, activity: Activity, name: int) -> Expression:
        """One where the activity is done in a mode of this name, else zero."""
        if activity.id not in self.chosen:
            return int(activity.modes[0].name == name)
        pairs = zip(activity.modes, self.chosen[activity.id], strict=True)
        return sum(literal for mode, literal in pairs if mode.name == name)

    def _tardiness(self) -> Expression:
        """Weighted sum over the activities, in ticks and units of weight."""
        late: list[Expression] = []
        for activity in self.project.activities:
            if activity.due is None or not activity.weight:
                continue
            due = self._down(activity.due)
            over = self.cp.new_int_var(0, max(0, self.latest - due), "")
            self.cp.add(over >= self.ends[activity.id] - due)
            late.append(self._units(activity.weight) * over)
        return sum(late)

    def _latest(self) -> int:
        """By when everything has ended in one of the best schedules."""
        ends = self._down(self.project.horizon) if self.project.horizon < math.inf else None
        if any(each.due is not None and each.weight for each in self.project.activities):
            releases = max((each.release for each in self.project.activities), default=0.0)
            longest = (max(mode.duration for mode in each.modes) for each in self.project.activities)
            known = self._up(releases) + sum(self._up(each) for each in longest)
        else:
            known = self._up(max(place.end for place in self.start.values()))
        return known if ends is None else min(ends, known)

    def _up(self, time: float) -> int:
        return math.ceil(time * self.ticks - _NEAR)

    def _down(self, time: float) -> int:
        return math.floor(time * self.ticks + _NEAR)

    def _units(self, weight: float) -> int:
        return round(weight * self.weights)


def _scale(values: Iterable[float]) -> tuple[int, bool]:
    """Parts of one so that all values are whole, and whether they are."""
    wanted = set(values)
    for parts in _SCALES:
        if all(abs(value * parts - round(value * parts)) < _NEAR for value in wanted):
            return parts, True
    return _SCALES[-1], False


def _times(project: Project) -> Iterable[float]:
    for activity in project.activities:
        yield activity.release
        if activity.due is not None:
            yield activity.due
        yield from (mode.duration for mode in activity.modes)
