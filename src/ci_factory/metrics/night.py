"""One night, ticket by ticket: how each ended as people see it, and the night against its targets."""

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from ci_factory.metrics import definitions, words
from ci_factory.metrics.attempts import lane_seconds, total_cost, worked
from ci_factory.metrics.facts import (
    AttemptFact,
    BatchFact,
    EscalationFact,
    GateFact,
    History,
    MergeRequestFact,
    PlannedFact,
)
from ci_factory.metrics.figure import Figure, whole
from ci_factory.metrics.statistics import mean
from ci_factory.model.attempt import Ending
from ci_factory.model.forge import MergeRequestState
from ci_factory.model.gate import GateStatus, Verdict
from ci_factory.model.review import ReviewQueue


class Tone(StrEnum):
    """What an outcome asks of people."""

    GOOD = "good"
    ASK = "ask"
    """A person must decide something."""
    BAD = "bad"
    QUIET = "quiet"


class Outcome(StrEnum):
    """How a ticket of the night stands now, in the words of the report."""

    MERGED = "merged"
    READY = "ready for review"
    PARTIAL = "partly done"
    DRAFT = "draft"
    ESCALATED = "escalated"
    BLOCKED = "blocked"
    INCONCLUSIVE = "inconclusive"
    GATES_FAILED = "gates failed"
    TIMEOUT = "timed out"
    AGENT_FAILED = "agent failed"
    UNPUBLISHED = "not published"
    CLOSED = "closed unmerged"
    NO_CHANGE = "no change"
    DEFERRED = "redone next time"
    PUT_OFF = "put off"
    SKIPPED = "not started"
    UNKNOWN = "no record"

    @property
    def tone(self) -> Tone:
        """What it asks of people."""
        return _TONES.get(self, Tone.QUIET)


_TONES = {
    Outcome.MERGED: Tone.GOOD,
    Outcome.READY: Tone.GOOD,
    Outcome.PARTIAL: Tone.ASK,
    Outcome.DRAFT: Tone.ASK,
    Outcome.ESCALATED: Tone.ASK,
    Outcome.BLOCKED: Tone.ASK,
    Outcome.INCONCLUSIVE: Tone.ASK,
    Outcome.GATES_FAILED: Tone.BAD,
    Outcome.TIMEOUT: Tone.BAD,
    Outcome.AGENT_FAILED: Tone.BAD,
    Outcome.UNPUBLISHED: Tone.BAD,
}
_BY_STATE = {MergeRequestState.MERGED: Outcome.MERGED, MergeRequestState.CLOSED: Outcome.CLOSED}
_BY_ENDING: dict[Ending | None, Outcome] = {
    Ending.ESCALATED: Outcome.ESCALATED,
    Ending.NO_CHANGE: Outcome.NO_CHANGE,
    Ending.TIMEOUT: Outcome.TIMEOUT,
    Ending.AGENT_FAILED: Outcome.AGENT_FAILED,
    Ending.SKIPPED: Outcome.SKIPPED,
    Ending.DEFERRED: Outcome.PUT_OFF,
}
_BY_VERDICT: dict[Verdict | None, Outcome] = {
    Verdict.FAIL: Outcome.GATES_FAILED,
    Verdict.BLOCKED: Outcome.BLOCKED,
    Verdict.INCONCLUSIVE: Outcome.INCONCLUSIVE,
}


class Standing(Protocol):
    """What of a merge request says how its ticket stands."""

    @property
    def state(self) -> MergeRequestState:
        """Open, merged or closed."""

    @property
    def draft(self) -> bool:
        """Whether people need not look yet."""


READY = frozenset({Outcome.READY, Outcome.MERGED})
"""The gates passed and people may read it."""


@dataclass(frozen=True)
class NightTicket:
    """One planned ticket, with what became of it."""

    plan: PlannedFact
    outcome: Outcome
    attempt: AttemptFact | None
    merge_request: MergeRequestFact | None
    score: float | None
    verdict: Verdict | None
    objections: tuple[GateFact, ...] = ()
    """What gates did not pass."""

    @property
    def reason(self) -> str:
        """Why it ended so: the agent's ending, and what gates object to."""
        if self.attempt is None:
            return "There is no record of any work on it; run the same command again to resume the night."
        said = [
            f"{gate.gate} ({gate.status.value}): {gate.summary}".removesuffix(": ")
            for gate in self.objections
            if not gate.summary or gate.summary not in self.attempt.reason
        ]
        return " · ".join([self.attempt.reason, *said])

    @property
    def work(self) -> str:
        """How much it took: `2 rounds in 2 tries (timeout), 41 s`."""
        if self.attempt is None or not self.attempt.attempts:
            return "no agent ran"
        rounds = words.count(self.attempt.iterations, "round")
        tries = f" in {self.attempt.attempts} tries" if self.attempt.attempts > 1 else ""
        accidents = f" ({', '.join(self.attempt.accidents)})" if self.attempt.accidents else ""
        return f"{rounds}{tries}{accidents}, {words.span(self.attempt.agent_seconds)}"


