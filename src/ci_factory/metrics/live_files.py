"""Reads what lies in the output folder of a night, while another process writes it: no lock, nothing written.

Every artifact is written whole, so what is there is sound or damaged; what is missing is not known yet. Files that have
not changed since the last look are not read again.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from ci_factory.errors import ArtifactError
from ci_factory.model.attempt import Attempt
from ci_factory.model.batch import Batch
from ci_factory.model.breakers import BreakerState
from ci_factory.model.event import Event
from ci_factory.model.forge import Publication
from ci_factory.model.gate import Score
from ci_factory.model.merge_truth import MergeTruth
from ci_factory.model.pulse import Meter, Pulse
from ci_factory.model.review import ReviewQueue
from ci_factory.model.work_state import WorkState
from ci_factory.system import records
from ci_factory.system.layout import BatchFolder, Layout, TicketFolder

ModelT = TypeVar("ModelT", bound=BaseModel)
STATE_BYTES = 16 * 1024 * 1024
"""The largest record of work in progress that is read."""
_TAIL_BYTES = 4 * 1024 * 1024
"""Of the audit log, at the first look."""


@dataclass(frozen=True)
class TicketFiles:
    """What lies in the folder of one ticket."""

    state: WorkState | None = None
    state_at: datetime | None = None
    """When it was written last."""
    meter: Meter | None = None
    attempt: Attempt | None = None
    score: Score | None = None
    publication: Publication | None = None
    failed: str = ""
    """What the factory itself failed with on it, by the log."""


@dataclass(frozen=True)
class NightFiles:
    """What lies in the folder of one batch, and beside it."""

    batch: Batch
    tickets: dict[str, TicketFiles]
    breakers: BreakerState | None = None
    pulse: Pulse | None = None
    queue: ReviewQueue | None = None
    truth: MergeTruth | None = None
    damaged: tuple[str, ...] = ()


@dataclass
class LiveFiles:
    """Looks again and again at one output folder."""

    layout: Layout
    _known: dict[Path, tuple[tuple[int, int], BaseModel]] = field(default_factory=dict)
    _damaged: dict[str, str] = field(default_factory=dict)
    _log_read: int | None = None
    _failed: dict[tuple[str, str], tuple[datetime, str]] = field(default_factory=dict)

    def look(self, batch_id: str | None = None) -> NightFiles | None:
        """The named batch, or the newest one; `None` when there is none that can be read."""
        self._damaged = {}
        folders = [self.layout.batch(batch_id)] if batch_id else self.layout.batches()[-1:]
        batch = self._read(folders[0].batch, Batch) if folders else None
        if batch is None or batch.id != folders[0].path.name:
            return None
        self._read_log()
        return self._night(folders[0], batch)

    def _night(self, folder: BatchFolder, batch: Batch) -> NightFiles:
        breakers, pulse = self._read(folder.breakers, BreakerState), self._read(folder.pulse, Pulse)
        tickets = {
            planned.id: self._ticket(folder.ticket(planned.id), batch, planned.id)
            for planned in batch.tickets
        }
        return NightFiles(
            batch=batch,
            tickets=tickets,
            breakers=breakers if breakers and breakers.batch_id == batch.id else None,
            pulse=pulse if pulse and pulse.batch_id == batch.id else None,
            queue=self._read(self.layout.review, ReviewQueue),
            truth=self._read(folder.merge_truth, MergeTruth),
            damaged=tuple(f"{place}: {why}" for place, why in self._damaged.items()),
        )

    def _ticket(self, folder: TicketFolder, batch: Batch, ticket_id: str) -> TicketFiles:
        whose = (ticket_id, batch.id)
        attempt = self._of(whose, folder.attempt, Attempt)
        state = None if attempt else self._of(whose, folder.state, WorkState, STATE_BYTES)
        return TicketFiles(
            state=state,
            state_at=_written(folder.state) if state else None,
            meter=self._read(folder.meter, Meter) if state and state.calling else None,
            attempt=attempt,
            score=self._read(folder.score, Score) if attempt else None,
            publication=self._of(whose, folder.publication, Publication),
            failed="" if attempt else self._failure(whose, folder),
        )

    def _of(
        self, whose: tuple[str, str], path: Path, kind: type[ModelT], limit: int = records.MAX_BYTES
    ) -> ModelT | None:
        """The artifact, when it belongs to this ticket and this batch."""
        found = self._read(path, kind, limit)
        if found is None or (getattr(found, "ticket_id", ""), getattr(found, "batch_id", "")) == whose:
            return found
        self._damaged[_place(path)] = "belongs to another ticket or batch"
        return None

    def _read(self, path: Path, kind: type[ModelT], limit: int = records.MAX_BYTES) -> ModelT | None:
        try:
            stat = path.stat()
        except OSError:
            return None
        version = (stat.st_mtime_ns, stat.st_size)
        known = self._known.get(path)
        if known is not None and known[0] == version and isinstance(known[1], kind):
            return known[1]
        try:
            found = records.read_model(path, kind, limit=limit)
        except ArtifactError as error:
            self._damaged[_place(path)] = error.what
            return None
        self._known[path] = (version, found)
        return found

    def _read_log(self) -> None:
        """Go on in the audit log from where the last look ended; a torn last line waits for the next one."""
        try:
            with self.layout.events.open("rb") as stream:
                end = stream.seek(0, 2)
                start = max(0, end - _TAIL_BYTES) if self._log_read is None else self._log_read
                stream.seek(start if start <= end else 0)
                whole = stream.read().rpartition(b"\n")[0]
        except OSError:
            return
        self._log_read = (start if start <= end else 0) + len(whole)
        for line in whole.split(b"\n"):
            self._note(line)

    def _note(self, line: bytes) -> None:
        if b'"factory-failed"' not in line:
            return
        try:
            event = Event.model_validate_json(line)
        except ValidationError:
            return
        if event.batch_id and event.ticket_id:
            said = str(event.data.get("error", ""))
            self._failed[event.ticket_id, event.batch_id] = (event.at, said)

    def _failure(self, whose: tuple[str, str], folder: TicketFolder) -> str:
        """What the factory failed with on a ticket, unless the work went on since."""
        at, said = self._failed.get(whose, (None, ""))
        later = _written(folder.state)
        return "" if at is None or (later is not None and later > at) else said


def _written(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None


def _place(path: Path) -> str:
    return "/".join(path.parts[-3:])
