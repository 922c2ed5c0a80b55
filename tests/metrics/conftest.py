"""A made night: a dozen tickets that together show every ending, and one of any size."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ci_factory.metrics.facts import (
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
from ci_factory.model.batch import LeftOut
from ci_factory.model.forge import MergeRequestState
from ci_factory.model.gate import Component, GateStatus, Verdict
from ci_factory.model.review import ReviewItem, ReviewQueue, ReviewTier
from ci_factory.model.ticket import Priority, RiskLevel, Size

EVENING = datetime(2026, 11, 19, 18, 0, tzinfo=UTC)
MORNING = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
HEAD = "a" * 40
GATES = {
    "syntax": Component.SYNTAX,
    "types": Component.SYNTAX,
    "tests": Component.TESTS,
    "security": Component.SECURITY,
    "secrets": Component.SECURITY,
    "documentation": Component.DOCUMENTATION,
}


@dataclass(frozen=True)
class Row:
    """One ticket of a made night."""

    ticket: str
    title: str
    ending: Ending
    reason: str
    lane: int
    start: float
    """Minutes after the evening's start."""
    minutes: float
    score: float | None = None
    verdict: Verdict | None = None
    failing: tuple[str, GateStatus, str] | None = None
    size: Size = Size.SMALL
    priority: Priority = Priority.MEDIUM
    iterations: int = 1
    cost: float | None = 0.2
    state: str = "review"
    stacked_on: str | None = None
    accidents: tuple[str, ...] = ()


NIGHT = (
    Row("T-01", "Correct the spelling in the module docstring", Ending.COMPLETED, "Done: all gates pass.", 0, 0, 9,
        98, Verdict.PASS, size=Size.TRIVIAL, cost=0.04),
    Row("T-02", "Parse ISO dates with a time zone", Ending.COMPLETED, "Done: all gates pass.", 1, 0, 31,
        91.5, Verdict.PASS, priority=Priority.HIGH, iterations=2),
    Row("T-03", "Split the report writer from the report model", Ending.COMPLETED, "Done: all gates pass.", 2, 0, 74,
        86, Verdict.PASS, size=Size.MEDIUM, iterations=3, cost=1.1),
    Row("T-04", "Read tables of any width", Ending.COMPLETED, "Done in the second round: the tests failed at first.",
        0, 10, 42, 88, Verdict.PASS, iterations=2),
    Row("T-05", "Add column totals to tables", Ending.COMPLETED, "Done: all gates pass.", 0, 53, 36, 93, Verdict.PASS,
        stacked_on="T-04"),
    Row("T-06", "Let users stay signed in for thirty days", Ending.ESCALATED, "The change touches authentication.",
        1, 32, 12, priority=Priority.CRITICAL, size=Size.MEDIUM, state="escalated"),
    Row("T-07", "Cache responses of the price service", Ending.AGENT_FAILED, "5 rounds, and test_cache_expiry still fails.",
        1, 46, 58, 61, Verdict.FAIL, ("tests", GateStatus.FAIL, "1 of 212 fails: test_cache_expiry"), iterations=5,
        cost=1.9, state="agent-failed"),
    Row("T-08", "Send mails through the new gateway", Ending.COMPLETED, "The change brings a credential.", 2, 75, 21,
        54, Verdict.BLOCKED, ("secrets", GateStatus.BLOCKED, "1 new secret in src/mail/gateway.py"), state="escalated"),
    Row("T-09", "Make the flaky clock test pass", Ending.COMPLETED, "The change weakens a test.", 0, 90, 15, 70,
        Verdict.BLOCKED, ("tests", GateStatus.BLOCKED, "test_clock lost its assertion"), priority=Priority.LOW),
    Row("T-10", "Rewrite the importer", Ending.TIMEOUT, "Timed out after 30 min, 3 fresh starts.", 2, 97, 92,
        size=Size.LARGE, iterations=3, cost=None, state="agent-failed", accidents=("timeout",) * 3),
    Row("T-11", "Remove the unused settings", Ending.NO_CHANGE, "Nothing is unused any more.", 1, 105, 4, cost=0.02,
        state="no-change"),
    Row("T-12", "Show totals in the footer", Ending.SKIPPED, "T-07, which it depends on, failed.", 1, 110, 0, cost=None,
        state="ready"),
    Row("T-13", "Support Parquet files", Ending.PARTIAL, "Reading works; writing is described in the merge request.",
        0, 106, 64, 82, Verdict.PASS, size=Size.LARGE, cost=2.4, state="partial"),
    Row("T-14", "Type the plugin interface", Ending.COMPLETED, "The type checker crashed.", 1, 111, 26, 72,
        Verdict.INCONCLUSIVE, ("types", GateStatus.INCONCLUSIVE, "mypy ended with code 2")),
)  # fmt: skip
LEFT_OUT = (
    LeftOut(ticket_id="T-15", state="needs-info", reason="It has no acceptance criteria: add a list under that heading."),
    LeftOut(ticket_id="T-16", state="deferred", reason="It overlaps with T-03 in src/report/writer.py."),
)  # fmt: skip


