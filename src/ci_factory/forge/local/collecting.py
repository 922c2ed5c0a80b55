"""What metrics read of the embedded forge: everything on one page, as nothing has to be asked for."""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from ci_factory.forge.local import history, issues, merge_requests, notes, reports
from ci_factory.forge.local.history import Subject
from ci_factory.model.collecting import Glimpse, Glimpses, Head, IssueRecord, MergeRequestRecord, Wanted
from ci_factory.model.forge import ForgeEventKind, MergeRequestState, NoteTarget
from ci_factory.system.git import Git

_LABELS = frozenset({ForgeEventKind.LABEL_ADDED, ForgeEventKind.LABEL_REMOVED})


class Stored(NamedTuple):
    """A version as it is stored."""

    head: str
    target_head: str
    at: str


def glimpse(tx: sqlite3.Connection, wanted: Wanted, user: str) -> Glimpses:
    """All that is wanted."""
    of = _requests if wanted.target is NoteTarget.MERGE_REQUEST else _issues
    return Glimpses(items=tuple(of(tx, wanted, user)))


def those_that_exist(tx: sqlite3.Connection, iids: Iterable[int]) -> list[int]:
    """Of these numbers, in their order, those of merge requests."""
    known = {row["iid"] for row in tx.execute("SELECT iid FROM merge_request")}
    return [iid for iid in iids if iid in known]


def merge_request_record(tx: sqlite3.Connection, iid: int) -> tuple[MergeRequestRecord, list[Stored]]:
    """A merge request without its versions, and those as they are stored: git has to be asked about them."""
    subject = history.merge_request(iid)
    events = history.select(tx, *_split(subject))
    told = MergeRequestRecord(
        request=merge_requests.get(tx, iid),
        notes=tuple(notes.select(tx, subject)),
        events=tuple(event for event in events if event.kind not in _LABELS),
    )
    rows = tx.execute("SELECT head, target_head, at FROM version WHERE iid = ? ORDER BY id", (iid,))
    return told, [Stored(*row) for row in rows]


def issue_record(tx: sqlite3.Connection, ticket_id: str) -> IssueRecord:
    """An issue with its history."""
    subject = history.issue(ticket_id)
    return IssueRecord(
        issue=issues.get(tx, ticket_id),
        notes=tuple(notes.select(tx, subject)),
        events=tuple(history.select(tx, *_split(subject))),
    )


def heads(git: Git, record: MergeRequestRecord, stored: Iterable[Stored]) -> tuple[Head, ...]:
    """Versions with what git knows of their changes; it is not asked about a change that stayed as it was."""
    found = list(stored)
    if not found or found[-1].head != record.request.head:
        return tuple(_bare(record))
    if len(found) == 1:
        return (Head(head=found[0].head, at=datetime.fromisoformat(found[0].at)),)
    return tuple(_compared(git, found))


def _compared(git: Git, found: Iterable[Stored]) -> Iterator[Head]:
    for each in found:
        base = git.merge_base(each.target_head, each.head)
        patch = git.patch_id(base, each.head) if base else None
        yield Head(head=each.head, base=base, at=datetime.fromisoformat(each.at), patch_id=patch)


def _bare(record: MergeRequestRecord) -> Iterator[Head]:
    """Versions of a merge request from before they were stored: its events have heads and moments."""
    opened = {ForgeEventKind.OPENED, ForgeEventKind.PUSHED}
    for event in record.events:
        if event.kind in opened and event.detail:
            yield Head(head=event.detail, at=event.at)


def _requests(tx: sqlite3.Connection, wanted: Wanted, user: str) -> Iterator[Glimpse]:
    state = MergeRequestState.OPENED if wanted.opened_only else None
    for request in merge_requests.select(tx, merge_requests.Wanted(state)):
        if request.author == user and (not wanted.ids or str(request.iid) in wanted.ids):
            yield _glimpse(tx, history.merge_request(request.iid), request.model_dump_json())


def _issues(tx: sqlite3.Connection, wanted: Wanted, _user: str) -> Iterator[Glimpse]:
    for issue in issues.select(tx, (), wanted.labels, opened_only=wanted.opened_only):
        asked = not wanted.ids or issue.ticket.id in wanted.ids
        if asked and not reports.is_report(issue.ticket):
            yield _glimpse(tx, history.issue(issue.ticket.id), issue.model_dump_json())


def _glimpse(tx: sqlite3.Connection, subject: Subject, shown: str) -> Glimpse:
    last = tx.execute("SELECT max(id) FROM event WHERE target = ? AND target_id = ?", subject.key).fetchone()
    said = [note.model_dump_json() for note in notes.select(tx, subject)]
    return Glimpse(id=subject.id, shown=_hash(shown, str(last[0])), said=_hash(*said))


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _split(subject: Subject) -> tuple[NoteTarget, str]:
    return subject.target, subject.id
