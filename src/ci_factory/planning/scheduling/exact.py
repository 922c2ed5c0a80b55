"""Exact optimisation with OR-tools' CP-SAT, the extra `optimize`.

The two figures of a schedule are minimised one after the other. Models of this kind: Laborie et al., IBM ILOG CP optimizer for
scheduling (Constraints 23, 2018). With one worker and enough time the same arguments give the same schedule.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ci_factory.errors import ToolMissing
from ci_factory.planning.scheduling.bounds import bound
from ci_factory.planning.scheduling.generation import serial
from ci_factory.planning.scheduling.project import Cost, Project, Schedule, cost

if TYPE_CHECKING:
    from ci_factory.planning.scheduling.exact_model import Model

_TOLERANCE = 1e-6


class Optimised(NamedTuple):
    """A schedule that is at least as good as the one to start from."""

    schedule: Schedule
    proved: bool
    """Whether no schedule is better."""
    bound: Cost
    """No schedule is less tardy, and none of this tardiness is shorter."""


class Effort(NamedTuple):
    """What may be spent."""

    seconds: float
    workers: int = 1
    """Processor cores."""
    seed: int = 1


def optimise(project: Project, start: Schedule, effort: Effort) -> Optimised:
    """Look for a better schedule than one that is known.

    Raises:
        ToolMissing: OR-tools is not installed.
    """
    solver = _Solver(_model(), project, effort)
    least = bound(project)
    late = solver.improve(start, least, makespan=False)
    least = least._replace(tardiness=late.bound)
    if not late.proved:
        return Optimised(late.schedule, proved=False, bound=least)
    short = solver.improve(late.schedule, least, makespan=True)
    return Optimised(short.schedule, short.proved, least._replace(makespan=short.bound))


class _Solved(NamedTuple):
    schedule: Schedule
    proved: bool
    bound: float


class _Solver:
    """One search after the other, with what time is left."""

    def __init__(self, model: "type[Model]", project: Project, effort: Effort) -> None:
        self.model, self.project, self.effort = model, project, effort
        self.left = effort.seconds

    def improve(self, known: Schedule, least: Cost, *, makespan: bool) -> _Solved:
        """Minimise tardiness, or the makespan of schedules that are no more tardy."""
        figure = int(makespan)
        goal = least[figure]
        if cost(self.project, known)[figure] <= goal + _TOLERANCE:
            return _Solved(known, proved=True, bound=goal)
        if self.left <= 0:
            return _Solved(known, proved=False, bound=goal)
        model = self.model(self.project, known, least)
        answer = model.solve(self.left, self.effort.workers, self.effort.seed, makespan=makespan)
        self.left -= answer.seconds
        best = known if answer.schedule is None else _best(self.project, known, answer.schedule)
        proved = answer.proved and model.exact
        reached = cost(self.project, best)[figure]
        return _Solved(best, proved, reached if proved else max(goal, min(reached, answer.bound)))


def _best(project: Project, known: Schedule, found: Schedule) -> Schedule:
    """What was found, moved to the left without rounded times, on better liked modes if that costs nothing."""
    keys = {name: placement.start for name, placement in found.items()}
    free, fixed = serial(project, keys), serial(_fixed(project, found), keys)
    kept = (
        None
        if fixed is None
        else {name: placement._replace(mode=found[name].mode) for name, placement in fixed.items()}
    )
    choices = [each for each in (free, kept, known) if each is not None]
    return min(choices, key=lambda each: cost(project, each))


def _fixed(project: Project, modes: Schedule) -> Project:
    """The same with no choice of mode left."""
    activities = (replace(each, modes=(each.modes[modes[each.id].mode],)) for each in project.activities)
    return Project(project.capacities, tuple(activities), project.horizon)


def _model() -> "type[Model]":
    try:
        from ci_factory.planning.scheduling.exact_model import Model
    except ImportError as error:
        raise ToolMissing(
            "exact optimisation needs OR-tools, which is not installed",
            where="planning.optimize_seconds",
            fix="pip install 'ci-factory[optimize]', or set planning.optimize_seconds to null",
        ) from error
    return Model
