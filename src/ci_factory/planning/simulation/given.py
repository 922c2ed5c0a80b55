"""A real queue, or a real batch, as a simulation's queue: what its tickets will touch is drawn anew for each run."""

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from ci_factory.model.batch import Batch
from ci_factory.model.ticket import Candidate, Priority
from ci_factory.planning import urgency
from ci_factory.planning.simulation.assumptions import Assumptions
from ci_factory.planning.simulation.lanes import Step
from ci_factory.planning.simulation.policies import steps
from ci_factory.planning.simulation.queue import PRIORITIES, SIZES, Queue, foresee_backwards, universe_of
from ci_factory.planning.simulation.replay import Evening

_MINUTE = timedelta(minutes=1)


def given_queue(
    candidates: Sequence[Candidate],
    sla_hours: Mapping[Priority, float],
    assumptions: Assumptions,
    *,
    now: datetime,
    seed: int,
) -> Queue:
    """Tickets in the order given.

    Of the files that are expected, each is touched as often as its prediction says, else as the stated precision; others,
    which nobody foresaw, are drawn from a made-up project of the stated kind.
    """
    chance, queue = random.Random(seed), Queue()  # noqa: S311 - a fixed, not a secret, sequence
    numbers: dict[str, int] = {}
    universe = universe_of(assumptions)
    for candidate in candidates:
        queue.size.append(SIZES.index(candidate.estimate.complexity))
        queue.priority.append(PRIORITIES.index(candidate.ticket.priority))
        queue.created.append(0.0)
        queue.due.append((urgency.due(candidate, sla_hours, now) - now) / _MINUTE)
        known = _expected(candidate, assumptions.precision)
        foreseen = {numbers.setdefault(path, len(numbers)): share for path, share in known.items()}
        queue.foreseen.add(list(foreseen))
        real = [each for each, share in foreseen.items() if chance.random() < share]
        missed = foresee_backwards(max(1, len(real)), universe, assumptions, chance)
        queue.files.add([*real, *(-1 - each for each in missed)])
    return queue


def _expected(candidate: Candidate, precision: float) -> dict[str, float]:
    """Files that planning reckons with, each with the chance that the change touches it."""
    told = {each.path: each.probability for each in candidate.estimate.touched}
    return {path: told.get(path, precision) for path in candidate.estimate.files}


class FixedPlan:
    """A batch that is planned already."""

    def __init__(self, batch: Batch) -> None:
        """Its tickets are numbered as they stand in the batch."""
        numbers = {planned.id: number for number, planned in enumerate(batch.tickets)}
        names = list(dict.fromkeys(planned.agent for planned in batch.tickets))
        self._steps = steps(batch, numbers, names)
        self.agents = max(1, len(names))

    def __call__(self, evening: Evening) -> list[Step]:
        """The batch, on the first evening."""
        return self._steps if len(evening.world.nights) == 1 else []
