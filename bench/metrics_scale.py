"""Dashboard, report and figures from a filled store: time, memory and size for 1,000, 10,000 and 100,000 merge requests.

    python bench/metrics_scale.py [--counts 1000 10000 100000] [--postgres]

Two years of three projects, eight agents and forty areas in 600 nights: each merge request with its ticket, its attempt, five
gates and what became of it; a tenth of the tickets asked people instead. The store is filled through its own door; then each
command runs in a process of its own. Bounds for 100,000: the page within 10 s and 1 GB, at most 1.5 MB.
"""

import argparse
import contextlib
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from figures import Figure, told

from ci_factory.metrics import storing
from ci_factory.metrics.facts import (
    AftermathFact,
    AttemptFact,
    BatchFact,
    EscalationFact,
    GateFact,
    History,
    MergeRequestFact,
    PlannedFact,
    TicketFact,
)
from ci_factory.model.attempt import Ending, Option, Trigger, Usage
from ci_factory.model.forge import MergeRequestState
from ci_factory.model.gate import Component, ComponentScore, GateStatus, Verdict
from ci_factory.model.ticket import Priority, Size

COUNTS = (1_000, 10_000, 100_000)
NIGHTS, PROJECTS, AGENTS, AREAS, LANES = 600, 3, 8, 40, 10
SECONDS, MEGABYTES, BYTES = 10.0, 1024, 1_500_000
"""The bounds of the page for the largest count."""
GATES = {
    "syntax": Component.SYNTAX,
    "tests": Component.TESTS,
    "types": Component.SYNTAX,
    "secrets": Component.SECURITY,
    "documentation": Component.DOCUMENTATION,
}
SIZES, PRIORITIES = list(Size), list(Priority)
LINES = {Size.TRIVIAL: 5, Size.SMALL: 30, Size.MEDIUM: 110, Size.LARGE: 300}
HEAD, THRESHOLD = "a" * 40, 80.0


def main() -> int:
    """Measure, print; the process's exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS)
    parser.add_argument(
        "--postgres", action="store_true", help="also fill a PostgreSQL server that is started for it"
    )
    given = parser.parse_args()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        root = Path(name)
        repository(root / "repo")
        kinds = {"sqlite": f"sqlite:///{root}/store-{{}}.sqlite3"}
        if given.postgres:
            kinds["postgres"] = stack.enter_context(postgres(root))
        for kind, url in kinds.items():
            before: dict[str, float] = {}
            found: list[Figure] = []
            for count in given.counts:
                found = measured(root, kind, url, count, before)
            figures += found
    return told(*figures)


def measured(root: Path, kind: str, pattern: str, count: int, before: dict[str, float]) -> list[Figure]:
    """Fill a store, run every command on it; the figures of its page, which are bounded for the largest count."""
    url = pattern.format(count)
    if kind == "postgres":
        made = f"createdb -h {root} -p 54329 -U bench bench{count}"
        subprocess.run(made.split(), check=True)
        url = pattern.replace("{}", f"bench{count}")
    started = time.monotonic()
    rows = fill(url, count)
    took = time.monotonic() - started
    disk = f", {Path(url.removeprefix('sqlite:///')).stat().st_size / 1e6:.0f} MB" if kind == "sqlite" else ""
    print(
        f"{kind}, {count:,} merge requests: {rows:,} records in {took:.1f} s ({1e6 * took / rows:.0f} µs each{disk})"
    )
    page = root / "page.html"
    figures: list[Figure] = []
    for what, argv in {
        "dashboard": ("dashboard", "--output", str(page)),
        "report --json": ("report", "--json"),
        "report --openmetrics": ("report", "--openmetrics"),
    }.items():
        done = run(root, *argv, "--store", url)
        size = page.stat().st_size if what == "dashboard" else done.printed
        growth = f", {done.wall / before[what]:.1f} times as long" if what in before else ""
        before[what] = done.wall
        print(
            f"  {what:<20} {done.wall:6.2f} s ({done.cpu:.2f} s of CPU), {done.kilobytes / 1024:5.0f} MB, {size:,} bytes{growth}"
        )
        if what == "dashboard":
            whose = f"dashboard of {count:,} merge requests"
            figures = [
                Figure(f"{whose}, {kind}", done.wall, SECONDS, "s"),
                Figure(f"{whose}, {kind}: memory", done.kilobytes / 1024, MEGABYTES, "MB"),
                Figure(f"{whose}, {kind}: page", size, BYTES, "bytes"),
            ]
    return figures


@dataclass(frozen=True)
class Ran:
    """What one command took."""

    wall: float
    cpu: float
    kilobytes: int
    printed: int


def run(root: Path, *argv: str) -> Ran:
    """A command in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "ci_factory",
        *argv,
        "--repo",
        str(root / "repo"),
        "--out",
        str(root / "out"),
    ]
    with (root / "printed").open("wb") as printed:
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=printed)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(argv)} ended with {process.returncode}")
    return Ran(wall, used.ru_utime + used.ru_stime, used.ru_maxrss, (root / "printed").stat().st_size)


