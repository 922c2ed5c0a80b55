"""What past nights teach: read from the artifacts and the forge, bounded, the newest first to be kept."""

from collections.abc import Iterable, Iterator
from itertools import islice

from ci_factory.metrics import artifacts, collect
from ci_factory.metrics.facts import AttemptFact, History
from ci_factory.metrics.merge_requests import score_block
from ci_factory.metrics.outcomes import decision_of, past_attempts
from ci_factory.model.forge import MergeRequest, NoteTarget
from ci_factory.model.history import PastAttempt
from ci_factory.system import records
from ci_factory.system.layout import Layout
from ci_factory.workflow.factory import Factory

BATCHES = 60
"""Newest nights whose artifacts are read."""
NOTES = 200
"""Newest merge requests without artifacts whose notes are asked for, one request each."""
ATTEMPTS = 10_000
"""Most attempts that are returned."""
_FACTS = "facts.json"
"""What `ci-factory collect` leaves in the output folder; it may know nights whose artifacts are gone."""


def past(factory: Factory) -> tuple[PastAttempt, ...]:
    """The newest past attempts and what people made of them, oldest first.

    Work is known from the artifacts of the output folder, else from the facts that were collected there, else from our
    own notes on merge requests; the latter know neither minutes nor cost. What people decided is asked of the forge.

    Raises:
        ForgeError: the forge can't be read.
    """
    requests = {
        each.iid: each
        for each in factory.forge.merge_requests(state=None, details=False)
        if each.author == factory.forge.user
    }
    worked = _worked(factory.layout)
    told = past_attempts(worked, requests)
    delivered = {each.merge_request for each in worked}
    lost = (requests[iid] for iid in sorted(requests, reverse=True) if iid not in delivered)
    return _newest((*told, *_noted(factory, islice(lost, NOTES))))


def measured(layout: Layout) -> tuple[PastAttempt, ...]:
    """The same from the files alone: how long past work took and what it cost. What people decided is not asked."""
    return _newest(past_attempts(_worked(layout), {}))


def _worked(layout: Layout) -> list[AttemptFact]:
    """Every known attempt once; the artifact before the collected fact."""
    collected = records.read_if_valid(layout.root / _FACTS, History)
    found = {(each.batch, each.ticket): each for each in (collected.attempts if collected else ())}
    for each in collect.attempts_of(artifacts.read_archive(layout, BATCHES).batches):
        found[each.batch, each.ticket] = each
    return list(found.values())


def _noted(factory: Factory, requests: Iterable[MergeRequest]) -> Iterator[PastAttempt]:
    """Of merge requests that no file here knows of, as far as our notes name agent, batch and size."""
    for request in requests:
        notes = factory.forge.notes(NoteTarget.MERGE_REQUEST, str(request.iid))
        told, _ = score_block(notes, author=factory.forge.user, ticket_id=request.ticket_id)
        if told is None or told.agent is None or told.batch is None or told.size is None:
            continue
        decision = decision_of(request)
        yield PastAttempt(
            batch=told.batch,
            ticket=request.ticket_id,
            agent=told.agent,
            size=told.size,
            started_at=request.created_at,
            minutes=None,
            outcome=decision.outcome,
            decided_at=decision.at,
        )


def _newest(attempts: Iterable[PastAttempt]) -> tuple[PastAttempt, ...]:
    ordered = sorted(attempts, key=lambda each: (each.started_at, each.batch, each.ticket, each.agent))
    return tuple(ordered[-ATTEMPTS:])
