"""Facts from the forge and from the artifacts. Reads only; running it again gives the same facts, never more.

The forge is the truth about issues, merge requests and their scores (the hidden block in our own notes); artifacts
add what no forge knows: lanes, times, endings, gates, cost.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import TypeVar

from ci_factory.config import Config, Labels
from ci_factory.forge.protocol import Forge
from ci_factory.metrics import merge_requests
from ci_factory.metrics.artifacts import BatchRecord, TicketRecord, read_archive
from ci_factory.metrics.facts import (
    AttemptFact,
    BatchFact,
    EscalationFact,
    GateFact,
    History,
    MergeRequestFact,
    PlannedFact,
    PredictionFact,
    ShareFact,
    TicketFact,
)
from ci_factory.model.attempt import AgentRun, Attempt, Usage
from ci_factory.model.batch import PlannedTicket
from ci_factory.model.forge import ForgeEvent, ForgeEventKind, Issue, IssueState, NoteTarget
from ci_factory.model.history import area_of
from ci_factory.model.hot import passed_over
from ci_factory.model.planning_settings import PlanningConfig
from ci_factory.model.prediction import TouchedFile
from ci_factory.model.ticket import Ticket
from ci_factory.system.layout import Layout

_AREA_DEPTH = 2
_WELL = frozenset({"ok", "quota"})
_RESTED = frozenset({"quota", "put-off"})
_NOT_ITS_OWN = _WELL | _RESTED | {"killed"}
Number = TypeVar("Number", int, float)


def collect(forge: Forge, layout: Layout, config: Config) -> History:
    """Everything that can be known now.

    Missing or damaged artifacts leave their facts unknown (and are named in `unreadable`).

    Raises:
        ForgeError: the forge can't be read.
    """
    archive = read_archive(layout)
    events = _by_target(forge.events())
    requests, damaged = merge_requests.read(forge, events)
    attempts = attempts_of(archive.batches)
    labelled = forge.issues(any_label=config.labels.every, opened_only=False)
    issues = {issue.ticket.id: issue for issue in labelled}
    sources = _Sources(issues, archive.batches, attempts, requests, events, config.labels)
    tickets = tuple(sources.tickets())
    return History(
        tickets=tickets,
        merge_requests=requests,
        batches=tuple(_batch(record) for record in archive.batches),
        attempts=attempts,
        gates=tuple(_gates(archive.batches, requests)),
        escalations=tuple(_escalations(archive.batches, {ticket.id: ticket for ticket in tickets})),
        predictions=predictions_of(archive.batches, config.planning),
        unreadable=(*archive.damaged, *damaged),
    )


def top_folders(files: Iterable[str]) -> tuple[str, ...]:
    """The first two folders of each path, each once, sorted; `.` for a file in the root."""
    folders = ("/".join(PurePosixPath(path).parent.parts[:_AREA_DEPTH]) or "." for path in files)
    return tuple(sorted(set(folders)))


def total_usage(parts: Sequence[Usage]) -> Usage:
    """The sum; a field is unknown when any part of it is, or when there is no part."""
    return Usage(
        input_tokens=_total([part.input_tokens for part in parts]),
        output_tokens=_total([part.output_tokens for part in parts]),
        cost_usd=_total([part.cost_usd for part in parts]),
    )


def _total(parts: Sequence[Number | None]) -> Number | None:
    known = [part for part in parts if part is not None]
    return sum(known) if known and len(known) == len(parts) else None


def _by_target(events: Iterable[ForgeEvent]) -> dict[tuple[NoteTarget, str], list[ForgeEvent]]:
    grouped: dict[tuple[NoteTarget, str], list[ForgeEvent]] = defaultdict(list)
    for event in events:
        grouped[event.target, event.target_id].append(event)
    return grouped


def _pairs(records: Iterable[BatchRecord]) -> Iterator[tuple[BatchRecord, PlannedTicket, TicketRecord]]:
    for record in records:
        for planned in sorted(record.batch.tickets, key=lambda ticket: ticket.order):
            yield record, planned, record.tickets[planned.id]


def _batch(record: BatchRecord) -> BatchFact:
    batch = record.batch
    attempts = [ticket.attempt for ticket in record.tickets.values() if ticket.attempt]
    starts = [attempt.started_at for attempt in attempts]
    ends = [attempt.finished_at for attempt in attempts]
    planned = sorted(batch.tickets, key=lambda ticket: ticket.order)
    return BatchFact(
        id=batch.id,
        project=batch.project,
        target_branch=batch.target_branch,
        created_at=batch.created_at,
        started_at=min([*starts, record.started_at] if record.started_at else starts, default=None),
        ended_at=max([*ends, record.ended_at] if record.ended_at else ends, default=None),
        aborted=batch.status_reason,
        lanes=batch.limits.parallel,
        planned=tuple(_planned(ticket) for ticket in planned),
        left_out=batch.left_out,
        merge_truth=record.merge_truth,
    )


def _planned(planned: PlannedTicket) -> PlannedFact:
    ticket = planned.candidate.ticket
    return PlannedFact(
        ticket=ticket.id,
        title=ticket.title,
        priority=ticket.priority,
        size=planned.size,
        agent=planned.agent,
        lane=planned.lane,
        order=planned.order,
        stacked_on=planned.stacked_on,
    )


def attempts_of(records: Iterable[BatchRecord]) -> tuple[AttemptFact, ...]:
    """The work on every ticket of some batches that any was done on."""
    pairs = ((planned, found) for _, planned, found in _pairs(records))
    return tuple(_attempt(found.attempt, planned, found) for planned, found in pairs if found.attempt)


def predictions_of(records: Iterable[BatchRecord], settings: PlanningConfig) -> tuple[PredictionFact, ...]:
    """What was foretold of every planned ticket, and what its attempt's change touched."""
    return tuple(
        _prediction(record.batch.id, planned, found.attempt, settings)
        for record, planned, found in _pairs(records)
        if planned.candidate.estimate.touched
    )


