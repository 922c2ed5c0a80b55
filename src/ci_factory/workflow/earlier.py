"""What earlier batches did for a ticket: a change that no longer merges, and an attempt that an answer lets go on."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import ValidationError

from ci_factory.errors import ArtifactError, ForgeError, RepositoryError
from ci_factory.forge.gitlab.forge import GitLabForge
from ci_factory.model.attempt import Attempt, Ending
from ci_factory.model.base import Json
from ci_factory.model.batch import Batch, PlannedTicket
from ci_factory.model.forge import Publication
from ci_factory.model.work_state import Earlier
from ci_factory.planning import pipeline_names as names
from ci_factory.publishing import earlier_work
from ci_factory.system import records
from ci_factory.system.git import Git
from ci_factory.system.layout import Layout, TicketFolder
from ci_factory.workflow.escalations import Asked
from ci_factory.workflow.factory import Factory
from ci_factory.workflow.relay import MAX_BUNDLE_BYTES

_MOST = 20_000
"""Characters of a side."""
_UNFINISHED = frozenset({Ending.DEFERRED, Ending.ESCALATED})
_NOTHING_NEW = frozenset({Ending.SKIPPED, Ending.AGENT_FAILED, Ending.TIMEOUT, Ending.NO_CHANGE})
"""Endings that leave the attempt before them as the one to go on from."""


def earlier_change(hub: Git, layout: Layout, batch: Batch, ticket_id: str) -> str | None:
    """What was tried and what the target branch did instead; `None` unless the last publication met a conflict."""
    for folder in _folders(layout, batch, ticket_id):
        publication = records.read_if_valid(folder.publication, Publication)
        if publication is not None:
            attempt = records.read_if_valid(folder.attempt, Attempt)
            return _told(hub, folder, attempt, publication, batch.base) if attempt else None
    return None


def going_on(hub: Git, layout: Layout, batch: Batch, planned: PlannedTicket) -> Earlier | None:
    """The attempt that this one goes on from; its change, when it can be had, is in the hub.

    It is one that was put off, or that led to a question which people answered: as the folders of earlier batches tell,
    or, where these are gone, as the plan brought it from the forge.
    """
    for folder in _folders(layout, batch, planned.id):
        attempt = records.read_if_valid(folder.attempt, Attempt)
        if attempt is None or attempt.ending in _NOTHING_NEW:
            continue
        refused = None if attempt.ending in _UNFINISHED else _refused(folder)
        if not (attempt.ending in _UNFINISHED or refused is not None) or not _may_go_on(attempt, planned):
            return None
        return _with_change(hub, earlier_work.of(attempt, refused=refused or ""), folder.bundle)
    found = _noted(planned)
    folder = layout.batch(batch.id).ticket(planned.id)
    return _with_change(hub, found, folder.earlier) if found else None


def told(forge_user: str, asked: Iterable[Asked]) -> dict[str, dict[str, Json]]:
    """What our notes on answered tickets keep of the attempts that asked, by ticket."""
    answered = (each for each in asked if each.decision is not None or each.approved)
    found = {each.id: earlier_work.read(each.notes, ours=forge_user) for each in answered}
    return {ticket_id: data for ticket_id, data in found.items() if data is not None}


def bring(factory: Factory, batch: Batch) -> None:
    """Fetch the changes that answered tickets go on from out of the jobs that keep them, for jobs without a forge.

    What is no longer kept is left out: the work then goes on without it, and says so.
    """
    for planned in batch.tickets:
        work = _noted(planned)
        if work is None or not isinstance(factory.forge, GitLabForge):
            continue
        here = factory.layout.batch(work.batch_id).ticket(planned.id).bundle.exists()
        if not here and (bundle := _fetched(factory.forge, work, planned.id)) is not None:
            records.write_bytes(factory.layout.batch(batch.id).ticket(planned.id).earlier, bundle)


def _noted(planned: PlannedTicket) -> Earlier | None:
    """What the plan brought from our note; `None` when that is nothing, or nothing that can be read."""
    data = planned.candidate.earlier
    try:
        return Earlier.model_validate_json(json.dumps(data)) if data else None
    except (ValidationError, ValueError):
        return None


def _fetched(forge: GitLabForge, work: Earlier, ticket_id: str) -> bytes | None:
    """Out of the artifacts of the job that our own note names; what comes is compared with the note before it is used."""
    if work.job is None or work.head is None:
        return None
    path = f"{names.ticket_folder(work.batch_id, ticket_id)}/change.bundle"
    try:
        return forge.artifact(work.job, path, limit=MAX_BUNDLE_BYTES)
    except (ArtifactError, ForgeError):
        return None


def _folders(layout: Layout, batch: Batch, ticket_id: str) -> Iterator[TicketFolder]:
    """Of the ticket in earlier batches, the newest first."""
    older = (folder for folder in reversed(layout.batches()) if folder.path.name < batch.id)
    return (folder.ticket(ticket_id) for folder in older)


def _refused(folder: TicketFolder) -> str | None:
    """Why a change that was made went to people instead of to a merge request; `None` when it did not."""
    publication = records.read_if_valid(folder.publication, Publication)
    held_back = publication is not None and publication.outcome == "escalated"
    return publication.reason if held_back and publication is not None else None


def _may_go_on(attempt: Attempt, planned: PlannedTicket) -> bool:
    candidate = planned.candidate
    answered = candidate.answer is not None or bool(candidate.agreed)
    return attempt.ending is Ending.DEFERRED or answered


def _with_change(hub: Git, work: Earlier, bundle: Path) -> Earlier:
    """The same without its change when that is not to be had, or is another one."""
    if work.head is None:
        return work
    try:
        fits = hub.unbundle(bundle) == work.head and hub.text("rev-parse", f"{work.head}^@") == work.base
    except (ArtifactError, RepositoryError):
        fits = False
    return work if fits else work.model_copy(update={"head": None})


def _told(
    hub: Git, folder: TicketFolder, attempt: Attempt, publication: Publication, base: str
) -> str | None:
    if not publication.conflicts or not folder.bundle.is_file():
        return None
    head = hub.unbundle(folder.bundle)
    files = ", ".join(publication.conflicts[:20])
    tried = hub.diff(attempt.base, head)
    others = hub.diff(attempt.base, base, *publication.conflicts)
    return "\n".join(
        [
            f"Files in conflict: {files}",
            "",
            "What the earlier change did:",
            _bounded(tried),
            "",
            "What the target branch did in these files since then:",
            _bounded(others),
        ]
    )


def _bounded(text: str) -> str:
    return text if len(text) <= _MOST else f"{text[:_MOST]}\n[cut: {len(text)} characters in all]"
