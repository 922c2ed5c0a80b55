"""The figures of docs/scale.md: 10, 1,000 and 100,000 tickets a night over many projects of 40.

Lanes and reviewers are what the tickets need at 80 % of their time; then three nights are simulated with them (the plan is
`policies.Light`, see bench/simulation.py; 5 % of the pairs of a project conflict). Store and plan are measured here, requests
are those that bench/publishing.py counts. Limits are GitLab.com's; on other servers an administrator sets them.
"""

import math
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from planning import candidates, plan, teams

from ci_factory.metrics import storing
from ci_factory.metrics.facts import AttemptFact, GateFact, History, MergeRequestFact, TicketFact
from ci_factory.model.attempt import Ending
from ci_factory.model.forge import MergeRequestState
from ci_factory.model.gate import GateStatus
from ci_factory.model.review_settings import WEEKDAYS
from ci_factory.model.ticket import Priority, Size
from ci_factory.planning.pipeline import child_pipelines
from ci_factory.planning.pipeline_settings import PipelineSettings
from ci_factory.planning.simulation.assumptions import Assumptions
from ci_factory.planning.simulation.chance import mean_minutes
from ci_factory.planning.simulation.hours import Day
from ci_factory.planning.simulation.policies import Light
from ci_factory.planning.simulation.queue import made_up
from ci_factory.planning.simulation.replay import Equipment, replay
from ci_factory.planning.simulation.scenario import Span

START = datetime(2026, 1, 5, 18, tzinfo=UTC)
COUNTS, NIGHTS, PER_PROJECT = (10, 1_000, 100_000), 3, 40
ASSUMED = Assumptions(pair_conflict=0.05)
WINDOW, REVIEW_DAY, BUSY = 720.0, 180.0, 0.8
"""Minutes of a night, of a reviewer a day; share of their time that is planned."""
READS, WRITES, PUSHES, NOTES = 11.2, 5.0, 1, 2
"""Requests that publishing a ticket takes (bench/publishing.py, 100 tickets), pushes, and new notes among the writes."""
API_A_MINUTE, NOTES_A_MINUTE, PIPELINES_A_MINUTE = 2_000, 60, 25
"""Of GitLab.com: requests and new notes of a user, pipelines of a project, commit and user."""
ARTIFACT_KB = 40
"""Of a ticket's folder without its bundle and the agent's transcript, as a night with a trivial change leaves it."""
STORED = 500
"""Tickets whose facts are stored to measure one."""


def calls(of: Assumptions) -> float:
    """Agent calls of a ticket, mean."""
    return sum(
        each.share * sum(each.failure**n for n in range(of.retries + 1)) for each in of.classes.values()
    )


def minutes(of: Assumptions) -> float:
    """Minutes of a ticket on its lane, mean."""
    call = sum(each.share * mean_minutes(each, of.minutes_cap) for each in of.classes.values())
    return calls(of) * (call + of.overhead_minutes) + (calls(of) - 1) * of.retry_delay_minutes


def equipment(count: int) -> Equipment:
    """Lanes and reviewers that the tickets need."""
    reading = sum(each.share * each.review_minutes for each in ASSUMED.classes.values())
    return Equipment(
        agents=max(1, math.ceil(count / 500)),
        lanes=math.ceil(count * minutes(ASSUMED) / (WINDOW * BUSY)),
        reviewers=math.ceil(count * reading / (REVIEW_DAY * BUSY)),
    )


