"""Which tickets of a batch are ours on the forge: taken at the plan, taken up again by every stage, given back at the end."""

from collections.abc import Iterable

from ci_factory.errors import ForgeError
from ci_factory.model.batch import Batch
from ci_factory.model.forge import Publication
from ci_factory.system import records
from ci_factory.workflow.factory import Factory


def claim(factory: Factory, batch: Batch) -> dict[str, str]:
    """Take the tickets of a new batch; those that another line has at work, each with the reason."""
    if factory.leases is None:
        return {}
    factory.leases.release_others(each.id for each in batch.tickets)
    return factory.leases.claim(name(batch), (each.id for each in batch.tickets))


def resume(factory: Factory, batch: Batch, ticket_ids: Iterable[str]) -> None:
    """Take up these tickets of a batch that another process began; those that are gone are recorded as superseded.

    Nothing is worked on that nobody will publish.
    """
    if factory.leases is None:
        return
    for ticket_id, why in factory.leases.resume(name(batch), ticket_ids).items():
        told = Publication(ticket_id=ticket_id, batch_id=batch.id, outcome="superseded", reason=why)
        records.write_model(factory.layout.batch(batch.id).ticket(ticket_id).publication, told)
        factory.event("publish", "superseded", batch.id, ticket_id, reason=why)


def release(factory: Factory, batch: Batch, ticket_ids: Iterable[str]) -> None:
    """Give tickets back that have ended. A forge that fails now costs others some waiting, and nothing else."""
    if factory.leases is None:
        return
    try:
        factory.leases.release(ticket_ids)
    except ForgeError as error:
        factory.event("publish", "not-released", batch.id, error=error.what[:500])


def name(batch: Batch) -> str:
    """A batch's name among all lines: two that are planned in one second, elsewhere, have the same id."""
    return f"{batch.id}.{batch.created_at:%f}"
