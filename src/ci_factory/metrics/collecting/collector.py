"""One run: look, read what changed, put it to what was known."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from ci_factory.config import Config
from ci_factory.forge.protocol import Forge
from ci_factory.metrics import merge_requests
from ci_factory.metrics.artifacts import Archive, read_archive
from ci_factory.metrics.collecting import assembling, looking, told, work
from ci_factory.metrics.collecting.assembling import Told
from ci_factory.metrics.collecting.looking import Look
from ci_factory.metrics.collecting.people import People
from ci_factory.metrics.collecting.requests import Reader
from ci_factory.metrics.facts import EscalationFact, History, MergeRequestFact
from ci_factory.model.base import Json
from ci_factory.model.collecting import IssueRecord
from ci_factory.model.forge import ForgeEvent, ForgeEventKind, MergeRequestState, Note, NoteTarget
from ci_factory.model.work_record import WorkRecord
from ci_factory.system import records
from ci_factory.system.layout import Layout

_PROBLEM = "bad/"
Entry = tuple[str, dict[str, Json]]


@dataclass(frozen=True)
class Known:
    """What earlier runs left: facts, and the collector's own memory of how things looked."""

    history: History = field(default_factory=History)
    marks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Collected:
    """What a run comes to."""

    history: History
    """Everything that is known now."""
    marks: dict[str, str]
    """The whole memory, to be kept after the facts are."""
    forge_events: tuple[Entry, ...]
    """Raw events of what was read, by key."""
    audit_events: tuple[Entry, ...]
    """Raw events of events.jsonl, by key."""
    requests: int
    """Requests to the forge."""
    merge_requests_read: int
    tickets_read: int

    def after(self, requests: int) -> "Collected":
        """The same with what the run asked for besides."""
        return replace(self, requests=requests)


def collect(
    forge: Forge, layout: Layout, config: Config, before: Known | None = None, *, complete: bool = False
) -> Collected:
    """Everything that can be known now.

    With what was known `before`, only what looks different is read again; `complete` reads everything. Missing or
    damaged artifacts and notes leave their facts unknown, and are named in `unreadable`.

    Raises:
        ForgeError: the forge can't be read.
    """
    return _Run(forge, layout, config, before or Known(), again=complete).collected()


