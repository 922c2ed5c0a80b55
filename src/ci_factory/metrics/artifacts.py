"""Reads the artifacts of finished nights. What is missing is unknown; what is damaged is named, never believed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from ci_factory.errors import ArtifactError
from ci_factory.model.attempt import Attempt
from ci_factory.model.batch import Batch
from ci_factory.model.event import Event
from ci_factory.model.forge import Publication
from ci_factory.model.gate import GateReport, Score
from ci_factory.model.merge_truth import MergeTruth
from ci_factory.system import records
from ci_factory.system.layout import BatchFolder, Layout, TicketFolder

ModelT = TypeVar("ModelT", bound=BaseModel)
NIGHT_STAGES = frozenset({"work", "gate", "publish"})
"""Stages whose events say when a night began and ended."""


@dataclass(frozen=True)
class TicketRecord:
    """What lies in the folder of one ticket."""

    attempt: Attempt | None = None
    gate: GateReport | None = None
    score: Score | None = None
    publication: Publication | None = None


@dataclass(frozen=True)
class BatchRecord:
    """What lies in the folder of one batch, and when its events say it began and ended."""

    batch: Batch
    tickets: dict[str, TicketRecord]
    started_at: datetime | None
    ended_at: datetime | None
    merge_truth: MergeTruth | None = None


@dataclass
class Archive:
    """All batches of an output folder, oldest first, and what in it could not be read."""

    batches: list[BatchRecord] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)

    def believe(self, path: Path, kind: type[ModelT], **expected: object) -> ModelT | None:
        """The artifact, when it is whole and its fields say what is expected of it."""
        if not path.exists():
            return None
        try:
            found = records.read_model(path, kind)
        except ArtifactError as error:
            self._complain(path, error.what)
            return None
        for name, value in expected.items():
            if value is not None and getattr(found, name) != value:
                self._complain(path, f"belongs to another {name.removesuffix('_id')}")
                return None
        return found

    def _complain(self, path: Path, why: str) -> None:
        place = "/".join(path.parts[-4:] if "tickets" in path.parts else path.parts[-2:])
        self.damaged.append(f"{place}: {why}")


def read_archive(layout: Layout, newest: int | None = None) -> Archive:
    """Read every batch of the output folder, or some of the newest; never raises for what a file says."""
    archive = Archive()
    spans = night_spans(records.read_events(layout.events))
    for folder in layout.batches()[-newest if newest else None :]:
        batch = archive.believe(folder.batch, Batch, id=folder.path.name)
        if batch is not None:
            archive.batches.append(_read_batch(archive, folder, batch, spans))
    return archive


def _read_batch(
    archive: Archive, folder: BatchFolder, batch: Batch, spans: dict[str, tuple[datetime, datetime]]
) -> BatchRecord:
    tickets = {
        planned.id: _read_ticket(archive, folder.ticket(planned.id), batch, planned.id)
        for planned in batch.tickets
    }
    started, ended = spans.get(batch.id, (None, None))
    together = archive.believe(folder.merge_truth, MergeTruth, batch_id=batch.id)
    return BatchRecord(batch, tickets, started, ended, together)


def _read_ticket(archive: Archive, folder: TicketFolder, batch: Batch, ticket_id: str) -> TicketRecord:
    whose = {"ticket_id": ticket_id, "batch_id": batch.id}
    attempt = archive.believe(folder.attempt, Attempt, **whose)
    judged = {"tree": attempt.tree if attempt else None}
    return TicketRecord(
        attempt,
        archive.believe(folder.gate, GateReport, **judged),
        archive.believe(folder.score, Score, **judged),
        archive.believe(folder.publication, Publication, **whose),
    )


def night_spans(events: Iterable[Event]) -> dict[str, tuple[datetime, datetime]]:
    """Batch id -> moments of the first and the last event of the night's stages."""
    spans: dict[str, tuple[datetime, datetime]] = {}
    for batch_id, at in _night_moments(events):
        first, last = spans.get(batch_id, (at, at))
        spans[batch_id] = (min(first, at), max(last, at))
    return spans


def _night_moments(events: Iterable[Event]) -> Iterator[tuple[str, datetime]]:
    for event in events:
        if event.batch_id is not None and event.stage in NIGHT_STAGES:
            yield event.batch_id, event.at