def _prediction(
    batch: str, planned: PlannedTicket, attempt: Attempt | None, settings: PlanningConfig
) -> PredictionFact:
    estimate = planned.candidate.estimate
    changed = attempt.diff.files if attempt and attempt.head else ()
    every = dict.fromkeys((*(file.path for file in estimate.touched), *changed))
    return PredictionFact(
        batch=batch,
        ticket=planned.id,
        threshold=settings.claim_probability,
        touched=tuple(map(_without_words, estimate.touched)),
        ignored=passed_over(every, estimate, settings),
        files=changed or None,
    )


def _without_words(file: TouchedFile) -> TouchedFile:
    why = tuple(each.model_copy(update={"why": ""}) for each in file.why)
    return file.model_copy(update={"why": why})


def _attempt(attempt: Attempt, planned: PlannedTicket, found: TicketRecord) -> AttemptFact:
    rounds = {(run.attempt, run.iteration) for run in attempt.runs if run.iteration}
    return AttemptFact(
        batch=attempt.batch_id,
        ticket=attempt.ticket_id,
        agent=attempt.agent,
        model=attempt.model,
        lane=planned.lane,
        started_at=attempt.started_at,
        finished_at=attempt.finished_at,
        ending=attempt.ending,
        reason=attempt.reason,
        attempts=max((run.attempt for run in attempt.runs), default=0),
        iterations=len(rounds),
        accidents=tuple(run.ended for run in attempt.runs if run.ended not in _WELL),
        agent_seconds=sum(run.seconds for run in attempt.runs),
        usage=attempt.usage,
        size=attempt.size,
        score=found.score.score if found.score else None,
        verdict=found.score.verdict if found.score else None,
        published=found.publication.outcome if found.publication else None,
        merge_request=found.publication.merge_request if found.publication else None,
        priority=planned.candidate.ticket.priority,
        planned_size=attempt.planned_size,
        area=area_of(planned.candidate.estimate.files),
        trigger=attempt.escalation.trigger if attempt.escalation else None,
        failure=attempt.failure.kind if attempt.failure else None,
        rested=any(run.ended in _RESTED for run in attempt.runs),
        shares=tuple(_shares(attempt.runs)),
    )


def _shares(runs: Iterable[AgentRun]) -> Iterator[ShareFact]:
    by_agent: dict[str, list[AgentRun]] = defaultdict(list)
    for run in runs:
        if run.phase == "implement":
            by_agent[run.agent].append(run)
    for agent, own in by_agent.items():
        yield ShareFact(
            agent=agent,
            seconds=sum(run.seconds for run in own),
            usage=total_usage([run.usage for run in own]),
            accidents=sum(run.ended not in _NOT_ITS_OWN for run in own),
        )


def _gates(records: Iterable[BatchRecord], requests: Iterable[MergeRequestFact]) -> Iterator[GateFact]:
    """Gates as gate.json tells them; where it is lost, as the note of the merge request does."""
    told: set[tuple[str, str]] = set()
    for record, planned, found in _pairs(records):
        for result in found.gate.gates if found.gate else ():
            told.add((record.batch.id, planned.id))
            yield GateFact(
                batch=record.batch.id,
                ticket=planned.id,
                gate=result.gate,
                component=result.component,
                status=result.status,
                seconds=result.seconds,
                summary=result.summary,
            )
    for request in requests:
        if request.batch is not None and (request.batch, request.ticket) not in told:
            for gate, status in sorted(request.gates.items()):
                yield GateFact(batch=request.batch, ticket=request.ticket, gate=gate, status=status)