@dataclass(frozen=True)
class Night:
    """A batch, its tickets in planned order, its questions to people, its figures."""

    batch: BatchFact
    tickets: tuple[NightTicket, ...]
    escalations: tuple[EscalationFact, ...]
    figures: tuple[Figure, ...]
    titles: dict[str, str]
    """Titles of all tickets that are known, for those that were left out or ask something."""

    def counts(self) -> dict[Outcome, int]:
        """How many tickets ended how, in the order of `Outcome`; only what occurs."""
        counted = Counter(ticket.outcome for ticket in self.tickets)
        return {outcome: counted[outcome] for outcome in Outcome if counted[outcome]}

    def with_outcome(self, *outcomes: Outcome) -> tuple[NightTicket, ...]:
        """Tickets that ended in one of these ways."""
        return tuple(ticket for ticket in self.tickets if ticket.outcome in outcomes)


def tell(history: History, batch: BatchFact, queue: ReviewQueue | None) -> Night:
    """The story of one batch of the history."""
    attempts = {a.ticket: a for a in history.attempts if a.batch == batch.id}
    requests = {mr.iid: mr for mr in history.merge_requests}
    by_ticket = {mr.ticket: mr for mr in history.merge_requests if mr.batch in {batch.id, None}}
    objections = _objections(history, batch)
    tickets = []
    for plan in batch.planned:
        attempt = attempts.get(plan.ticket)
        published = requests.get(attempt.merge_request) if attempt and attempt.merge_request else None
        ticket = _ticket(batch, plan, attempt, published or by_ticket.get(plan.ticket))
        tickets.append(replace(ticket, objections=tuple(objections[plan.ticket])))
    escalations = tuple(e for e in history.escalations if e.batch == batch.id)
    titles = {fact.id: fact.title for fact in history.tickets} | {p.ticket: p.title for p in batch.planned}
    return Night(batch, tuple(tickets), escalations, _figures(history, batch, tickets, queue), titles)


def _objections(history: History, batch: BatchFact) -> dict[str, list[GateFact]]:
    found: dict[str, list[GateFact]] = defaultdict(list)
    for fact in history.gates:
        if fact.batch == batch.id and fact.status is not GateStatus.PASS:
            found[fact.ticket].append(fact)
    return found


def outcome_of(ending: Ending | None, verdict: Verdict | None, request: Standing | None) -> Outcome:
    """How a ticket stands: a person's decision first, then the agent's ending, then the gates' verdict."""
    decided = _BY_STATE.get(request.state) if request else None
    said = decided or _BY_ENDING.get(ending) or _BY_VERDICT.get(verdict)
    if said is not None:
        return said
    if request is None:
        return Outcome.UNKNOWN if ending is None else Outcome.UNPUBLISHED
    if verdict is None:
        return Outcome.INCONCLUSIVE
    if request.draft:
        return Outcome.DRAFT
    return Outcome.PARTIAL if ending is Ending.PARTIAL else Outcome.READY


def _ticket(
    batch: BatchFact, plan: PlannedFact, attempt: AttemptFact | None, request: MergeRequestFact | None
) -> NightTicket:
    told = request if request is not None and request.verdict and request.batch == batch.id else attempt
    score, verdict = (told.score, told.verdict) if told else (None, None)
    outcome = outcome_of(attempt.ending if attempt else None, verdict, request)
    if outcome is Outcome.UNPUBLISHED and attempt and attempt.published == "deferred":
        outcome = Outcome.DEFERRED
    return NightTicket(plan, outcome, attempt, request, score, verdict)


def _figures(
    history: History, batch: BatchFact, tickets: list[NightTicket], queue: ReviewQueue | None
) -> tuple[Figure, ...]:
    attempts = worked(ticket.attempt for ticket in tickets if ticket.attempt)
    scores = [ticket.score for ticket in tickets if ticket.score is not None]
    completed = sum(attempt.ending is Ending.COMPLETED for attempt in attempts)
    escalated = sum(attempt.ending is Ending.ESCALATED for attempt in attempts)
    ready = sum(ticket.outcome in READY for ticket in tickets)
    cost, cost_note = total_cost(attempts)
    busy, available = lane_seconds(history, batch.id)
    minutes = _review_minutes(tickets, queue)
    planned, asked = len(tickets), len(attempts)
    settled = sum(attempt.settled for attempt in attempts)
    due = planned - sum(ticket.outcome is Outcome.PUT_OFF for ticket in tickets)
    return (
        whole(definitions.NIGHT_READY, float(ready), planned, note=f"of {planned} planned"),
        whole(definitions.NIGHT_TICKETS, float(planned), planned),
        whole(definitions.NIGHT_COMPLETION, completed / due if due else None, due),
        whole(definitions.NIGHT_SCORE, mean(scores), len(scores)),
        whole(definitions.NIGHT_ESCALATION, escalated / settled if settled else None, settled),
        whole(definitions.NIGHT_REVIEW, mean(minutes), len(minutes)),
        whole(definitions.NIGHT_UTILISATION, busy / available if available else None, asked),
        _conflicts(batch),
        whole(definitions.NIGHT_COST, cost, asked, note=cost_note),
    )


def _conflicts(batch: BatchFact) -> Figure:
    truth = batch.merge_truth
    if truth is None:
        return whole(definitions.NIGHT_CONFLICTS, None, 0)
    note = f"{truth.conflicting} of {words.count(truth.pairs, 'pair')}"
    return whole(definitions.NIGHT_CONFLICTS, truth.conflict_rate, truth.pairs, note=note)


def _review_minutes(tickets: list[NightTicket], queue: ReviewQueue | None) -> list[float]:
    ours = {ticket.plan.ticket for ticket in tickets}
    items = queue.items if queue else ()
    return [
        float(item.expected_minutes)
        for item in items
        if item.ticket_id in ours and item.merge_request is not None
    ]
