"""Merge requests of the factory, with what their hidden score blocks say."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ci_factory.forge.protocol import Forge
from ci_factory.metrics.facts import MergeRequestFact
from ci_factory.model import block
from ci_factory.model.forge import ForgeEvent, ForgeEventKind, MergeRequest, Note, NoteTarget
from ci_factory.model.gate import Component, ComponentScore, GateStatus, Verdict
from ci_factory.model.ticket import RiskLevel, Size

_REVIEWS = frozenset({ForgeEventKind.APPROVED, ForgeEventKind.CHANGES_REQUESTED})
Events = Mapping[tuple[NoteTarget, str], Sequence[ForgeEvent]]


class ScoreBlock(BaseModel):
    """The part of the `score` block that metrics need; what it lacks is unknown."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    ticket: str
    batch: str | None = None
    agent: str | None = None
    model: str | None = None
    score: float | None = Field(default=None, ge=0, le=100)
    verdict: Verdict | None = None
    threshold: float | None = Field(default=None, ge=0, le=100)
    tree: str | None = None
    components: dict[Component, ComponentScore] = {}
    gates: dict[str, GateStatus] = {}
    size: Size | None = None
    risk: RiskLevel | None = None
    added: int | None = Field(default=None, ge=0)
    removed: int | None = Field(default=None, ge=0)
    files: int | None = Field(default=None, ge=0)


_TOLD = tuple(name for name in ScoreBlock.model_fields if name != "ticket")


def read(forge: Forge, events: Events) -> tuple[tuple[MergeRequestFact, ...], list[str]]:
    """The factory's own merge requests in order of creation, and what in their notes can't be believed."""
    facts, damaged = [], []
    for request in forge.merge_requests(state=None):
        if request.author != forge.user:
            continue
        notes = forge.notes(NoteTarget.MERGE_REQUEST, str(request.iid))
        told, problem = score_block(notes, author=forge.user, ticket_id=request.ticket_id)
        if problem:
            damaged.append(f"score note of !{request.iid}: {problem}")
        history = events.get((NoteTarget.MERGE_REQUEST, str(request.iid)), ())
        reviewed = _first_review(history, notes, factory=forge.user)
        facts.append(_fact(request, told, history, reviewed))
    return tuple(sorted(facts, key=lambda fact: fact.iid)), damaged


def score_block(notes: Iterable[Note], *, author: str, ticket_id: str) -> tuple[ScoreBlock | None, str]:
    """The newest score that `author` wrote for this ticket, and what is wrong with it when it can't be believed."""
    data = None
    for note in sorted(notes, key=lambda note: note.id):
        if note.author == author:
            data = block.read(note.body, "score") or data
    if data is None:
        return None, ""
    try:
        told = ScoreBlock.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        return None, f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return (told, "") if told.ticket == ticket_id else (None, "belongs to another ticket")


def _first_review(events: Sequence[ForgeEvent], notes: Iterable[Note], *, factory: str) -> datetime | None:
    moments = [event.at for event in events if event.kind in _REVIEWS and event.user != factory]
    moments += [note.created_at for note in notes if note.author != factory]
    return min(moments, default=None)


def _fact(
    request: MergeRequest, told: ScoreBlock | None, events: Sequence[ForgeEvent], reviewed: datetime | None
) -> MergeRequestFact:
    approvals = [approval.at for approval in request.approvals]
    pushes = [event.at for event in events if event.kind is ForgeEventKind.PUSHED]
    score = told or ScoreBlock(ticket=request.ticket_id)
    return MergeRequestFact(
        iid=request.iid,
        ticket=request.ticket_id,
        title=request.title,
        branch=request.source_branch,
        target=request.target_branch,
        draft=request.draft,
        state=request.state,
        created_at=request.created_at,
        ready_at=_ready_at(request, events),
        approved_at=min(approvals, default=request.merged_at),
        merged_at=request.merged_at,
        closed_at=request.closed_at,
        reviewed_at=reviewed,
        versions=request.versions,
        reworked=reviewed is not None and any(at > reviewed for at in pushes),
        reviewer=request.reviewer,
        head=request.head,
        **{name: getattr(score, name) for name in _TOLD},
    )


def _ready_at(request: MergeRequest, events: Sequence[ForgeEvent]) -> datetime | None:
    """When it stopped being a draft for the first time; its creation when it never was one."""
    marked = [event.at for event in events if event.kind is ForgeEventKind.READY]
    drafted = request.draft or any(event.kind is ForgeEventKind.DRAFTED for event in events)
    return min(marked, default=None if drafted else request.created_at)
