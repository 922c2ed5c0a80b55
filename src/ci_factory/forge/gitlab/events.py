"""The history that GitLab keeps: label and state events, versions, and its own notes about drafts and reviews.

Each kind has its own numbers, so an event's id is that number times eight plus a number for the kind: stable, and
never the same for two. Events of one instant keep the order in which they can have happened.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from ci_factory.forge.gitlab import merge_requests, notes, queue, versions
from ci_factory.forge.gitlab.project import Project
from ci_factory.forge.gitlab.versions import Version, head_at, moment
from ci_factory.model.base import Json
from ci_factory.model.forge import ForgeEvent, NoteTarget
from ci_factory.model.forge import ForgeEventKind as Kind

_ISSUE_OPENED, _MR_OPENED, _LABEL, _VERSION, _NOTE, _STATE, _MERGED, _CLOSED = range(8)
_CODES = 8
_STATES = {"closed": Kind.CLOSED, "reopened": Kind.REOPENED, "merged": Kind.MERGED}
_HEADS = frozenset({Kind.APPROVED, Kind.CHANGES_REQUESTED, Kind.READY, Kind.DRAFTED})
_WORDS = (
    (re.compile(r"approved this merge request"), Kind.APPROVED, ""),
    (re.compile(r"requested changes"), Kind.CHANGES_REQUESTED, ""),
    (re.compile(r"(?:un)?marked (?:this merge request )?as (?:a )?\*\*ready\*\*"), Kind.READY, ""),
    (
        re.compile(
            r"unmarked (?:this merge request )?as (?:a )?\*\*(?:draft|work in progress)", re.IGNORECASE
        ),
        Kind.READY,
        "",
    ),
    (
        re.compile(r"marked (?:this merge request )?as (?:a )?\*\*(?:draft|work in progress)", re.IGNORECASE),
        Kind.DRAFTED,
        "",
    ),
    (re.compile(r"changed title from"), Kind.UPDATED, "title"),
    (re.compile(r"changed the description"), Kind.UPDATED, "description"),
    (re.compile(r"changed target branch from"), Kind.UPDATED, "target_branch"),
    (re.compile(r"(?:requested|removed) review (?:request )?(?:from|for)"), Kind.UPDATED, "reviewer"),
)
_PUSHED = re.compile(r"added \d+ (?:new )?commits?")
_NEAR = timedelta(seconds=60)
"""Between a version and the note about its commits: both come from background jobs of the same push."""


@dataclass(frozen=True)
class _Subject:
    """What the events belong to."""

    target: NoteTarget
    id: str

    def event(
        self, code: int, number: int, at: str | datetime, user: Json, kind: Kind, detail: str = ""
    ) -> ForgeEvent:
        """One event; a user that GitLab does not name (any more) is empty."""
        name = user if isinstance(user, str) else (user or {}).get("username") or ""
        when = moment(at) if isinstance(at, str) else at
        return ForgeEvent(
            id=number * _CODES + code,
            at=when,
            user=name,
            target=self.target,
            target_id=self.id,
            kind=kind,
            detail=detail,
        )


def of_issue(project: Project, ticket_id: str) -> list[ForgeEvent]:
    """Everything that happened to an issue, oldest first."""
    subject = _Subject(NoteTarget.ISSUE, ticket_id)
    raw = project.api.get(project.of(subject.target, ticket_id))
    opened = subject.event(_ISSUE_OPENED, raw["id"], raw["created_at"], raw["author"], Kind.OPENED)
    return _ordered([opened, *_labels(project, subject), *_states(project, subject)])


def of_merge_request(project: Project, iid: int) -> list[ForgeEvent]:
    """Everything that happened to a merge request, oldest first."""
    subject = _Subject(NoteTarget.MERGE_REQUEST, str(iid))
    raw = merge_requests.one(project, iid)
    heads = versions.read(project, iid)
    made = notes.raw(project, subject.target, subject.id, system=True)
    first = heads[0].head if heads else merge_requests.head_of(raw)
    opened = subject.event(_MR_OPENED, raw["id"], raw["created_at"], raw["author"], Kind.OPENED, first)
    return _ordered(
        [
            opened,
            *_labels(project, subject),
            *_pushes(subject, heads[1:], made),
            *_noted(subject, made, heads),
            *_states(project, subject, merge_requests.head_of(raw)),
        ]
    )


def told(raw: Json, heads: Sequence[Version], made: Sequence[Json]) -> list[ForgeEvent]:
    """The history of a merge request as far as its list, its versions and GitLab's notes tell it: no request.

    Without labels, and of closings and reopenings only the last closing.
    """
    subject = _Subject(NoteTarget.MERGE_REQUEST, str(raw["iid"]))
    head = merge_requests.head_of(raw)
    first = heads[0].head if heads else head
    opened = subject.event(_MR_OPENED, raw["id"], raw["created_at"], raw["author"], Kind.OPENED, first)
    found = [opened, *_pushes(subject, heads[1:], made), *_noted(subject, made, heads)]
    if raw.get("merged_at"):
        by = raw.get("merge_user") or raw.get("merged_by")
        found.append(subject.event(_MERGED, raw["id"], raw["merged_at"], by, Kind.MERGED, head))
    elif raw.get("closed_at"):
        by = raw.get("closed_by")
        found.append(subject.event(_CLOSED, raw["id"], raw["closed_at"], by, Kind.CLOSED, head))
    return _ordered(found)


def of_known_issue(project: Project, ticket_id: str, *, with_states: bool) -> list[ForgeEvent]:
    """Labels of an issue, and its closings and reopenings when they are asked for."""
    subject = _Subject(NoteTarget.ISSUE, ticket_id)
    return _ordered([*_labels(project, subject), *(_states(project, subject) if with_states else ())])


def of_all(project: Project, target: NoteTarget | None) -> list[ForgeEvent]:
    """Events of the factory's merge requests, and of every issue that has one or carries a label of the factory."""
    requests = merge_requests.select(project, merge_requests.Wanted(), details=False)
    found: list[ForgeEvent] = []
    if target is not NoteTarget.ISSUE:
        found += [event for request in requests for event in of_merge_request(project, request.iid)]
    if target is not NoteTarget.MERGE_REQUEST:
        for ticket_id in _tickets(project, (request.ticket_id for request in requests)):
            found += of_issue(project, ticket_id)
    return sorted(found, key=lambda event: event.at)