def _at(minutes: float) -> datetime:
    return EVENING + timedelta(minutes=minutes)


def _worked(row: Row) -> bool:
    return row.ending is not Ending.SKIPPED


def _published(row: Row) -> bool:
    return row.verdict is not None and row.state in {"review", "partial", "merged"}


def _ticket(row: Row, batch: str) -> TicketFact:
    return TicketFact(
        id=row.ticket,
        title=row.title,
        priority=row.priority,
        size=row.size,
        area=("src/app",),
        agent="otter",
        state=row.state,
        opened=row.state != "merged",
        ready_at=EVENING - timedelta(hours=3),
        first_mr_at=_at(row.start + row.minutes) if _published(row) else None,
        batch=batch,
        ending=row.ending,
        reason=row.reason,
        attempts=1,
        iterations=row.iterations,
        agent_seconds=row.minutes * 50,
        usage=Usage(cost_usd=row.cost),
    )


def _attempt(row: Row, batch: str, iid: int | None) -> AttemptFact:
    return AttemptFact(
        batch=batch,
        ticket=row.ticket,
        agent="otter" if row.lane else "heron",
        lane=row.lane,
        started_at=_at(row.start),
        finished_at=_at(row.start + row.minutes),
        ending=row.ending,
        reason=row.reason,
        attempts=max(1, len(row.accidents)) if _worked(row) else 0,
        iterations=row.iterations,
        accidents=row.accidents,
        agent_seconds=row.minutes * 50,
        usage=Usage(cost_usd=row.cost),
        size=row.size,
        score=row.score,
        verdict=row.verdict,
        merge_request=iid,
    )


def _merge_request(row: Row, batch: str, iid: int) -> MergeRequestFact:
    merged = _at(row.start + row.minutes + 600) if row.state == "merged" else None
    created = _at(row.start + row.minutes)
    return MergeRequestFact(
        iid=iid,
        ticket=row.ticket,
        title=row.title,
        branch=f"factory/{row.ticket}",
        target="main",
        draft=row.verdict is not Verdict.PASS,
        state=MergeRequestState.MERGED if merged else MergeRequestState.OPENED,
        created_at=created,
        ready_at=created if row.verdict is Verdict.PASS else None,
        approved_at=merged,
        merged_at=merged,
        versions=1,
        batch=batch,
        agent="otter",
        head=HEAD,
        score=row.score,
        verdict=row.verdict,
        threshold=80,
        size=row.size,
        risk=RiskLevel.LOW,
        added=40,
        removed=12,
        files=2,
    )


def _gates(row: Row, batch: str) -> list[GateFact]:
    facts = []
    for name, component in GATES.items():
        failing = row.failing if row.failing and row.failing[0] == name else None
        facts.append(
            GateFact(
                batch=batch,
                ticket=row.ticket,
                gate=name,
                component=component,
                status=failing[1] if failing else GateStatus.PASS,
                seconds=3.5 + len(name),
                summary=failing[2] if failing else "nothing new",
            )
        )
    return facts


def _planned(row: Row, order: int) -> PlannedFact:
    return PlannedFact(
        ticket=row.ticket,
        title=row.title,
        priority=row.priority,
        size=row.size,
        agent="otter" if row.lane else "heron",
        lane=row.lane,
        order=order,
        stacked_on=row.stacked_on,
    )


def build(
    rows: tuple[Row, ...], batch: str = "2026-11-19T18-00", left_out: tuple[LeftOut, ...] = LEFT_OUT
) -> History:
    """The history of one night with these tickets."""
    published = [row for row in rows if _published(row)]
    iids = {row.ticket: number for number, row in enumerate(published, 1)}
    left = [
        TicketFact(
            id=each.ticket_id, title=f"Left out {each.ticket_id}", priority=Priority.LOW, state=each.state
        )
        for each in left_out
    ]
    night = BatchFact(
        id=batch,
        project="warehouse",
        target_branch="main",
        created_at=EVENING - timedelta(minutes=2),
        started_at=EVENING,
        ended_at=max((_at(row.start + row.minutes) for row in rows), default=None),
        lanes=3,
        planned=tuple(_planned(row, order) for order, row in enumerate(rows)),
        left_out=left_out,
    )
    return History(
        tickets=(*(_ticket(row, batch) for row in rows), *left),
        merge_requests=tuple(_merge_request(row, batch, iids[row.ticket]) for row in published),
        batches=(night,),
        attempts=tuple(_attempt(row, batch, iids.get(row.ticket)) for row in rows),
        gates=tuple(gate for row in rows if row.verdict for gate in _gates(row, batch)),
        escalations=tuple(_escalation(row, batch) for row in rows if row.ending is Ending.ESCALATED),
    )


