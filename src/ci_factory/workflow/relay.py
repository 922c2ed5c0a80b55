"""Changes handed from job to job as files: believed only as far as they fit the project, batch, ticket and trees.

Whoever runs an agent or a change's tests can write any file, so nothing here says that a change is good; it says that
it is the change of this ticket. Whether the change below is the published one is asked again before publication.
"""

from ci_factory.errors import ArtifactError
from ci_factory.model import protected
from ci_factory.model.attempt import Attempt, CheckpointName, CheckpointStatus, Ending
from ci_factory.model.batch import Batch, PlannedTicket
from ci_factory.model.forge import Publication
from ci_factory.model.gate import Score, Verdict
from ci_factory.publishing.publisher import PUBLISHABLE, Judged
from ci_factory.system import records
from ci_factory.system.git import Git
from ci_factory.workflow.factory import Factory, Workshop

STACKABLE = frozenset({Verdict.PASS, Verdict.INCONCLUSIVE})
"""Verdicts on a change that another one may be built on."""
MAX_BUNDLE_BYTES = 256 * 1024 * 1024
_AGAIN = "run the stage that writes it again, and give this one its files"


def check_batch(batch: Batch, project: str) -> None:
    """Refuse the plan of another project.

    Raises:
        ArtifactError: it is one.
    """
    if batch.project != project:
        raise _unfit(batch.id, f"the batch belongs to project {batch.project!r}, this is {project!r}")


def read_attempt(shop: Workshop, batch: Batch, planned: PlannedTicket) -> Attempt:
    """What the work on a ticket brought.

    Raises:
        ArtifactError: it is missing, malformed, or of another ticket, batch or base.
    """
    attempt = records.read_model(shop.layout.batch(batch.id).ticket(planned.id).attempt, Attempt)
    check_attempt(attempt, batch, planned)
    return attempt


def check_attempt(attempt: Attempt, batch: Batch, planned: PlannedTicket) -> None:
    """Refuse the work on another ticket, in another batch or on another base.

    Raises:
        ArtifactError: it is one.
    """
    if attempt.ticket_id != planned.id:
        raise _unfit(planned.id, f"the attempt is one at ticket {attempt.ticket_id}")
    if attempt.batch_id != batch.id:
        raise _unfit(planned.id, f"the attempt is of batch {attempt.batch_id}, not {batch.id}")
    if planned.stacked_on is None and attempt.base != batch.base:
        raise _unfit(planned.id, f"the attempt starts from {attempt.base[:12]}, not from the batch's base")


def own_attempt(attempt: Attempt, batch: Batch, planned: PlannedTicket) -> Attempt:
    """The work on a ticket; in place of what is none of its own, an attempt that says so and brings nothing."""
    try:
        check_attempt(attempt, batch, planned)
    except ArtifactError as error:
        return Attempt(
            ticket_id=planned.id,
            batch_id=batch.id,
            agent=planned.agent,
            started_at=attempt.started_at,
            finished_at=attempt.finished_at,
            ending=Ending.SKIPPED,
            reason=f"what was left for it is not its own: {error.what}",
            planned_size=planned.size,
            base=batch.base,
        )
    return attempt


def take_change(shop: Workshop, batch: Batch, attempt: Attempt) -> str:
    """Bring a change into the hub; its head.

    Raises:
        ArtifactError: the bundle holds anything but the attempt's tree, as one commit on its base.
    """
    path, hub = shop.layout.batch(batch.id).ticket(attempt.ticket_id).bundle, shop.hub
    if not path.is_file() or path.stat().st_size > MAX_BUNDLE_BYTES:
        raise _unfit(str(path), f"is missing, or larger than {MAX_BUNDLE_BYTES} bytes")
    head = hub.unbundle(path)
    if (head, hub.tree_of(head)) != (attempt.head, attempt.tree):
        raise _unfit(attempt.ticket_id, "attempt and bundle do not speak of the same tree")
    if hub.text("rev-parse", f"{head}^@").split() != [attempt.base] or not hub.is_ancestor(batch.base, head):
        raise _unfit(attempt.ticket_id, "the bundle's change does not stand on the attempt's base")
    return head


