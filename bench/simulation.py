"""Simulating 1,000 to 1,000,000 tickets: at most 60 s of a processor and 1 GB for the last, growth near to linear.

In: everything of `ci-factory simulate` (agent calls with retries and a rate limit, lanes, reviewers in their working
hours, conflicts, rebases, redone tickets, tardiness). Out: the plan is `policies.Light`, a stand-in of microseconds a
ticket (priority, then age; stacks by foreseen file; no reasons, capabilities or capacity), as the real plan of a ticket
costs about a third of a millisecond: 1,000,000 tickets in batches of 1,000 would be five minutes of planning.
"""

import resource
import sys
import time
from datetime import UTC, datetime
from itertools import pairwise

from figures import Figure, told

from ci_factory.planning.simulation.assumptions import Assumptions
from ci_factory.planning.simulation.hours import Day
from ci_factory.planning.simulation.policies import Light
from ci_factory.planning.simulation.queue import made_up
from ci_factory.planning.simulation.replay import Equipment, horizon, replay
from ci_factory.planning.simulation.scenario import Span
from ci_factory.planning.simulation.summary import tardiness

START = datetime(2026, 1, 5, 18, tzinfo=UTC)
PER_NIGHT, PROJECTS = 1_000, 100
"""Ten tickets a night of each project; those of different projects share no file."""
PAIR_CONFLICT = 0.05
"""The target of docs/metrics.md; with more, tickets are redone faster than people can merge, and the queue grows."""
EQUIPMENT = Equipment(agents=20, lanes=80, reviewers=90, tokens_per_minute=20_000_000)
COUNTS = (1_000, 10_000, 100_000, 1_000_000)
LIMIT_SECONDS, LIMIT_MEGABYTES, LIMIT_GROWTH = 60.0, 1_000.0, 15.0


def simulate(count: int) -> tuple[float, float]:
    """Wall and processor seconds of making the queue, the nights and the figures."""
    wall, processor = time.perf_counter(), time.process_time()
    assumptions, nights = Assumptions(pair_conflict=PAIR_CONFLICT), count // PER_NIGHT
    queue = made_up(assumptions, seed=1, per_night=PER_NIGHT, nights=nights, projects=PROJECTS)
    calendar = Span(Day(days=("mon", "tue", "wed", "thu", "fri", "sat", "sun")), START, nights).calendar
    policy = Light(EQUIPMENT.agents, 10 * PER_NIGHT)
    world = replay(queue, policy, calendar=calendar, equipment=EQUIPMENT, assumptions=assumptions, seed=1)
    late = tardiness(world, horizon(calendar))
    states = world.counts()
    assert sum(states.values()) == count
    took = time.perf_counter() - wall, time.process_time() - processor
    calls, redone = (sum(getattr(night, name) for night in world.nights) for name in ("calls", "redone"))
    said = ", ".join(f"{number} {status.name.lower()}" for status, number in states.items() if number)
    print(
        f"{count:>9,} tickets, {nights} nights: {took[0]:.2f} s ({took[1]:.2f} s of a processor), "
        f"{took[1] / count * 1e6:.0f} µs a ticket; {calls:,} agent calls, {redone:,} redone; {said}; "
        f"{late / count:.1f} weighted hours late a ticket",
        flush=True,
    )
    return took


def main(counts: tuple[int, ...] = COUNTS) -> int:
    """Print the figures; 1 when one is missed."""
    took = {count: simulate(count) for count in counts}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    growth = [took[more][1] / took[less][1] for less, more in pairwise(counts)]
    print("growth, each step ten times the tickets:", ", ".join(f"{each:.1f}x" for each in growth))
    most = f"{counts[-1]:,}"
    return told(
        Figure(f"simulating {most} tickets, processor time", took[counts[-1]][1], LIMIT_SECONDS, "s"),
        Figure(f"simulating {most} tickets, peak memory", peak, LIMIT_MEGABYTES, "MB"),
        Figure("simulation: largest growth for ten times the tickets", max(growth), LIMIT_GROWTH),
    )


if __name__ == "__main__":
    sys.exit(main())
