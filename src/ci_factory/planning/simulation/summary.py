"""Figures of one run, and what many runs say together: P10, P50, P90."""

import math
from collections.abc import Callable, Iterable, Sequence

from ci_factory.model.base import Value
from ci_factory.model.forecast import Spread
from ci_factory.planning.simulation.hours import Calendar
from ci_factory.planning.simulation.queue import PRIORITIES
from ci_factory.planning.simulation.replay import Equipment, horizon
from ci_factory.planning.simulation.world import Night, Status, World
from ci_factory.planning.urgency import WEIGHTS

QUANTILES = (0.1, 0.5, 0.9)
_HOUR = 60.0
_STEPS = 60
"""Points of the curve of merge requests ready over the night."""


class Run(Value):
    """One simulated span of nights. What is counted by night is a mean over the nights."""

    ready: float
    waiting: float
    conflicts: float
    spend: float | None
    utilisation: float
    throttled: float
    planned: float
    failed: float
    redone: float
    merged: float
    reading: float
    tardiness: float
    """Of all tickets that came."""
    tickets: int
    curve: tuple[int, ...] = ()
    """Changes ready by evenly spaced moments of the first night, from its start to its deadline."""


def measure(world: World, calendar: Calendar, equipment: Equipment) -> Run:
    """The figures of a run."""
    nights = world.nights
    return Run(
        ready=_mean(nights, lambda night: night.ready),
        waiting=_mean(nights, lambda night: night.waiting),
        conflicts=_mean(nights, lambda night: night.conflicts),
        spend=spend(nights),
        utilisation=_utilisation(nights, equipment),
        throttled=_mean(nights, lambda night: night.throttled),
        planned=_mean(nights, lambda night: night.planned),
        failed=_mean(nights, lambda night: night.failed),
        redone=_mean(nights, lambda night: night.redone),
        merged=_mean(nights, lambda night: night.merged),
        reading=_mean(nights, lambda night: night.reviewed),
        tardiness=tardiness(world, horizon(calendar)),
        tickets=world.entered,
        curve=curve(world),
    )


def tardiness(world: World, end: float, first: int | None = None) -> float:
    """Hours past the due date times priority weight, summed over all tickets that came, or over the `first` of them.

    Until a ticket is merged, closed or given to a person; what is not done by then counts until the end.
    """
    weights, total = [WEIGHTS[each] for each in PRIORITIES], 0.0
    for ticket in range(world.entered if first is None else min(first, world.entered)):
        done = world.done_at[ticket] if Status(world.status[ticket]).over else end
        late = done - world.due[ticket]
        if late > 0:
            total += weights[world.queue.priority[ticket]] * late
    return total / _HOUR


def spend(nights: Sequence[Night]) -> float | None:
    """USD a night, `None` when a part is unknown."""
    known = [night.usd for night in nights if night.usd is not None]
    return math.fsum(known) / len(nights) if len(known) == len(nights) else None


def curve(world: World) -> tuple[int, ...]:
    """How many changes of the first night are ready by evenly spaced moments."""
    first = world.nights[0]
    step = (first.deadline - first.start) / _STEPS
    counts = [0] * (_STEPS + 1)
    for ready in world.ready_times:
        place = math.ceil((ready - first.start) / step)
        if place <= _STEPS:
            counts[max(0, place)] += 1
    total = 0
    return tuple(total := total + each for each in counts)


def spread(values: Iterable[float | None]) -> Spread | None:
    """P10, P50 and P90 of the runs, `None` when one of them is unknown."""
    known = list(values)
    if not known or any(value is None for value in known):
        return None
    ordered = sorted(value for value in known if value is not None)
    return Spread(
        **{name: quantile(ordered, q) for name, q in zip(("p10", "p50", "p90"), QUANTILES, strict=True)}
    )


def quantile(ordered: Sequence[float], share: float) -> float:
    """The least of the sorted values that at least this share of them does not exceed, so that counts stay counts."""
    return ordered[max(0, math.ceil(share * len(ordered) - 1e-9) - 1)]


def _mean(nights: Sequence[Night], value: Callable[[Night], float]) -> float:
    return math.fsum(map(value, nights)) / len(nights)


def _utilisation(nights: Sequence[Night], equipment: Equipment) -> float:
    """Busy minutes of lanes / (lanes x length of the nights)."""
    length = math.fsum(min(night.close, night.deadline) - night.start for night in nights)
    return math.fsum(night.busy for night in nights) / (equipment.lanes * length) if length else 0.0