def check_verdict(judged: Judged) -> None:
    """Refuse a verdict on another change, or on the same one seen from another base.

    Raises:
        ArtifactError: it is one.
    """
    attempt = judged.attempt
    for verdict in (judged.report, judged.score):
        if verdict is not None and (verdict.tree, verdict.base) != (attempt.tree, attempt.base):
            raise _unfit(attempt.ticket_id, "the verdict is one on another change")


def tells_agents(git: Git, batch: Batch, head: str) -> bool:
    """Whether a change brings instructions or settings for agents: a person reads them before an agent does."""
    return protected.tells_agents(each.path for each in git.changes(batch.base, head, renames=False))


def base_of(shop: Workshop, batch: Batch, planned: PlannedTicket) -> tuple[str, str]:
    """The commit to start from, now in the hub, and why the ticket can't start (empty when it can).

    It is the nearest change below that can be built on. One that merely touches the same files may be passed over,
    one that the ticket depends on may not.

    Raises:
        ArtifactError: what a ticket before it brought is missing, or does not fit.
    """
    by_id = {each.id: each for each in batch.tickets}
    for ticket_id in planned.waits_for:
        if ticket_id in planned.candidate.ticket.depends_on and not _usable(shop, batch, by_id[ticket_id]):
            return batch.base, f"it depends on {ticket_id}, which brought no change that can be built on"
    for below in _below(batch, planned):
        if (below.id == planned.stacked_on or _is_here(shop, batch, below)) and (
            attempt := _usable(shop, batch, below)
        ):
            return take_change(shop, batch, attempt), ""
    return batch.base, ""


def on_published(factory: Factory, batch: Batch, judged: Judged) -> Judged:
    """A change that was built on another one's commit, as one on the commit that publication made of it.

    Only the base's name changes: both commits have the same tree. One whose base was not published stays as it is, and
    publication refuses it.
    """
    for below in _below(batch, judged.planned):
        folder = factory.layout.batch(batch.id).ticket(below.id)
        attempt = records.read_if_valid(folder.attempt, Attempt)
        published = records.read_if_valid(folder.publication, Publication)
        if attempt is None or attempt.head != judged.attempt.base or published is None:
            continue
        if published.head is not None and _same_tree(factory.git, published.head, attempt):
            moved = judged.attempt.model_copy(update={"base": published.head})
            return Judged(judged.planned, moved, judged.report, judged.score)
    return judged


def _same_tree(git: Git, commit: str, attempt: Attempt) -> bool:
    return git.ref(f"{commit}^{{tree}}") == attempt.tree


def _below(batch: Batch, planned: PlannedTicket) -> list[PlannedTicket]:
    """The tickets that it is stacked on, the nearest first."""
    by_id = {each.id: each for each in batch.tickets}
    found: list[PlannedTicket] = []
    below = by_id.get(planned.stacked_on or "")
    while below is not None and below not in found:
        found.append(below)
        below = by_id.get(below.stacked_on or "")
    return found


def _is_here(shop: Workshop, batch: Batch, planned: PlannedTicket) -> bool:
    return shop.layout.batch(batch.id).ticket(planned.id).attempt.is_file()


def _usable(shop: Workshop, batch: Batch, planned: PlannedTicket) -> Attempt | None:
    """The attempt, when its change can be built on: as the gate stage says, or before it, as the work itself ended."""
    attempt = read_attempt(shop, batch, planned)
    if attempt.ending not in PUBLISHABLE or attempt.head is None:
        return None
    if tells_agents(shop.hub, batch, take_change(shop, batch, attempt)):
        return None
    score = records.read_if_valid(shop.layout.batch(batch.id).ticket(planned.id).score, Score)
    if score is not None:
        check_verdict(Judged(planned, attempt, None, score))
        return attempt if score.verdict in STACKABLE else None
    proven = {each.name for each in attempt.checkpoints if each.status is CheckpointStatus.PASSED}
    return attempt if CheckpointName.C2 in proven else None


def _unfit(where: str, what: str) -> ArtifactError:
    return ArtifactError(what, where=where, fix=_AGAIN)
