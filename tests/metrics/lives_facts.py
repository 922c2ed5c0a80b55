"""Made lives as the facts that a collector makes of them, for tests that need no forge."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from ci_factory.metrics.facts import (
    AftermathFact,
    AttemptFact,
    BatchFact,
    EscalationFact,
    GateFact,
    History,
    MergeRequestFact,
    TicketFact,
)
from ci_factory.model.attempt import Ending, Trigger, Usage
from ci_factory.model.forge import MergeRequestState
from ci_factory.model.gate import GateStatus, Verdict
from ci_factory.model.ticket import Priority, Size
from tests.metrics.truth import truth
from tests.metrics.truth.papers import SECONDS
from tests.metrics.truth.truth import CHURN, Fate
from tests.metrics.truth.world import LANES, Life

HEAD = "a" * 40


def history(lives: Sequence[Life], now: datetime) -> History:
    """Facts of lives that are cut at `now`."""
    fates = truth.fates(lives)
    nights = {life.batch: life for life in lives}
    return History(
        tickets=tuple(map(_ticket, lives)),
        merge_requests=tuple(map(_request, fates)),
        batches=tuple(_night(batch, life) for batch, life in nights.items()),
        attempts=tuple(map(_attempt, lives)),
        gates=tuple(gate for life in lives if life.iid for gate in _gates(life)),
        escalations=tuple(_question(life) for life in lives if life.ending == "escalated"),
        aftermath=tuple(_aftermath(each, now) for each in fates if each.merged),
    )


def _ticket(life: Life) -> TicketFact:
    return TicketFact(
        id=str(life.issue),
        title=life.title,
        priority=Priority(life.priority),
        size=Size(life.size),
        area=(f"src/{life.area}",),
        agent=life.agent,
        ready_at=life.when("trigger"),
        first_mr_at=life.when("publish"),
        closed_at=life.when("merge"),
    )


def _attempt(life: Life) -> AttemptFact:
    return AttemptFact(
        batch=life.batch,
        ticket=str(life.issue),
        agent=life.agent,
        lane=life.lane,
        started_at=life.started,
        finished_at=life.finished,
        ending=Ending(life.ending),
        reason="",
        attempts=1,
        iterations=life.rounds,
        agent_seconds=60,
        usage=Usage(cost_usd=life.cost),
        size=Size(life.size),
    )


def _request(fate: Fate) -> MergeRequestFact:
    state = "merged" if fate.merged else "closed" if fate.closed else "opened"
    return MergeRequestFact(
        iid=fate.life.iid,
        ticket=str(fate.life.issue),
        title=fate.life.title,
        branch=fate.life.branch,
        target="main",
        draft=fate.ready is None,
        state=MergeRequestState(state),
        created_at=fate.created,
        ready_at=fate.ready,
        approved_at=fate.approved,
        merged_at=fate.merged,
        closed_at=fate.closed,
        reviewed_at=fate.looked,
        versions=fate.versions,
        reworked=fate.reworked,
        reworked_lines=fate.reworked_lines,
        batch=fate.life.batch,
        agent=fate.life.agent,
        size=Size(fate.life.size),
        head=HEAD,
        score=fate.score,
        verdict=Verdict.PASS,
        added=fate.life.added,
        removed=fate.life.removed,
        human_seconds=fate.spent.total_seconds() if fate.spent is not None else None,
    )


def _aftermath(fate: Fate, now: datetime) -> AftermathFact:
    assert fate.merged is not None
    old = now - fate.merged >= CHURN
    return AftermathFact(
        iid=fate.life.iid,
        observed_until=now,
        first_defect_at=fate.defect,
        churned=truth.churned(fate) if old else None,
        churn_of=fate.life.added if old else None,
    )


def _gates(life: Life) -> Iterable[GateFact]:
    for gate, passed in life.gates.items():
        status = GateStatus.PASS if passed else GateStatus.FAIL
        yield GateFact(
            batch=life.batch, ticket=str(life.issue), gate=gate, status=status, seconds=SECONDS[gate]
        )


def _question(life: Life) -> EscalationFact:
    return EscalationFact(
        batch=life.batch,
        ticket=str(life.issue),
        agent=life.agent,
        trigger=Trigger.DATA,
        summary="",
        priority=Priority(life.priority),
        raised_at=life.finished,
        waiting=life.when("answer") is None,
        answered_at=life.when("answer"),
    )


def _night(batch: str, life: Life) -> BatchFact:
    at = life.started
    return BatchFact(id=batch, project="p", target_branch="main", created_at=at, lanes=LANES, planned=())