@dataclass
class _Run:
    forge: Forge
    layout: Layout
    config: Config
    before: Known
    again: bool
    people: People = field(init=False)
    _noted: dict[tuple[str, str], WorkRecord] = field(default_factory=dict)
    _problems: dict[str, str] = field(default_factory=dict)
    _events: list[ForgeEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.people = People(self.forge)

    def collected(self) -> Collected:
        sent = self.forge.requests
        archive = read_archive(self.layout)
        requests = self._look_at_requests()
        facts = self._read_requests(requests)
        tickets = self._look_at_tickets(archive, {fact.ticket for fact in facts.values()})
        issues = self._read_issues(tickets)
        now = Told(
            requests=facts,
            issues=issues,
            gone_requests=frozenset(int(each) for each in requests.gone),
            gone_tickets=frozenset(tickets.gone),
            noted=self._noted,
            archive=archive.batches,
            predictions=work.predictions_of(archive.batches, self.config.planning),
        )
        history = assembling.history(self.before.history, now, self.config.labels)
        marks = {**self.before.marks, **requests.noted(), **tickets.noted(), **self._problems}
        marks = {name: mark for name, mark in marks.items() if mark}
        return Collected(
            history=history.model_copy(
                update={
                    "escalations": self._answered(
                        history.escalations, {**self._asked_late(history, issues), **issues}
                    ),
                    "unreadable": (*archive.damaged, *self._standing(marks)),
                }
            ),
            marks=marks,
            forge_events=tuple(_entry(event) for event in self._events),
            audit_events=tuple(_audit(self.layout)),
            requests=self.forge.requests - sent,
            merge_requests_read=len(facts),
            tickets_read=len(issues),
        )

    def _look_at_requests(self) -> Look:
        known = self.before.history.merge_requests
        opened = {str(each.iid) for each in known if each.state is MergeRequestState.OPENED}
        ids = looking.Known({str(each.iid) for each in known}, opened)
        return self._look(NoteTarget.MERGE_REQUEST, ids)

    def _look_at_tickets(self, archive: Archive, published: set[str]) -> Look:
        known = {each.id: each for each in self.before.history.tickets if each.opened is not None}
        opened = {each.id for each in known.values() if each.opened}
        look = self._look(NoteTarget.ISSUE, looking.Known(known.keys(), opened), self.config.labels.every)
        planned = {planned.id for _, planned, _ in work.pairs(archive.batches)}
        left_out = {left.ticket_id for record in archive.batches for left in record.batch.left_out}
        look.these({*published, *planned, *left_out} - known.keys())
        return look

    def _look(self, target: NoteTarget, known: looking.Known, labels: tuple[str, ...] = ()) -> Look:
        look = Look(self.forge, target, known, self.before.marks, labels, again=self.again)
        if self.again or not known.ids:
            look.everything()
        else:
            look.a_part()
        return look

    def _read_requests(self, look: Look) -> dict[int, MergeRequestFact]:
        reader, found = Reader(self.forge, self.people, self.config.metrics), {}
        for record in self.forge.merge_request_records(sorted(map(int, look.changed))):
            request = record.request
            if request.author != self.forge.user:
                continue
            score, problem = merge_requests.score_block(
                record.notes, author=self.forge.user, ticket_id=request.ticket_id
            )
            self._believe(f"score note of !{request.iid}", problem)
            self._take_in(f"work in notes on !{request.iid}", record.notes, request.ticket_id)
            self._events += record.events
            found[request.iid] = reader.fact(record, score)
        return found

    def _read_issues(self, look: Look) -> dict[str, IssueRecord]:
        found = {}
        for record in self.forge.issue_records(sorted(look.changed)):
            ticket_id = record.issue.ticket.id
            self._take_in(f"work in notes on ticket {ticket_id}", record.notes, ticket_id)
            self._events += record.events
            found[ticket_id] = record
        return found

    def _take_in(self, where: str, notes: Iterable[Note], ticket_id: str) -> None:
        found, problems = told.records(notes, author=self.forge.user, ticket_id=ticket_id)
        self._noted |= found
        self._believe(where, problems[0] if problems else "")

    def _believe(self, where: str, problem: str) -> None:
        self._problems[f"{_PROBLEM}{where}"] = problem

    @staticmethod
    def _standing(marks: Mapping[str, str]) -> list[str]:
        """Problems of notes, those too that were found by an earlier run."""
        named = (name for name in sorted(marks) if name.startswith(_PROBLEM))
        return [f"{name.removeprefix(_PROBLEM)}: {marks[name]}" for name in named]

    def _asked_late(self, history: History, issues: Mapping[str, IssueRecord]) -> dict[str, IssueRecord]:
        """Tickets whose question is new, told by artifacts that came after the ticket was read: it may be answered by now."""
        known = {(each.batch, each.ticket) for each in self.before.history.escalations}
        new = {each.ticket for each in history.escalations if (each.batch, each.ticket) not in known}
        there = {each.id for each in history.tickets if each.opened is not None}
        wanted = sorted((new & there) - issues.keys())
        return {record.issue.ticket.id: record for record in self.forge.issue_records(wanted)}

    def _answered(
        self, questions: Iterable[EscalationFact], issues: Mapping[str, IssueRecord]
    ) -> tuple[EscalationFact, ...]:
        """Questions with the first answer, of tickets that were read again."""
        return tuple(
            each.model_copy(update={"answered_at": self._first_answer(each, issues[each.ticket])})
            if each.ticket in issues
            else each
            for each in questions
        )

    def _first_answer(self, asked: EscalationFact, record: IssueRecord) -> datetime | None:
        """The first reply of somebody who may answer, or their yes by label."""
        least, approved = self.config.escalation.answer_role, self.config.labels.approved
        moments = [(note.author, note.created_at) for note in record.notes]
        moments += [
            (event.user, event.at)
            for event in record.events
            if event.kind is ForgeEventKind.LABEL_ADDED and event.detail == approved
        ]
        later = (each for each in sorted(moments, key=lambda each: each[1]) if each[1] > asked.raised_at)
        return next((at for user, at in later if self.people.may_answer(user, least)), None)


def _entry(event: ForgeEvent) -> Entry:
    """What the forge corrects later, such as a second closing, is another event."""
    key = f"{event.target.value}/{event.target_id}/{event.id}/{event.at.isoformat()}"
    return key, event.model_dump(mode="json")


def _audit(layout: Layout) -> Iterable[Entry]:
    for event in records.read_events(layout.events):
        yield event.key, event.model_dump(mode="json")