def _escalations(records: Iterable[BatchRecord], tickets: dict[str, TicketFact]) -> Iterator[EscalationFact]:
    for record, planned, found in _pairs(records):
        if found.attempt is None or found.attempt.escalation is None:
            continue
        raised, ticket = found.attempt.escalation, tickets[planned.id]
        yield EscalationFact(
            batch=record.batch.id,
            ticket=planned.id,
            agent=raised.agent,
            trigger=raised.trigger,
            summary=raised.summary,
            tried=raised.tried,
            why=raised.why,
            questions=raised.questions,
            options=raised.options,
            recommendation=raised.recommendation,
            priority=raised.priority,
            raised_at=raised.raised_at,
            waiting=ticket.state == "escalated"
            and ticket.opened is not False
            and ticket.batch == record.batch.id,
        )


@dataclass(frozen=True)
class _Sources:
    """What a ticket's fact is put together from."""

    issues: dict[str, Issue]
    batches: Sequence[BatchRecord]
    attempts: tuple[AttemptFact, ...]
    requests: tuple[MergeRequestFact, ...]
    events: dict[tuple[NoteTarget, str], list[ForgeEvent]]
    labels: Labels

    def tickets(self) -> Iterator[TicketFact]:
        """Every ticket of the factory: planned, left out, published or marked for it; sorted by id."""
        attempts: dict[str, list[AttemptFact]] = defaultdict(list)
        for attempt in self.attempts:
            attempts[attempt.ticket].append(attempt)
        first_mr: dict[str, datetime] = {}
        for request in self.requests:
            first_mr[request.ticket] = min(
                request.created_at, first_mr.get(request.ticket, request.created_at)
            )
        plans = {planned.id: (record, planned, found) for record, planned, found in _pairs(self.batches)}
        ours = {
            left.ticket_id for record in self.batches for left in record.batch.left_out
        } & self.issues.keys()
        for ticket_id in sorted({*plans, *ours, *first_mr, *filter(self._ours, self.issues)}):
            yield self._ticket(ticket_id, plans.get(ticket_id), attempts[ticket_id], first_mr.get(ticket_id))

    def _ours(self, ticket_id: str) -> bool:
        return self.labels.state_of(self.issues[ticket_id].ticket.labels) is not None

    def _ticket(
        self,
        ticket_id: str,
        plan: tuple[BatchRecord, PlannedTicket, TicketRecord] | None,
        attempts: list[AttemptFact],
        first_mr_at: datetime | None,
    ) -> TicketFact:
        issue = self.issues.get(ticket_id)
        asked = issue.ticket if issue else plan[1].candidate.ticket if plan else None
        ticket = asked or Ticket(id=ticket_id, title=ticket_id)
        last = attempts[-1] if attempts else None
        worked = [attempt for attempt in attempts if attempt.worked]
        return TicketFact(
            id=ticket_id,
            title=ticket.title,
            priority=ticket.priority,
            size=last.size if last else plan[1].size if plan else ticket.complexity,
            area=top_folders(_files(ticket, plan)),
            agent=last.agent if last else plan[1].agent if plan else None,
            model=last.model if last else None,
            state=self.labels.state_of(ticket.labels) if issue else None,
            opened=issue.state is IssueState.OPENED if issue else None,
            ready_at=self._ready_at(ticket_id),
            first_mr_at=first_mr_at,
            closed_at=self._closed_at(issue) if issue else None,
            batch=plan[0].batch.id if plan else None,
            ending=last.ending if last else None,
            reason=last.reason if last else "",
            attempts=sum(attempt.attempts for attempt in worked) if worked else None,
            iterations=sum(attempt.iterations for attempt in worked) if worked else None,
            agent_seconds=sum(attempt.agent_seconds for attempt in worked) if worked else None,
            usage=total_usage([attempt.usage for attempt in worked]),
        )

    def _ready_at(self, ticket_id: str) -> datetime | None:
        events = self.events.get((NoteTarget.ISSUE, ticket_id), ())
        added = (
            event.at
            for event in events
            if event.kind is ForgeEventKind.LABEL_ADDED and event.detail == self.labels.ready
        )
        return min(added, default=None)

    def _closed_at(self, issue: Issue) -> datetime | None:
        if issue.state is IssueState.OPENED:
            return None
        events = self.events.get((NoteTarget.ISSUE, issue.ticket.id), ())
        return max((event.at for event in events if event.kind is ForgeEventKind.CLOSED), default=None)


def _files(ticket: Ticket, plan: tuple[BatchRecord, PlannedTicket, TicketRecord] | None) -> tuple[str, ...]:
    """Files that were changed, else those that were expected to be."""
    if plan is not None and plan[2].attempt is not None and plan[2].attempt.diff.files:
        return plan[2].attempt.diff.files
    return plan[1].candidate.estimate.files if plan else ticket.files
