"""An earlier change for a ticket that no longer merges: both sides, as context for the attempt that redoes it (SPEC 1)."""

from ci_factory.model.attempt import Attempt
from ci_factory.model.batch import Batch
from ci_factory.model.forge import Publication
from ci_factory.system import records
from ci_factory.system.git import Git
from ci_factory.system.layout import Layout, TicketFolder

_MOST = 20_000
"""Characters of a side."""


def earlier_change(hub: Git, layout: Layout, batch: Batch, ticket_id: str) -> str | None:
    """What was tried and what the target branch did instead; `None` unless the last publication met a conflict."""
    older = (folder for folder in reversed(layout.batches()) if folder.path.name < batch.id)
    for folder in (each.ticket(ticket_id) for each in older):
        publication = records.read_if_valid(folder.publication, Publication)
        if publication is not None:
            attempt = records.read_if_valid(folder.attempt, Attempt)
            return _told(hub, folder, attempt, publication, batch.base) if attempt else None
    return None


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
