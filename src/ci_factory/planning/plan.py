"""Planning's one door: candidates become a batch. Each of them is in it, or is left out with the reason."""

import gc
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from ci_factory.config import AgentConfig, Config
from ci_factory.model.batch import Arrangement, Batch, Limits, PlannedTicket
from ci_factory.model.ticket import Candidate
from ci_factory.planning.admission import admit
from ci_factory.planning.arrange import arrange
from ci_factory.planning.capacity import Capacity
from ci_factory.planning.expectations import Expectations
from ci_factory.planning.filling import Filling
from ci_factory.planning.lanes import lane_count, lanes_of
from ci_factory.planning.routing.protocol import Router
from ci_factory.planning.routing.round_robin import RoundRobin
from ci_factory.planning.scheduling.exact import Effort


def make_batch(  # noqa: PLR0913 - the batch's own facts; grouping them would only rename Batch
    candidates: Sequence[Candidate],
    *,
    agents: Sequence[AgentConfig],
    config: Config,
    batch_id: str,
    created_at: datetime,
    project: str,
    target_branch: str,
    base: str,
    limits: Limits,
    resolved: frozenset[str],
    in_flight: Mapping[str, tuple[str, ...]] | None = None,
    router: Router | None = None,
    expectations: Expectations | None = None,
    review_minutes: float | None = None,
    cores: int = 1,
) -> Batch:
    """Choose, order and place the tickets of one batch.

    `resolved` has the ids of tickets that are merged or closed, `in_flight` the ids of tickets with an open merge request
    by the factory and the files it touches. `router` chooses the agents, by turns when there is none. `expectations` says
    what tickets take and cost, `review_minutes` how long people can review (the lower of it and the configuration's
    counts), `cores` how many processor cores the exact solver may use. The same input gives the same batch; with the
    solver as far as its time was not short.

    Raises:
        UsageError: two candidates have the same id.
        ToolMissing: `planning.optimize_seconds` is set and the solver is not installed.
    """
    flying, lanes = in_flight or {}, lane_count(config.planning.pattern, limits.parallel)
    with _collector_paused():
        queue = admit(candidates, labels=config.labels, in_flight=flying.keys(), resolved=resolved)
        plan = Filling(
            config=config,
            lane_count=lanes,
            in_flight=flying,
            left_out=queue.left_out,
            router=router or RoundRobin(agents),
            now=created_at,
            lanes=lanes_of(agents, lanes),
            expectations=expectations or Expectations(),
            capacity=Capacity(
                limits.max_tickets,
                _least(config.batch.review_minutes, review_minutes),
                config.batch.cost_budget_usd,
            ),
        )
        plan.fill(queue)
        tickets, arrangement = _arranged(plan, config, cores)
    return Batch(
        id=batch_id,
        created_at=created_at,
        project=project,
        target_branch=target_branch,
        base=base,
        limits=limits,
        config_hash=config.hash,
        tickets=tickets,
        left_out=tuple(
            plan.left_out[each.ticket.id] for each in candidates if each.ticket.id in plan.left_out
        ),
        arrangement=arrangement,
    )


def _least(*bounds: float | None) -> float | None:
    return min((bound for bound in bounds if bound is not None), default=None)


def _arranged(plan: Filling, config: Config, cores: int) -> tuple[tuple[PlannedTicket, ...], Arrangement]:
    """The tickets with their final places, in the order of their starts."""
    seconds, window = config.planning.optimize_seconds, config.batch.window_minutes
    schedule, told = arrange(
        plan.lane_count,
        plan.activities,
        plan.generator.placed,
        math.inf if window is None else window,
        Effort(seconds, cores) if seconds is not None else None,
    )
    ordered = sorted(plan.activities, key=lambda activity: schedule[activity.id].start)
    places = {activity.id: place for place, activity in enumerate(ordered)}
    tickets = []
    for activity in ordered:
        mode, start, end = schedule[activity.id]
        planned = plan.placed[activity.id]
        update = {
            "order": places[activity.id],
            "lane": activity.modes[mode].name,
            "waits_for": tuple(sorted(planned.waits_for, key=places.__getitem__)),
            "start_minutes": round(start, 3),
            "end_minutes": round(end, 3),
        }
        tickets.append(planned.model_copy(update=update))
    return tuple(tickets), told


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Planning makes many small objects that stay and hardly any cycle.

    Walking over all of them, and over the caller's, again and again makes the growth with the queue steeper than linear.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()
