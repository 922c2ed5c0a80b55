"""Puts together what facts and the forge say about one generation. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ci_factory.config import Labels
from ci_factory.metrics.audit.values import Approved, Asked, Generation, Judged, Reply
from ci_factory.metrics.facts import AttemptFact, EscalationFact, History, MergeRequestFact
from ci_factory.model.attempt import Usage
from ci_factory.model.forge import ForgeEvent, ForgeEventKind, Issue, Note
from ci_factory.model.text import plain

_REPLY = 500
_REPLIES = 20


@dataclass(frozen=True)
class Evidence:
    """What the forge says of a ticket and its merge requests, now or as it was recorded."""

    factory: str = ""
    """Our user, whose notes are nobody's reply."""
    issue: Issue | None = None
    events: Sequence[ForgeEvent] = ()
    """Of the issue."""
    notes: Sequence[Note] = ()
    """Of the issue, bots' left out."""
    request_events: dict[int, Sequence[ForgeEvent]] = field(default_factory=dict)
    approvals: dict[int, Sequence[Approved]] = field(default_factory=dict)
    """As they stand; where a merge request is missing, nobody asked."""


def generations(ticket: str, history: History, evidence: Evidence, labels: Labels) -> list[Generation]:
    """Everything that agents did for a ticket, oldest first."""
    attempts = {each.batch: each for each in history.attempts if each.ticket == ticket}
    requests = [each for each in history.merge_requests if each.ticket == ticket]
    delivered = {each.merge_request: each.batch for each in attempts.values() if each.merge_request}
    of_batch: dict[str | None, MergeRequestFact] = {}
    for request in requests:
        of_batch.setdefault(request.batch or delivered.get(request.iid), request)
    batches = sorted({*attempts, *of_batch}, key=lambda each: (each is not None, each or ""))
    told = _Telling(ticket, history, evidence, labels)
    return [told.generation(batch, attempts.get(batch or ""), of_batch.get(batch)) for batch in batches]


@dataclass(frozen=True)
class _Telling:
    ticket: str
    history: History
    evidence: Evidence
    labels: Labels

    def generation(
        self, batch: str | None, attempt: AttemptFact | None, request: MergeRequestFact | None
    ) -> Generation:
        values: dict[str, object] = {"batch": batch, "ticket": self.ticket, **self._wish()}
        values |= _work(attempt) if attempt else {}
        values |= self._judgement(batch, attempt, request)
        values |= self._merge(request) if request else {}
        values["questions"] = tuple(self._questions(batch))
        return Generation.model_validate(values)

    def _wish(self) -> dict[str, object]:
        """Who asked for it."""
        issue, events = self.evidence.issue, self.evidence.events
        fact = next((each for each in self.history.tickets if each.id == self.ticket), None)
        opened = next((each for each in events if each.kind is ForgeEventKind.OPENED), None)
        ready = [
            each
            for each in events
            if each.kind is ForgeEventKind.LABEL_ADDED and each.detail == self.labels.ready
        ]
        first = min(ready, key=lambda each: each.at, default=None)
        return {
            "title": issue.ticket.title if issue else fact.title if fact else "",
            "opened_by": (issue.ticket.author if issue else fact.author if fact else None) or _user(opened),
            "opened_at": issue.ticket.created_at if issue else fact.created_at if fact else _at(opened),
            "triggered_by": _user(first),
            "triggered_at": first.at if first else fact.ready_at if fact else None,
        }

    def _judgement(
        self, batch: str | None, attempt: AttemptFact | None, request: MergeRequestFact | None
    ) -> dict[str, object]:
        told = [each for each in self.history.gates if (each.batch, each.ticket) == (batch, self.ticket)]
        judged = [Judged(gate=each.gate, status=each.status, summary=each.summary) for each in told]
        if not judged and request:
            judged = [Judged(gate=name, status=status) for name, status in sorted(request.gates.items())]
        known = request if request and request.verdict else attempt
        return {
            "gates": tuple(judged),
            "score": known.score if known else None,
            "verdict": known.verdict if known else None,
            "threshold": request.threshold if request else None,
            "judged_tree": request.tree if request and request.tree else attempt.tree if attempt else None,
        }

    def _merge(self, request: MergeRequestFact) -> dict[str, object]:
        events = self.evidence.request_events.get(request.iid, ())
        merged = next((each for each in events if each.kind is ForgeEventKind.MERGED), None)
        fates = {each.iid: each for each in self.history.aftermath}
        values: dict[str, object] = {
            "merge_request": request.iid,
            "branch": request.branch,
            "proposed_at": request.created_at,
            "published_head": request.head,
            "approvals": tuple(self._approvals(request, events)),
            "merged_by": request.merged_by or _user(merged),
            "merged_at": request.merged_at,
            "merge_commit": request.merge_commit,
            "closed_at": request.closed_at,
            "aftermath": fates.get(request.iid),
        }
        known = ("agent", "model", "added", "removed")
        return values | {name: told for name in known if (told := getattr(request, name)) is not None}

    def _approvals(self, request: MergeRequestFact, events: Iterable[ForgeEvent]) -> Iterator[Approved]:
        """Those that stand; where nobody can say which do, those that were given."""
        standing = self.evidence.approvals.get(request.iid)
        if standing is not None:
            yield from standing
            return
        given = [each for each in events if each.kind is ForgeEventKind.APPROVED]
        yield from (Approved(user=each.user, at=each.at, head=each.detail or None) for each in given)
        if not given and request.approver and request.approved_at:
            yield Approved(user=request.approver, at=request.approved_at)

    def _questions(self, batch: str | None) -> Iterator[Asked]:
        own = [each for each in self.history.escalations if each.ticket == self.ticket]
        later = sorted(each.started_at for each in self.history.attempts if each.ticket == self.ticket)
        for each in own:
            if each.batch == batch:
                end = next((at for at in later if at > each.raised_at), None)
                yield self._asked(each, end)

    def _asked(self, fact: EscalationFact, end: datetime | None) -> Asked:
        """A question, and what people wrote after it, before the next agent began."""
        replies = [
            Reply(user=note.author, at=note.created_at, text=plain(note.body, _REPLY))
            for note in self.evidence.notes
            if note.author != self.evidence.factory
            and note.created_at >= fact.raised_at
            and (end is None or note.created_at < end)
        ]
        return Asked(
            at=fact.raised_at,
            trigger=fact.trigger.value,
            summary=fact.summary,
            replies=tuple(replies[:_REPLIES]),
            answered_at=fact.answered_at,
        )


def _at(event: ForgeEvent | None) -> datetime | None:
    return event.at if event else None


def _user(event: ForgeEvent | None) -> str | None:
    return (event.user or None) if event else None


def _work(attempt: AttemptFact) -> dict[str, object]:
    usage: Usage = attempt.usage
    return {
        "agent": attempt.agent,
        "model": attempt.model,
        "prompt_hash": attempt.prompt_hash,
        "prompt_version": attempt.prompt_version,
        "started_at": attempt.started_at,
        "finished_at": attempt.finished_at,
        "ending": attempt.ending.value,
        "reason": attempt.reason,
        "usage": usage,
        "base": attempt.base,
        "head": attempt.head,
        "tree": attempt.tree,
    }