def _escalation(row: Row, batch: str) -> EscalationFact:
    return EscalationFact(
        batch=batch,
        ticket=row.ticket,
        agent="otter",
        trigger=Trigger.SECURITY,
        summary="Staying signed in needs a stored token: which kind?",
        why="Both ways meet the criteria, and what is stored decides who can sign in after a theft.",
        questions=("May the token be kept in the browser?", "How is it revoked?"),
        options=(
            Option(
                title="Rotating refresh token", pros="revocable", cons="one more table", risk=RiskLevel.MEDIUM
            ),
            Option(
                title="Long-lived signed cookie",
                pros="no storage",
                cons="can't be revoked",
                risk=RiskLevel.HIGH,
            ),
        ),
        recommendation="Rotating refresh token",
        priority=row.priority,
        raised_at=_at(row.start + row.minutes),
        waiting=True,
    )


def review_queue(history: History) -> ReviewQueue:
    """A queue of all open merge requests and waiting questions of a history."""
    waiting = [mr for mr in history.merge_requests if mr.state is MergeRequestState.OPENED]
    items = [_item(place, mr) for place, mr in enumerate(waiting, 1)]
    for place, asked in enumerate(history.escalations, len(items) + 1):
        items.append(
            ReviewItem(
                place=place,
                tier=ReviewTier.ESCALATION,
                ticket_id=asked.ticket,
                merge_request=None,
                title=asked.summary,
                priority=asked.priority,
                verdict=None,
                score=None,
                security_findings=0,
                risk=RiskLevel.HIGH,
                size=Size.MEDIUM,
                lines=0,
                opened_at=asked.raised_at,
                due=MORNING,
                expected_minutes=5,
                reviewer="bo",
                reviewer_reason="reviews what nobody owns",
                reason="a question waits",
            )
        )
    return ReviewQueue(made_at=MORNING, items=tuple(items))


def _item(place: int, request: MergeRequestFact) -> ReviewItem:
    blocked = request.verdict is Verdict.BLOCKED
    return ReviewItem(
        place=place,
        tier=ReviewTier.SECURITY if blocked else ReviewTier.QUICK_WIN,
        ticket_id=request.ticket,
        merge_request=request.iid,
        title=request.title,
        priority=Priority.MEDIUM,
        verdict=request.verdict,
        score=request.score,
        security_findings=1 if blocked else 0,
        risk=request.risk or RiskLevel.LOW,
        size=request.size or Size.SMALL,
        lines=52,
        opened_at=request.created_at,
        due=MORNING + timedelta(hours=8),
        expected_minutes=6 + place,
        reviewer="ada" if place % 2 else None,
        reviewer_reason="owns src/app, wrote 8 of the last 12 commits" if place % 2 else "",
        reason="a security finding" if blocked else "a score above 90: quick to decide",
    )


@pytest.fixture
def night() -> History:
    """A night with every ending."""
    return build(NIGHT)


@pytest.fixture
def queue(night: History) -> ReviewQueue:
    """The review queue after that night."""
    return review_queue(night)


@pytest.fixture
def now() -> datetime:
    """The morning after."""
    return MORNING


@pytest.fixture
def many() -> Callable[[int], History]:
    """`many(300)`: a night of that many tickets, all published."""

    def make(count: int) -> History:
        rows = tuple(
            Row(f"T-{number:04d}", f"Change number {number}", Ending.COMPLETED, "Done.", number % 3, number / 3 * 2, 2,
                60 + number % 41, Verdict.PASS)
            for number in range(count)
        )  # fmt: skip
        return build(rows, left_out=())

    return make


@pytest.fixture
def make_queue() -> Callable[[History], ReviewQueue]:
    """`make_queue(history)`."""
    return review_queue


@pytest.fixture
def golden(tmp_path: Path) -> Callable[[str, str], None]:
    """`golden(name, text)`: the text must be what tests/data/metrics/NAME says."""

    def check(name: str, text: str) -> None:
        actual = tmp_path / name
        actual.write_text(text, encoding="utf-8")
        expected = Path(__file__).parents[1] / "data" / "metrics" / name
        assert text == expected.read_text(encoding="utf-8"), f"when it is right: cp {actual} {expected}"

    return check