def repository(folder: Path) -> None:
    """A repository without a forge."""
    folder.mkdir()
    who = ("-c", "user.name=bench", "-c", "user.email=bench@example.org")
    for argv in (["init", "--quiet"], [*who, "commit", "--quiet", "--allow-empty", "-m", "first"]):
        subprocess.run(["git", *argv], cwd=folder, check=True)


@contextlib.contextmanager
def postgres(root: Path) -> Iterator[str]:
    """A server of its own; the URL of its databases with `{}` for the name."""
    data, user = root / "postgres", tuple[str, ...]()
    if os.geteuid() == 0:
        user = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
        root.chmod(0o777)

    def do(*argv: str) -> None:
        subprocess.run([*user, *argv], stdout=subprocess.DEVNULL, check=True)

    do("initdb", "-U", "bench", "-D", str(data), "-A", "trust")
    options = f"-k {root} -p 54329 -c listen_addresses= -c fsync=off"
    do("pg_ctl", "-D", str(data), "-w", "-l", str(data / "log"), "-o", options, "start")
    try:
        yield f"postgresql:///{{}}?host={root}&port=54329&user=bench"
    finally:
        do("pg_ctl", "-D", str(data), "-m", "immediate", "stop")


def fill(url: str, count: int) -> int:
    """Write the two years of all projects into a store, night by night; records that were added."""
    rng = random.Random(count)  # noqa: S311 - a made history
    now = datetime.now(UTC).replace(microsecond=0)
    added = 0
    with storing.opened(url) as store:
        for project in range(PROJECTS):
            own = count // PROJECTS + (project < count % PROJECTS)
            made = Nights(rng, now, f"group/project-{project}")
            for first in range(0, NIGHTS, 20):
                history = made.histories(first, min(first + 20, NIGHTS), own)
                added += store.save(history, made.project).added
        store.keep_rows()  # as `collect` does
    return added


