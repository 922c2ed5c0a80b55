"""Rows of a made year, as many as wanted: several projects, agents, areas, with everything that a page can show."""

from datetime import datetime, timedelta
from random import Random

from ci_factory.metrics.sample import Change, Check, Question, Sample, Shift, Task, Work

DAY = 86400.0
AGENTS = ("otter", "heron", "lynx")
AREAS = tuple(f"src/part{number}" for number in range(12))
GATES = {"syntax": 0.98, "tests": 0.85, "security": 0.93, "review": 0.8}
REASONS = (
    "1 of 212 fails: test_import",
    "mypy: 3 new errors",
    "1 new secret in src/mail.py",
    "coverage fell below 80 %",
)


def rows(count: int, now: datetime, *, projects: int = 1, days: int = 364, seed: int = 7) -> Sample:
    """A sample with that many merge requests, evenly over so many days before `now`."""
    random, step = Random(seed), days * DAY / max(1, count)  # noqa: S311 - made data
    start = (now - timedelta(days=days)).timestamp()
    made = [
        _one(number, start + number * step, now.timestamp(), f"project{number % projects}", random)
        for number in range(count)
    ]
    return Sample(
        tuple(change for change, *_ in made),
        tuple(task for _, task, *_ in made),
        tuple(work for _, _, work, *_ in made),
        tuple(check for *_, checks, _ in made for check in checks),
        tuple(asked for *_, questions in made for asked in questions),
        tuple(_shift(number, start, now.timestamp(), random) for number in range(days if count else 0)),
    )


def _one(
    number: int, at: float, now: float, project: str, random: Random
) -> tuple[Change, Task, Work, list[Check], list[Question]]:
    agent, area = random.choices(AGENTS, (6, 3, 1))[0], random.choices(AREAS, range(12, 0, -1))[0]
    size, priority = (
        random.choice(("trivial", "small", "medium", "large")),
        random.choice(("low", "medium", "high")),
    )
    good, reworked = random.random() < 0.86, random.random() < 0.25
    ticket, batch = f"T-{number:06d}", f"b-{int(at // DAY)}"
    score = min(100.0, max(0.0, random.gauss(88 if good else 70, 8)))
    cost = None if random.random() < 0.01 else round(random.lognormvariate(-1, 0.7), 4)
    decided = at + random.lognormvariate(10.2, 1.0)
    decided_known = decided if decided < now else None
    worked = 600 + 3000 * random.random()
    change = Change(
        project=project, iid=number + 1, ticket=ticket, batch=batch, agent=agent, model=f"{agent}-1", area=area,
        size=size, priority=priority,
        state="opened" if decided_known is None else "merged" if good else "closed",
        draft=False, triggered=at - 7200, created=at, ready=at + 60,
        reviewed=decided_known and decided_known - 1800, approved=decided_known if good else None,
        merged=decided_known if good else None, closed=None if good else decided_known,
        reworked=reworked, reworked_lines=12 if reworked else 0, added=60 + number % 50, removed=10, score=score,
        verdict="pass" if score >= 80 else "fail", threshold=80.0,
        components=tuple(min(100.0, max(0.0, random.gauss(score, 5))) for _ in range(6)),
        human_seconds=300 + 900 * random.random(), human_recorded=number % 3 == 0,
        observed_until=now if decided_known and good else None,
        reverted=decided + 5 * DAY if good and decided + 5 * DAY < now and random.random() < 0.03 else None,
        defect=decided + 5 * DAY if good and decided + 5 * DAY < now and random.random() < 0.04 else None,
        fix_ups=0, churned=5, churn_of=60, cost=cost,
    )  # fmt: skip
    task = Task(
        project=project, id=ticket, priority=priority, size=size, area=area, agent=agent, model=f"{agent}-1",
        state="merged", triggered=at - 7200, first_mr=at, merged=change.merged, closed=decided_known,
    )  # fmt: skip
    asks = random.random() < 0.08
    work = Work(
        project=project, batch=batch, ticket=ticket, agent=agent, model=f"{agent}-1", size=size, priority=priority,
        area=area, lane=number % 3, started=at - worked, finished=at, ending="escalated" if asks else "completed",
        trigger="security" if asks else None, reason="", worked=True, settled=True, attempts=1,
        iterations=random.choice((1, 1, 2, 3)), agent_seconds=worked, cost=cost, tokens=5000, score=score,
        verdict=change.verdict,
    )  # fmt: skip
    return change, task, work, _checks(work, random), [_asked(work, random)] if asks else []


def _checks(work: Work, random: Random) -> list[Check]:
    found = []
    for gate, chance in GATES.items():
        status = "pass" if random.random() < chance else "fail"
        summary = "nothing new" if status == "pass" else random.choice(REASONS)
        found.append(
            Check(
                project=work.project,
                batch=work.batch,
                ticket=work.ticket,
                gate=gate,
                status=status,
                seconds=5 * random.random(),
                summary=summary,
                at=work.finished,
                agent=work.agent,
                area=work.area,
                iterations=work.iterations,
            )
        )
    return found


def _asked(work: Work, random: Random) -> Question:
    return Question(
        project=work.project, batch=work.batch, ticket=work.ticket, agent=work.agent, area=work.area,
        trigger="security", priority=work.priority, raised=work.finished,
        answered=work.finished + random.lognormvariate(9, 1), waiting=False,
    )  # fmt: skip


def _shift(number: int, start: float, now: float, random: Random) -> Shift:
    at = start + number * DAY
    return Shift(
        project="project0", batch=f"b-{int(at // DAY)}", created=at, started=at + 60, ended=min(now, at + 6 * 3600),
        lanes=3, planned=12, pairs=66, conflicting=random.choice((0, 0, 1, 4)),
    )  # fmt: skip
