"""Facts in, figures out. Pure: the same history and moment give the same figures."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from math import fsum

from ci_factory.metrics import definitions, prediction
from ci_factory.metrics.facts import AttemptFact, GateFact, History, MergeRequestFact, TicketFact
from ci_factory.metrics.figure import Figure, Metric, measure, share
from ci_factory.metrics.statistics import Duration, mean, median, survival_quantile
from ci_factory.model.attempt import Ending
from ci_factory.model.forge import MergeRequestState
from ci_factory.model.gate import GateStatus

WEEK = timedelta(days=7)


def figures(history: History, now: datetime) -> tuple[Figure, ...]:
    """Every figure that the facts allow, in the order in which they are shown."""
    return (
        *throughput(history, now),
        *acceptance(history.merge_requests),
        *scores(history),
        *_times(history, now),
        *costs(history),
        *agents(history),
        *gates(history.gates),
        *prediction.figures(history.predictions),
    )


def merged(requests: Iterable[MergeRequestFact]) -> list[MergeRequestFact]:
    """Those that are merged."""
    return [mr for mr in requests if mr.state is MergeRequestState.MERGED]


def throughput(history: History, now: datetime) -> Iterator[Figure]:
    """What was merged in the 7 days before `now`."""
    recent = [
        mr for mr in merged(history.merge_requests) if mr.merged_at and now - WEEK < mr.merged_at <= now
    ]
    known = len(history.merge_requests)
    tickets = float(len({mr.ticket for mr in recent})) if known else None
    yield measure(definitions.TICKETS_PER_WEEK, tickets, known)
    counted = [mr.added - mr.removed for mr in recent if mr.added is not None and mr.removed is not None]
    complete = bool(known) and len(counted) == len(recent)
    note = "" if complete or not known else f"size unknown for {len(recent) - len(counted)} of {len(recent)}"
    yield measure(definitions.LINES_PER_WEEK, float(sum(counted)) if complete else None, known, note=note)


def acceptance(requests: Sequence[MergeRequestFact]) -> Iterator[Figure]:
    """What people decided about merge requests."""
    decided = [mr for mr in requests if mr.state is not MergeRequestState.OPENED]
    undecided = len(requests) - len(decided)
    note = f"{undecided} still open, not counted" if undecided else ""
    yield share(definitions.ACCEPTANCE, len(merged(decided)), len(decided), note=note)
    approved = [mr for mr in decided if mr.approved_at is not None and not mr.reworked]
    yield share(definitions.FIRST_PASS, len(approved), len(decided), note=note)
    yield share(definitions.REWORK, sum(mr.reworked for mr in decided), len(decided), note=note)


def newest_scores(history: History) -> tuple[list[float], int]:
    """The newest score of every judged change, and how many changes were judged without a score.

    The merge request's own note is the truth; where there is none, the last attempt's score.json.
    """
    scores: dict[str, float | None] = {a.ticket: a.score for a in history.attempts if a.verdict is not None}
    scores |= {mr.ticket: mr.score for mr in history.merge_requests if mr.verdict is not None}
    known = [score for score in scores.values() if score is not None]
    return known, len(scores) - len(known)


def scores(history: History) -> Iterator[Figure]:
    """What the gates say of the changes."""
    known, without = newest_scores(history)
    note = f"{without} judged inconclusive, without a score" if without else ""
    yield measure(definitions.SCORE_MEAN, mean(known), len(known), note=note)
    yield measure(definitions.SCORE_MEDIAN, median(known), len(known), note=note)


def _times(history: History, now: datetime) -> Iterator[Figure]:
    first, cycle = ticket_times(history.tickets, history.merge_requests, now)
    yield first
    yield from request_times(history.merge_requests, now)
    yield cycle


def ticket_times(
    tickets: Iterable[TicketFact], requests: Iterable[MergeRequestFact], now: datetime
) -> tuple[Figure, Figure]:
    """From the trigger label to the first merge request, and to the merge; `requests` has all of the tickets' own."""
    merges = {mr.ticket: mr.merged_at for mr in merged(requests)}
    ready = [(ticket, ticket.ready_at) for ticket in tickets if ticket.ready_at]
    to_first = [_span(at, ticket.first_mr_at, ticket.closed_at or now) for ticket, at in ready]
    cycles = [_span(at, merges.get(ticket.id), ticket.closed_at or now) for ticket, at in ready]
    return _waiting(definitions.TIME_TO_FIRST_MR, to_first, 0.5), _waiting(
        definitions.CYCLE_TIME, cycles, 0.5
    )


