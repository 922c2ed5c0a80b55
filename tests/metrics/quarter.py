"""A made quarter: thirteen weeks of rows with a trouble of each kind that a lead should be told of. No chance in it."""

from datetime import UTC, datetime

from ci_factory.metrics.sample import COMPONENTS, Change, Check, Question, Sample, Shift, Task, Work

DAY, HOUR = 86400.0, 3600.0
BEGIN = datetime(2026, 8, 31, 18, 0, tzinfo=UTC).timestamp()
"""A Monday evening."""
NOW = datetime(2026, 11, 30, 6, 30, tzinfo=UTC)
"""The Monday after the quarter."""
NIGHTS, TICKETS = 65, 6
_SIZES = ("small", "small", "medium", "small", "large", "medium")
_SLOW = 25.0
"""Hours that a change waits for its first look in the last three weeks; before them it is 1.5."""


def quarter() -> Sample:
    """Every working night six tickets: heron is cheap, otter dear; lint stops every third change; reviewers get slow."""
    changes: list[Change] = []
    tasks: list[Task] = []
    work: list[Work] = []
    checks: list[Check] = []
    questions: list[Question] = []
    shifts: list[Shift] = []
    for night in range(NIGHTS):
        start = BEGIN + (night // 5 * 7 + night % 5) * DAY
        shifts.append(_shift(night, start))
        for place in range(TICKETS):
            number = night * TICKETS + place
            began = start + place // 2 * HOUR
            agent = ("heron", "otter")[(number + night) % 2]
            asked = number % 13 == 0
            work.append(_work(number, night, place, began, agent, asked=asked))
            tasks.append(_task(number, start, agent, asked=asked, size=_SIZES[place]))
            if asked:
                questions.append(_question(number, night, began, agent))
                continue
            checks += _checks(number, night, began, agent)
            changes.append(_change(number, night, start, agent, _SIZES[place]))
    return Sample(tuple(changes), tuple(tasks), tuple(work), tuple(checks), tuple(questions), tuple(shifts))


def _batch(night: int) -> str:
    return f"night-{night:02d}"


def _shift(night: int, start: float) -> Shift:
    return Shift(
        "warehouse", _batch(night), start - 600, start, start + 4 * HOUR, 2, TICKETS, 10, int(night % 9 == 0)
    )


def _work(number: int, night: int, place: int, began: float, agent: str, *, asked: bool) -> Work:
    cost = 0.4 + 0.05 * (number % 7) if agent == "heron" else 1.1 + 0.1 * (number % 5)
    return Work(
        project="warehouse", batch=_batch(night), ticket=f"T-{number:03d}", agent=agent, model=None, size=_SIZES[place],
        priority="medium", area="src", lane=place % 2, started=began, finished=began + 3000, settled=True,
        ending="escalated" if asked else "completed", trigger="architecture" if asked else None, reason="",
        worked=True, attempts=1, iterations=1 + number % 3, agent_seconds=2500, cost=cost, tokens=None,
        score=None if asked else _score(number), verdict=None if asked else "pass",
    )  # fmt: skip


def _score(number: int) -> float:
    return 84 + number % 13


def _task(number: int, start: float, agent: str, *, asked: bool, size: str) -> Task:
    first = None if asked else start + 2 * HOUR
    merged = None if asked or _closed(number) else _decided(number, start)
    closed = _decided(number, start) if not asked else None
    return Task(
        "warehouse",
        f"T-{number:03d}",
        "medium",
        size,
        "src",
        agent,
        None,
        None,
        start - 3 * HOUR,
        first,
        merged,
        closed,
    )


def _closed(number: int) -> bool:
    return number % 10 == 7


def _wait(start: float) -> float:
    return (_SLOW if start >= BEGIN + 70 * DAY else 1.5) * HOUR


def _decided(number: int, start: float) -> float:
    return start + 2 * HOUR + _wait(start) + (1 + number % 4) * HOUR


def _change(number: int, night: int, start: float, agent: str, size: str) -> Change:
    decided, large = _decided(number, start), size == "large"
    ready, looked = start + 2 * HOUR, start + 2 * HOUR + _wait(start)
    state = "opened" if decided > NOW.timestamp() else "closed" if _closed(number) else "merged"
    merged, reworked = state == "merged", number // 6 % (2 if large else 9) == 0
    return Change(
        project="warehouse", iid=number + 1, ticket=f"T-{number:03d}", batch=_batch(night), agent=agent, model=None, area="src",
        size=size, priority="medium", state=state, draft=False, triggered=start - 3 * HOUR, created=ready, ready=ready,
        reviewed=looked if state != "opened" else None, approved=decided if merged else None, merged=decided if merged else None,
        closed=decided if state == "closed" else None, reworked=reworked, reworked_lines=12 * reworked, added=60 + number % 40,
        removed=10, score=_score(number), verdict="pass", threshold=80, components=(_score(number),) + (None,) * (len(COMPONENTS) - 1),
        human_seconds=480.0 + 60 * (number % 9), human_recorded=False, observed_until=NOW.timestamp() if merged else None,
        reverted=None, defect=decided + 5 * DAY if merged and number % 60 == 5 else None, fix_ups=0, churned=None, churn_of=None,
        cost=0.5 if agent == "heron" else 1.3,
    )  # fmt: skip


def _checks(number: int, night: int, began: float, agent: str) -> list[Check]:
    lint = "fail" if number % 3 == 0 else "pass"
    said = f"{1 + number % 4} new findings of ruff in src/app.py" if lint == "fail" else "nothing new"
    rows = (
        ("lint", lint, 4.0, said),
        ("tests", "fail" if number % 25 == 1 else "pass", 90.0, "1 of 212 fails"),
    )
    return [
        Check(
            "warehouse",
            _batch(night),
            f"T-{number:03d}",
            gate,
            status,
            seconds,
            summary,
            began + 3000,
            agent,
            "src",
            1,
        )
        for gate, status, seconds, summary in rows
    ]


def _question(number: int, night: int, began: float, agent: str) -> Question:
    waiting = number >= NIGHTS * TICKETS - 40
    answered = None if waiting else began + 14 * HOUR
    return Question(
        "warehouse",
        _batch(night),
        f"T-{number:03d}",
        agent,
        "src",
        "architecture",
        "medium",
        began + 3000,
        answered,
        waiting,
    )
