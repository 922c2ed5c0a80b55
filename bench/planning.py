"""Planning 10,000 tickets with dependencies and overlapping files: at most 3 s and 300 MB, and 12x the time of a tenth.

Growth is printed for 1,000, 10,000 and 100,000; memory counts up to 10,000.

Three queues: `teams`, where overlaps and dependencies stay within small groups and every ticket is planned; `tangle`, where
they go anywhere and many must be deferred; `hot file`, where all touch one file and become a single stack.

Run: python bench/planning.py
"""

import random
import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from figures import Figure, told

from ci_factory.config import AgentConfig, Config
from ci_factory.model.batch import Batch, Limits
from ci_factory.model.ticket import (
    Candidate,
    Estimate,
    Priority,
    Readiness,
    Risk,
    RiskLevel,
    Size,
    Ticket,
)
from ci_factory.planning.plan import make_batch

NOW = datetime(2026, 1, 5, 17, tzinfo=UTC)
SMALL, LARGE, HUGE = 1_000, 10_000, 100_000
LIMIT_SECONDS, LIMIT_MEGABYTES, LIMIT_GROWTH = 3.0, 300.0, 12.0
REPEATS = 3
TEAM = 5
FOLDER_SHARE, PATTERN_SHARE = 0.02, 0.04
"""Of the tangled tickets, how many name a folder, and up to where some name a pattern."""

Files = Callable[[int, int, random.Random], tuple[list[str], list[int]]]
"""(number of the ticket, of how many, chance) -> its files and the numbers of its dependencies."""


def teams(number: int, count: int, chance: random.Random) -> tuple[list[str], list[int]]:
    """Five tickets each share a module; every second one also depends on the one before."""
    team, member = divmod(number, TEAM)
    folder = f"src/package{team % (count // 50)}/team{team}"
    own = [f"{folder}/module{member}.py", f"{folder}/{chance.choice(['*.md', 'notes.md'])}"]
    return [f"{folder}/shared.py", *own], [number - 1] if member % 2 else []


def tangle(number: int, count: int, chance: random.Random) -> tuple[list[str], list[int]]:
    """Two modules anywhere, in folders of fifty, now and then a folder or a pattern, a third with a dependency anywhere."""
    files = [
        f"src/package{module % (count // 50)}/module{module}.py" for module in chance.sample(range(count), 2)
    ]
    kind = chance.random()
    if kind < FOLDER_SHARE:
        files.append(f"src/package{chance.randrange(count // 50)}/**")
    elif kind < PATTERN_SHARE:
        files.append(f"src/package{chance.randrange(count // 50)}/*7.py")
    return files, [chance.randrange(number)] if number and not number % 3 else []


def hot_file(number: int, count: int, chance: random.Random) -> tuple[list[str], list[int]]:
    """Every ticket adds to one registry; a changelog would not count as an overlap."""
    del count, chance
    return ["src/registry.py", f"src/module{number}.py"], []


def candidates(files_of: Files, count: int) -> list[Candidate]:
    """A queue of ready tickets."""
    chance = random.Random(count)  # noqa: S311 - a fixed, not a secret, sequence
    return [_candidate(number, *files_of(number, count, chance), chance) for number in range(count)]


def _candidate(number: int, files: list[str], depends_on: list[int], chance: random.Random) -> Candidate:
    ticket = Ticket(
        id=f"t{number}",
        title=f"Ticket {number}",
        priority=chance.choice(list(Priority)),
        depends_on=tuple(f"t{each}" for each in depends_on),
        created_at=NOW - timedelta(hours=chance.randrange(200)),
        acceptance_criteria=("the result can be checked",),
    )
    return Candidate(
        ticket=ticket,
        readiness=Readiness(ready=True),
        estimate=Estimate(complexity=chance.choice(list(Size)), files=tuple(files)),
        risk=Risk(level=RiskLevel.LOW),
    )


def plan(queue: list[Candidate]) -> Batch:
    """One batch of the whole queue."""
    return make_batch(
        queue,
        agents=(AgentConfig(name="one", adapter="command"), AgentConfig(name="two", adapter="command")),
        config=Config(),
        batch_id="bench",
        created_at=NOW,
        project="bench",
        target_branch="main",
        base="0" * 40,
        limits=Limits(max_tickets=LARGE, parallel=20).model_copy(update={"max_tickets": HUGE}),
        resolved=frozenset(),
    )


def seconds(queue: list[Candidate]) -> tuple[float, Batch]:
    """Processor seconds of one plan, and the plan."""
    start = time.process_time()
    batch = plan(queue)
    return time.process_time() - start, batch


def measure(queue: list[Candidate], name: str, repeats: int) -> tuple[float, float]:
    """Processor seconds of a first run as it comes, and of the best of some."""
    first, batch = seconds(queue)
    assert len(batch.tickets) + len(batch.left_out) == len(queue)
    best = min([first, *(seconds(queue)[0] for _ in range(repeats))])
    stacked = sum(ticket.stacked_on is not None for ticket in batch.tickets)
    print(
        f"{name:<9} {len(queue):>7} tickets: {first:.3f} s (best {best:.3f} s), {len(batch.tickets)} planned "
        f"({stacked} stacked), {len(batch.left_out)} left out with a reason",
        flush=True,
    )
    return first, best


def main() -> int:
    """Print the figures; 1 when one is missed."""
    kinds = (teams, tangle, hot_file)
    slowest, best = 0.0, dict.fromkeys((SMALL, LARGE, HUGE), 0.0)
    for count, repeats in ((SMALL, REPEATS), (LARGE, REPEATS), (HUGE, 0)):
        for files_of in kinds:
            first, quickest = measure(candidates(files_of, count), files_of.__name__, repeats)
            slowest = max(slowest, first) if count == LARGE else slowest
            best[count] += quickest
        if count == LARGE:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return told(
        Figure("planning 10,000 tickets, slowest queue", slowest, LIMIT_SECONDS, "s"),
        Figure("planning 10,000 tickets, peak memory", peak, LIMIT_MEGABYTES, "MB"),
        Figure("planning 10,000 tickets / 1,000", best[LARGE] / best[SMALL], LIMIT_GROWTH),
        Figure("planning 100,000 tickets / 10,000", best[HUGE] / best[LARGE], LIMIT_GROWTH),
    )


if __name__ == "__main__":
    sys.exit(main())