def request_times(requests: Iterable[MergeRequestFact], now: datetime) -> Iterator[Figure]:
    """How long merge requests wait for people."""
    shown = [(mr, mr.ready_at) for mr in requests if mr.ready_at]
    to_merge = [_span(at, mr.merged_at, mr.closed_at or now) for mr, at in shown]
    reviews = [_span(at, mr.approved_at or mr.decided_at, now) for mr, at in shown]
    yield _waiting(definitions.REVIEW_TIME, reviews, 0.5)
    yield _waiting(definitions.TIME_TO_MERGE, to_merge, 0.5)
    yield _waiting(definitions.TIME_TO_MERGE_P90, to_merge, 0.9)


def _span(start: datetime, end: datetime | None, seen_until: datetime) -> Duration:
    """From start to end, or censored; a clock that jumped back makes no negative time."""
    seconds = ((end or seen_until) - start).total_seconds()
    return Duration(max(0.0, seconds), end is not None)


def _waiting(metric: Metric, durations: Sequence[Duration], quantile: float) -> Figure:
    censored = sum(not duration.happened for duration in durations)
    value = survival_quantile(durations, quantile)
    note = f"{censored} of {len(durations)} not there yet (censored)" if censored else ""
    if durations and value is None:
        note += f"; the curve does not reach {100 * quantile:.0f} % yet"
    return measure(metric, value, len(durations), note=note)


def worked(attempts: Iterable[AttemptFact]) -> list[AttemptFact]:
    """Attempts in which an agent was asked."""
    return [attempt for attempt in attempts if attempt.worked]


def total_cost(attempts: Sequence[AttemptFact]) -> tuple[float | None, str]:
    """Cost of all attempts in US dollars, `None` when any is unknown, and the words that say so."""
    known = [attempt.usage.cost_usd for attempt in attempts if attempt.usage.cost_usd is not None]
    if len(known) == len(attempts):
        return (fsum(known) if known else None), ""
    unknown = len(attempts) - len(known)
    return (
        None,
        f"cost of {unknown} of {len(attempts)} attempts unknown; the others sum to {fsum(known):.2f} USD",
    )


def costs(history: History) -> Iterator[Figure]:
    """What the work cost."""
    attempts = worked(history.attempts)
    cost, note = total_cost(attempts)
    tickets, accepted = len({attempt.ticket for attempt in attempts}), len(merged(history.merge_requests))
    yield measure(
        definitions.COST_PER_TICKET, cost / tickets if cost is not None else None, tickets, note=note
    )
    per_merge = cost / accepted if cost is not None and accepted else None
    yield measure(
        definitions.COST_PER_ACCEPTED, per_merge, accepted, note=note if accepted else "nothing merged yet"
    )


def agents(history: History) -> Iterator[Figure]:
    """How the work went."""
    attempts = worked(history.attempts)
    endings = [attempt.ending for attempt in attempts if attempt.settled]
    count = len(endings)
    yield share(definitions.ESCALATION_RATE, endings.count(Ending.ESCALATED), count)
    yield share(definitions.NO_CHANGE_RATE, endings.count(Ending.NO_CHANGE), count)
    busy, available = lane_seconds(history)
    nights = len({attempt.batch for attempt in attempts})
    yield measure(definitions.UTILISATION, busy / available if available else None, nights)
    yield measure(definitions.ITERATIONS, median([attempt.iterations for attempt in attempts]), len(attempts))


def lane_seconds(history: History, batch_id: str | None = None) -> tuple[float, float]:
    """Seconds that lanes were busy, and that they could have been, in one batch or in all."""
    lanes = {batch.id: batch.lanes for batch in history.batches}
    nights: dict[str, list[AttemptFact]] = defaultdict(list)
    for attempt in worked(history.attempts):
        if attempt.batch in lanes and batch_id in {None, attempt.batch}:
            nights[attempt.batch].append(attempt)
    busy = available = 0.0
    for night, attempts in nights.items():
        start, end = min(a.started_at for a in attempts), max(a.finished_at for a in attempts)
        busy += fsum(attempt.seconds for attempt in attempts)
        available += lanes[night] * max(0.0, (end - start).total_seconds())
    return busy, available


def gates(facts: Iterable[GateFact]) -> Iterator[Figure]:
    """How often each gate passed."""
    statuses: dict[str, list[GateStatus]] = defaultdict(list)
    for fact in facts:
        statuses[fact.gate].append(fact.status)
    for gate, said in sorted(statuses.items()):
        yield share(definitions.GATE_PASS, said.count(GateStatus.PASS), len(said), labels={"gate": gate})