class Nights:
    """Makes the nights of one project."""

    def __init__(self, rng: random.Random, now: datetime, project: str) -> None:
        self.rng, self.now, self.project = rng, now, project
        self.iid = self.ticket = 0

    def _likely(self, chance: float) -> bool:
        return self.rng.random() < chance

    def histories(self, first: int, last: int, of: int) -> History:
        """The facts of some nights; `of` merge requests are spread over all."""
        kinds: dict[str, list[object]] = {
            "tickets": [], "merge_requests": [], "batches": [], "attempts": [], "gates": [], "escalations": [], "aftermath": [],
        }  # fmt: skip
        for night in range(first, last):
            self._night(kinds, night, of * (night + 1) // NIGHTS - of * night // NIGHTS)
        return History.model_construct(**{kind: tuple(facts) for kind, facts in kinds.items()})  # type: ignore[arg-type]

    def _night(self, kinds: dict[str, list[object]], night: int, published: int) -> None:
        start = self.now - timedelta(days=730 * (NIGHTS - night) / NIGHTS)
        batch = start.strftime("%Y%m%d-%H%M%S")
        planned = tuple(
            self._ticket(kinds, batch, start, order, asks=order >= published)
            for order in range(published + self._likely(published * 0.1))
        )
        kinds["batches"].append(
            BatchFact(
                id=batch,
                project=self.project,
                target_branch="main",
                created_at=start - timedelta(minutes=5),
                started_at=start,
                ended_at=start + timedelta(hours=8),
                lanes=LANES,
                planned=planned,
            )
        )

    def _ticket(
        self, kinds: dict[str, list[object]], batch: str, start: datetime, order: int, *, asks: bool
    ) -> PlannedFact:
        rng = self.rng
        self.ticket += 1
        name, agent = str(self.ticket), f"agent-{rng.randrange(AGENTS)}"
        size, priority = rng.choice(SIZES), rng.choice(PRIORITIES)
        begun = start + timedelta(minutes=rng.uniform(0, 420))
        ended = begun + timedelta(minutes=rng.uniform(3, 60))
        ending = Ending.ESCALATED if asks else Ending.COMPLETED
        usage = Usage(
            input_tokens=rng.randrange(10**6),
            output_tokens=rng.randrange(10**5),
            cost_usd=rng.uniform(0.05, 4),
        )
        kinds["attempts"].append(
            AttemptFact(
                batch=batch,
                ticket=name,
                agent=agent,
                model=f"model-{agent}",
                lane=order % LANES,
                started_at=begun,
                finished_at=ended,
                ending=ending,
                reason="Done.",
                attempts=1,
                iterations=rng.randint(1, 4),
                agent_seconds=rng.uniform(100, 3000),
                usage=usage,
                size=size,
                priority=priority,
                trigger=Trigger.DATA if asks else None,
            )
        )
        if asks:
            kinds["escalations"].append(self._question(batch, name, agent, ended))
        created = None if asks else ended
        kinds["tickets"].append(
            TicketFact(
                id=name,
                title=f"Ticket {name} of {self.project}",
                priority=priority,
                size=size,
                area=(f"src/area-{rng.randrange(AREAS):02d}",),
                agent=agent,
                state="escalated" if asks else "review",
                opened=asks,
                ready_at=start - timedelta(hours=rng.uniform(1, 40)),
                first_mr_at=created,
                batch=batch,
                ending=ending,
            )
        )
        if created:
            self._change(kinds, batch, name, agent, size, created)
        return PlannedFact(
            ticket=name,
            title=f"Ticket {name}",
            priority=priority,
            size=size,
            agent=agent,
            lane=order % LANES,
            order=order,
        )

    def _question(self, batch: str, ticket: str, agent: str, at: datetime) -> EscalationFact:
        answered = self._likely(0.9)
        return EscalationFact(
            batch=batch,
            ticket=ticket,
            agent=agent,
            trigger=Trigger.DATA,
            summary="How long is it kept?",
            options=(Option(title="A month"), Option(title="A year")),
            priority=Priority.MEDIUM,
            raised_at=at,
            waiting=not answered,
            answered_at=at + timedelta(hours=self.rng.expovariate(1 / 9)) if answered else None,
        )

    def _change(
        self,
        kinds: dict[str, list[object]],
        batch: str,
        ticket: str,
        agent: str,
        size: Size,
        created: datetime,
    ) -> None:
        rng = self.rng
        self.iid += 1
        score = min(100.0, max(30.0, rng.gauss(88, 8)))
        until, good = created + timedelta(hours=rng.expovariate(1 / 40)), self._likely(0.8)
        merged, closed = good and until < self.now, not good and until < self.now
        state = (
            MergeRequestState.MERGED
            if merged
            else MergeRequestState.CLOSED
            if closed
            else MergeRequestState.OPENED
        )
        looked = created + (until - created) * rng.uniform(0.1, 0.8) if merged or closed else None
        reworked = looked is not None and self._likely(0.25)
        statuses = {gate: GateStatus.PASS if self._likely(0.93) else GateStatus.FAIL for gate in GATES}
        passes = score >= THRESHOLD and set(statuses.values()) == {GateStatus.PASS}
        parts = {part: ComponentScore(score=min(100.0, score + rng.uniform(-9, 9)), weight=0.25, status=GateStatus.PASS)
                 for part in dict.fromkeys(GATES.values())}  # fmt: skip
        lines = rng.randint(1, 2 * LINES[size])
        kinds["merge_requests"].append(
            MergeRequestFact(
                iid=self.iid,
                ticket=ticket,
                title=f"feat: ticket {ticket}",
                branch=f"factory/{ticket}-change",
                target="main",
                draft=False,
                state=state,
                created_at=created,
                ready_at=created,
                approved_at=until if merged else None,
                approver="ada" if merged else None,
                merged_at=until if merged else None,
                closed_at=until if closed else None,
                reviewed_at=looked,
                versions=2 if reworked else 1,
                reworked=reworked,
                reworked_lines=rng.randint(1, 20) if reworked else 0,
                batch=batch,
                agent=agent,
                model=f"model-{agent}",
                head=HEAD,
                score=round(score, 1),
                verdict=Verdict.PASS if passes else Verdict.FAIL,
                threshold=THRESHOLD,
                components=parts,
                size=size,
                added=lines,
                removed=rng.randrange(lines),
                files=3,
                human_seconds=rng.uniform(60, 3000) if looked else None,
                human_recorded=self._likely(0.3),
            )
        )
        for gate, status in statuses.items():
            said = (
                "nothing new"
                if status is GateStatus.PASS
                else f"{rng.randint(1, 5)} of {rng.randint(6, 400)} {gate} checks fail"
            )
            kinds["gates"].append(
                GateFact(
                    batch=batch,
                    ticket=ticket,
                    gate=gate,
                    component=GATES[gate],
                    status=status,
                    seconds=rng.uniform(1, 90),
                    summary=said,
                )
            )
        if merged:
            kinds["aftermath"].append(self._aftermath(until, lines))

    def _aftermath(self, merged: datetime, lines: int) -> AftermathFact:
        rng = self.rng
        later = merged + timedelta(days=rng.expovariate(1 / 8))
        reverted = self._likely(0.04) and later < self.now
        old = self.now - merged > timedelta(days=21)
        return AftermathFact(
            iid=self.iid,
            observed_until=self.now,
            reverted_at=later if reverted else None,
            reverted_by="b" * 40 if reverted else None,
            first_defect_at=later if reverted else None,
            churned=rng.randrange(lines + 1) if old else None,
            churn_of=lines if old else None,
        )


if __name__ == "__main__":
    sys.exit(main())