def simulated(count: int) -> Iterator[tuple[str, str]]:
    """What the nights bring."""
    have, projects = equipment(count), max(1, count // PER_PROJECT)
    queue = made_up(ASSUMED, seed=1, per_night=count, nights=NIGHTS, projects=projects)
    span = Span(Day(days=WEEKDAYS), START, NIGHTS)
    calendar = span.calendar
    start = time.process_time()
    world = replay(
        queue,
        Light(have.agents, 10 * count),
        calendar=calendar,
        equipment=have,
        assumptions=ASSUMED,
        seed=1,
    )
    took = time.process_time() - start
    night = world.nights[-1]
    tokens = night.tokens / WINDOW
    yield "projects of 40", f"{projects:,}"
    yield "lanes, at 80 %", f"{have.lanes:,}"
    yield "reviewers with 3 h, at 80 %", f"{have.reviewers:,}"
    yield "ready by 09:00, third night", f"{night.ready:,}"
    yield "merged the day after", f"{night.merged:,}"
    yield "conflicting pairs", f"{night.conflicts:,}"
    yield "agent calls", f"{night.calls:,}"
    yield "tokens a minute", f"{tokens / 1e6:,.1f} million"
    yield "spend", f"{night.usd or 0:,.0f} USD"
    yield "hours of review", f"{night.reviewed / 60:,.0f}"
    yield "simulated in", f"{took:.1f} s of a processor"


def requests(count: int) -> Iterator[tuple[str, str]]:
    """What GitLab is asked, and how long its limits make one user wait for it."""
    api = count * (READS + WRITES)
    yield "API requests of publishing", f"{api:,.0f}"
    yield "of one user at 2,000 a minute", span_of(api / API_A_MINUTE)
    yield "new notes of one user at 60 a minute", span_of(count * NOTES / NOTES_A_MINUTE)
    yield "pushes", f"{count * PUSHES:,}"


def span_of(length: float) -> str:
    """Minutes in words."""
    return f"{length:,.1f} min" if length < 120 else f"{length / 60:,.1f} h"  # noqa: PLR2004 - two hours


def pipelines(count: int) -> Iterator[tuple[str, str]]:
    """Pipelines and jobs, over projects of 40 and in one project."""
    projects, children = max(1, count // PER_PROJECT), math.ceil(count / 200)
    jobs = 2 * count + 5 * projects
    yield "pipelines, in projects of 40", f"{2 * projects:,}"
    yield "jobs", f"{jobs:,}"
    yield "children, were it one project", f"{children:,}"
    yield "artifacts a night", size_of(count * ARTIFACT_KB * 1024)


def stored() -> float:
    """Bytes of a ticket in the store, with its attempt, merge request and nine gates."""
    at = START
    history = History(
        tickets=tuple(TicketFact(id=f"t{n}", title="A title of usual length", priority=Priority.LOW) for n in range(STORED)),
        attempts=tuple(
            AttemptFact(
                batch="20260105-180000", ticket=f"t{n}", agent="ada", lane=0, started_at=at, finished_at=at + timedelta(minutes=9),
                ending=Ending.COMPLETED, reason="", attempts=1, iterations=2, agent_seconds=500, size=Size.SMALL,
            )
            for n in range(STORED)
        ),
        merge_requests=tuple(
            MergeRequestFact(
                iid=n + 1, ticket=f"t{n}", title="A title of usual length", branch=f"factory/t{n}-a-title", target="main",
                draft=False, versions=1, head="0" * 40, state=MergeRequestState.OPENED, created_at=at,
            )
            for n in range(STORED)
        ),
        gates=tuple(
            GateFact(batch="20260105-180000", ticket=f"t{n}", gate=f"gate-{g}", component="syntax", status=GateStatus.PASS, seconds=1.0)
            for n in range(STORED)
            for g in range(9)
        ),
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        with storing.opened(f"sqlite:///{path}") as store:
            store.save(history, "shop")
        return path.stat().st_size / STORED


def kept(count: int, each: float) -> Iterator[tuple[str, str]]:
    """The metrics store."""
    yield "metrics store, a night", size_of(count * each)
    yield "metrics store, a year of 250 nights", size_of(count * each * 250)


def size_of(size: float) -> str:
    """Bytes in words."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:  # noqa: PLR2004 - the step between units
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def one_project() -> Iterator[str]:
    """What one project bears: measured on batches of up to 10,000 tickets, the most that a batch takes."""
    for count in (10, 1_000, 10_000):
        queue = candidates(teams, max(count, 50))[:count]
        start = time.process_time()
        batch = plan(queue)
        planned = time.process_time() - start
        start = time.process_time()
        written = child_pipelines(batch, PipelineSettings(server="18.6"))
        wrote = time.process_time() - start
        largest = max(len(text.encode()) for text in written.texts.values())
        yield (
            f"one project with {count:,} tickets: planned in {planned:.2f} s, {len(written.texts) - 1:,} child pipelines "
            f"written in {wrote:.2f} s, the largest file {size_of(largest)}, batch.json {size_of(len(batch.model_dump_json()))}"
        )


def main() -> int:
    """Print the tables of docs/scale.md."""
    each = stored()
    print(
        f"a ticket: {calls(ASSUMED):.2f} agent calls, {minutes(ASSUMED):.1f} minutes of a lane, {size_of(each)} in the store\n"
    )
    columns = [
        [row for rows in (simulated(n), pipelines(n), requests(n), kept(n, each)) for row in rows]
        for n in COUNTS
    ]
    print(
        "| tickets a night | "
        + " | ".join(f"{count:,}" for count in COUNTS)
        + " |\n|---|"
        + "---:|" * len(COUNTS)
    )
    for rows in zip(*columns, strict=True):
        print(f"| {rows[0][0]} | " + " | ".join(value for _, value in rows) + " |")
    print()
    for line in one_project():
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