def _tickets(project: Project, proposed: Iterable[str]) -> list[str]:
    names = project.names
    labels = (names.ready, names.hold, names.approved, *names.states)
    marked = queue.issues(project, queue.Wanted(any_label=labels, opened_only=False))
    return sorted({*proposed, *(issue.ticket.id for issue in marked)}, key=int)


def _labels(project: Project, subject: _Subject) -> Iterator[ForgeEvent]:
    """Label events; those about a label that was deleted have no name, and tell nothing."""
    pages = project.api.pages(project.of(subject.target, subject.id, "resource_label_events"))
    for raw in pages:
        if raw.get("label"):
            kind = Kind.LABEL_ADDED if raw["action"] == "add" else Kind.LABEL_REMOVED
            yield subject.event(_LABEL, raw["id"], raw["created_at"], raw["user"], kind, raw["label"]["name"])


def _states(project: Project, subject: _Subject, head: str = "") -> Iterator[ForgeEvent]:
    pages = project.api.pages(project.of(subject.target, subject.id, "resource_state_events"))
    for raw in pages:
        if kind := _STATES.get(raw["state"]):
            yield subject.event(_STATE, raw["id"], raw["created_at"], raw["user"], kind, head)


def _pushes(subject: _Subject, heads: Sequence[Version], made: Sequence[Json]) -> Iterator[ForgeEvent]:
    """Versions do not say who pushed; GitLab's note about the commits does. Unknown is empty."""
    told = [note for note in made if _PUSHED.match(note["body"])]
    for version in heads:
        near = [note for note in told if abs(moment(note["created_at"]) - version.at) <= _NEAR]
        closest = min(near, key=lambda note: abs(moment(note["created_at"]) - version.at), default=None)
        yield subject.event(
            _VERSION, version.id, version.at, closest and closest["author"], Kind.PUSHED, version.head
        )


def _noted(subject: _Subject, made: Iterable[Json], heads: Sequence[Version]) -> Iterator[ForgeEvent]:
    for note in made:
        known = next(((kind, field) for words, kind, field in _WORDS if words.match(note["body"])), None)
        if known:
            kind, field = known
            detail = head_at(heads, moment(note["created_at"])) if kind in _HEADS else field
            yield subject.event(_NOTE, note["id"], note["created_at"], note["author"], kind, detail)


def _ordered(events: Iterable[ForgeEvent]) -> list[ForgeEvent]:
    """By time, then by kind, then by number; of labels that one request exchanged, the removed come first."""
    ordered = sorted(events, key=lambda event: (event.at, event.id % _CODES, event.id))
    found: list[ForgeEvent] = []
    for _, group in groupby(ordered, key=lambda event: (event.at, event.id % _CODES, event.user)):
        found += _exchanged(list(group))
    return found


def _exchanged(group: list[ForgeEvent]) -> list[ForgeEvent]:
    labels = [event.detail for event in group]
    if group[0].id % _CODES != _LABEL or len(set(labels)) < len(labels):
        return group
    return sorted(group, key=lambda event: event.kind is Kind.LABEL_ADDED)
