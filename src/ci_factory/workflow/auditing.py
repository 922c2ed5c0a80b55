"""Where an audit looks: collected facts, artifacts, a store, the forge and our notes there. Reads only."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from ci_factory.config import Config
from ci_factory.forge.protocol import Forge
from ci_factory.metrics.artifacts import BatchRecord, read_archive
from ci_factory.metrics.audit.telling import Evidence
from ci_factory.metrics.audit.values import Approved
from ci_factory.metrics.collecting import told, work
from ci_factory.metrics.collecting.people import People
from ci_factory.metrics.collecting.requests import Reader
from ci_factory.metrics.collecting.work import Work
from ci_factory.metrics.facts import (
    AftermathFact,
    AttemptFact,
    EscalationFact,
    GateFact,
    History,
    MergeRequestFact,
    TicketFact,
)
from ci_factory.metrics.merge_requests import score_block
from ci_factory.model.base import Value
from ci_factory.model.collecting import IssueRecord, MergeRequestRecord
from ci_factory.model.forge import ForgeEvent, MergeRequest, NoteTarget
from ci_factory.model.work_record import WorkRecord
from ci_factory.system import records
from ci_factory.system.layout import Layout

if TYPE_CHECKING:
    from ci_factory.metrics.storing.store import Store

Fact = TypeVar("Fact", bound=Value)
Test = Callable[[Mapping[str, Any]], bool]
EVENTS = "forge_event"
"""Kind of the store's records that hold events of the forge."""
_FACTS_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True)
class Sources:
    """What an audit may look at; `None` is not asked.

    Errors of every method: ForgeError when the forge can't be read, ArtifactError for damaged facts.
    """

    config: Config
    layout: Layout
    forge: Forge | None = None
    store: "Store | None" = None
    project: str | None = None
    """In the store; `None` when nothing is in it."""
    _records: dict[int, MergeRequestRecord] = field(default_factory=dict)
    _issues: dict[str, IssueRecord | None] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """What is looked at, in words."""
        found = (
            ("the store", self.store is not None),
            ("collected facts", self._collected is not None),
            ("artifacts", bool(self._archive)),
            ("the forge", self.forge is not None),
        )
        return ("git", *(name for name, there in found if there))

    @cached_property
    def _collected(self) -> History | None:
        if self.store is not None or not self.layout.facts.is_file():
            return None
        return records.read_model(self.layout.facts, History, limit=_FACTS_BYTES)

    @cached_property
    def _archive(self) -> list[BatchRecord]:
        return read_archive(self.layout).batches

    @cached_property
    def _worked(self) -> Work:
        """What the artifacts say."""
        return work.of(work.recorded(self._archive))

    @cached_property
    def _listed(self) -> dict[int, MergeRequest]:
        """The factory's merge requests on the forge, without what is costly to read."""
        if self.forge is None:
            return {}
        found = self.forge.merge_requests(state=None, details=False)
        return {each.iid: each for each in found if each.author == self.forge.user}

    def _kept(self, kind: str, of: type[Fact], test: Test) -> Iterator[Fact]:
        """Facts that the store or the collected file has, and that pass a test on their fields."""
        if self.store is not None:
            for project, data in self.store.read(kind):
                if self.project in {None, project} and test(data):
                    yield of.model_validate(data)
        elif self._collected is not None:
            yield from (each for each in getattr(self._collected, kind) if test(vars(each)))

    def requests(
        self, *, tickets: Iterable[str] = (), iids: Iterable[int] = (), commits: Iterable[str] = ()
    ) -> list[MergeRequestFact]:
        """The factory's merge requests for these tickets, of these numbers, or that brought one of these commits."""
        wanted = (set(tickets), set(iids), set(commits))

        def test(fact: Mapping[str, Any]) -> bool:
            landed = fact.get("merge_commit") or fact["head"]
            return fact["ticket"] in wanted[0] or fact["iid"] in wanted[1] or landed in wanted[2]

        found = {each.iid: each for each in self._kept("merge_requests", MergeRequestFact, test)}
        listed = (iid for iid, each in self._listed.items() if test({**vars(each), "ticket": each.ticket_id}))
        found |= {iid: self._request(iid) for iid in listed}
        return [found[iid] for iid in sorted(found)]

    def _request(self, iid: int) -> MergeRequestFact:
        """A merge request as the forge has it now."""
        assert self.forge is not None  # noqa: S101 - it was listed
        if iid not in self._records:
            self._records.update((each.request.iid, each) for each in self.forge.merge_request_records([iid]))
        record = self._records[iid]
        score, _ = score_block(record.notes, author=self.forge.user, ticket_id=record.request.ticket_id)
        return Reader(self.forge, People(self.forge), self.config.metrics).fact(record, score)

    def _issue(self, ticket: str) -> IssueRecord | None:
        if self.forge is not None and ticket not in self._issues:
            self._issues[ticket] = next(iter(self.forge.issue_records([ticket])), None)
        return self._issues.get(ticket)

    def _noted(self, ticket: str, requests: Iterable[MergeRequestFact]) -> Work:
        """What our notes on the forge say of the work on a ticket."""
        issue = self._issue(ticket)
        every = [issue.notes] if issue else []
        every += [self._records[each.iid].notes for each in requests if each.iid in self._records]
        found: dict[tuple[str, str], WorkRecord] = {}
        for notes in every:
            found |= told.records(notes, author=self.forge.user if self.forge else "", ticket_id=ticket)[0]
        return work.of(found.values())

    def attempts(self, ticket: str, requests: Iterable[MergeRequestFact]) -> list[AttemptFact]:
        """The work on a ticket. What artifacts say counts before what our notes say, and that before what was collected."""
        kept = self._kept("attempts", AttemptFact, lambda fact: fact["ticket"] == ticket)
        noted = self._noted(ticket, requests).attempts.values()
        return list(_each((*kept, *noted, *self._worked.attempts.values()), ticket, lambda each: each.batch))

    def of_ticket(self, ticket: str, requests: Iterable[MergeRequestFact]) -> History:
        """Everything about one ticket."""
        own = tuple(each for each in requests if each.ticket == ticket)
        iids, noted, done = {each.iid for each in own}, self._noted(ticket, own), self._worked

        def of_it(fact: Mapping[str, Any]) -> bool:
            return bool(fact["ticket"] == ticket)

        gates = (*self._kept("gates", GateFact, of_it), *noted.gates.values(), *done.gates.values())
        asked = (*noted.questions.values(), *done.questions.values())
        questions = (*asked, *self._kept("escalations", EscalationFact, of_it))
        return History(
            tickets=tuple(self._kept("tickets", TicketFact, lambda fact: fact["id"] == ticket)),
            merge_requests=own,
            attempts=tuple(self.attempts(ticket, own)),
            gates=_each(gates, ticket, lambda each: (each.batch, each.gate)),
            escalations=_each(questions, ticket, lambda each: each.batch),
            aftermath=tuple(self._kept("aftermath", AftermathFact, lambda fact: fact["iid"] in iids)),
        )

    def evidence(self, ticket: str, history: History) -> Evidence:
        """What the forge says of the ticket and its merge requests: now when it is asked, else as it was recorded."""
        iids = [each.iid for each in history.merge_requests]
        if self.forge is None:
            return self._recorded(ticket, iids)
        issue = self._issue(ticket)
        found = {iid: self._records[iid] for iid in iids if iid in self._records}
        notes = issue.notes if issue else ()
        return Evidence(
            factory=self.forge.user,
            issue=issue.issue if issue else None,
            events=issue.events if issue else (),
            notes=[note for note in notes if not self.forge.is_bot(note.author)],
            request_events={iid: each.events for iid, each in found.items()},
            approvals={iid: _approvals(each, self.forge.user) for iid, each in found.items()},
        )

    def _recorded(self, ticket: str, iids: Iterable[int]) -> Evidence:
        events = self.events(ticket, iids)
        of_requests: dict[int, list[ForgeEvent]] = {}
        for event in events:
            if event.target is NoteTarget.MERGE_REQUEST:
                of_requests.setdefault(int(event.target_id), []).append(event)
        own = [event for event in events if event.target is NoteTarget.ISSUE]
        return Evidence(events=own, request_events=dict(of_requests))

    def events(self, ticket: str, iids: Iterable[int]) -> list[ForgeEvent]:
        """Events of the forge as the store recorded them, oldest first."""
        if self.store is None:
            return []
        wanted = {(NoteTarget.ISSUE, ticket), *((NoteTarget.MERGE_REQUEST, str(iid)) for iid in iids)}
        subjects = {f"{target.value}/{name}/" for target, name in wanted}
        found = []
        for entry in self.store.entries(self.project, EVENTS):
            if entry.key[: entry.key.find("/", entry.key.find("/") + 1) + 1] in subjects:
                found += [event] if (event := _event(entry.data)) else []
        return sorted(found, key=lambda event: event.at)


def _event(data: object) -> ForgeEvent | None:
    try:
        return ForgeEvent.model_validate(data)
    except ValueError:
        return None


def _each(facts: Iterable[Any], ticket: str, key: Callable[[Any], Any]) -> tuple[Any, ...]:
    """Of a ticket's facts one of each key, the last."""
    return tuple({key(each): each for each in facts if each.ticket == ticket}.values())


def _approvals(record: MergeRequestRecord, factory: str) -> list[Approved]:
    return [
        Approved(user=each.user, at=each.at, head=each.head)
        for each in record.request.approvals
        if each.user != factory
    ]
