"""Facts of merge requests from their records."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product

from ci_factory.forge.protocol import Forge
from ci_factory.metrics.collecting.people import People
from ci_factory.metrics.facts import MergeRequestFact
from ci_factory.metrics.merge_requests import ScoreBlock
from ci_factory.model.collecting import Head, MergeRequestRecord
from ci_factory.model.forge import ForgeEvent, ForgeEventKind, MergeRequest
from ci_factory.model.metrics_settings import MetricsConfig

_REVIEWS = frozenset({ForgeEventKind.APPROVED, ForgeEventKind.CHANGES_REQUESTED})
_TOLD = tuple(name for name in ScoreBlock.model_fields if name != "ticket")


@dataclass(frozen=True)
class Reader:
    """Makes facts; asks the forge who is a person, and how far versions lie apart."""

    forge: Forge
    people: People
    settings: MetricsConfig

    def fact(self, record: MergeRequestRecord, told: ScoreBlock | None) -> MergeRequestFact:
        """What is known of a merge request; `told` is what our score note says."""
        request, score = record.request, told or ScoreBlock(ticket=record.request.ticket_id)
        reviewed = self._first_review(record)
        versions = changes_of(record.heads)
        later = [head for head in versions[1:] if reviewed is not None and head.at > reviewed]
        approvals = [each for each in request.approvals if self.people.is_person(each.user)]
        first = min(approvals, key=lambda each: each.at, default=None)
        spent, recorded = self.people.seconds_spent(record, self.settings)
        return MergeRequestFact(
            iid=request.iid,
            ticket=request.ticket_id,
            title=request.title,
            branch=request.source_branch,
            target=request.target_branch,
            draft=request.draft,
            state=request.state,
            created_at=request.created_at,
            ready_at=_ready_at(request, record.events),
            approved_at=first.at if first else request.merged_at,
            merged_at=request.merged_at,
            closed_at=request.closed_at,
            reviewed_at=reviewed,
            versions=max(1, len(versions)),
            reworked=bool(later),
            reworked_lines=self._reworked_lines(record.heads, reviewed, reworked=bool(later)),
            reviewer=request.reviewer,
            approver=first.user if first else None,
            merged_by=_merged_by(record.events),
            merge_commit=request.merge_commit,
            human_seconds=spent,
            human_recorded=recorded,
            head=request.head,
            **{name: getattr(score, name) for name in _TOLD},
        )

    def _first_review(self, record: MergeRequestRecord) -> datetime | None:
        judged = (event for event in record.events if event.kind in _REVIEWS)
        moments = [event.at for event in self.people.events(judged)]
        moments += [note.created_at for note in self.people.notes(record.notes)]
        return min(moments, default=None)

    def _reworked_lines(
        self, heads: Sequence[Head], reviewed: datetime | None, *, reworked: bool
    ) -> int | None:
        """Lines between the version that people saw first and the last one, told from versions on one base."""
        if not reworked:
            return 0 if heads else None
        seen = [head for head in heads if reviewed is None or head.at <= reviewed] or heads[:1]
        pairs = product(_alike(heads, seen[-1]), _alike(heads, heads[-1]))
        same = next((pair for pair in pairs if pair[0].base == pair[1].base), None)
        return self.forge.lines_between(*same) if same else None


def changes_of(heads: Sequence[Head]) -> list[Head]:
    """Versions that brought another change than the one before: a pure rebase is none."""
    found: list[Head] = []
    for head in heads:
        same = found and head.patch_id is not None and head.patch_id == found[-1].patch_id
        if not same:
            found.append(head)
    return found


def _alike(heads: Sequence[Head], one: Head) -> list[Head]:
    """A version, and those with the same change on another base."""
    if one.patch_id is None:
        return [one]
    return [head for head in heads if head.patch_id == one.patch_id]


def _merged_by(events: Iterable[ForgeEvent]) -> str | None:
    merged = [event.user for event in events if event.kind is ForgeEventKind.MERGED]
    return merged[-1] or None if merged else None


def _ready_at(request: MergeRequest, events: Sequence[ForgeEvent]) -> datetime | None:
    """When it stopped being a draft for the first time; its creation when it never was one."""
    marked = [event.at for event in events if event.kind is ForgeEventKind.READY]
    drafted = request.draft or any(event.kind is ForgeEventKind.DRAFTED for event in events)
    return min(marked, default=None if drafted else request.created_at)
