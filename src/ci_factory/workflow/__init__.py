"""The table of contents: the stages of a night, in order, each one call."""

from collections.abc import Sequence
from dataclasses import dataclass

from ci_factory.model.batch import Batch
from ci_factory.model.review import ReviewQueue
from ci_factory.model.ticket import Ticket
from ci_factory.work import confinement
from ci_factory.workflow import intake, merge_truth, morning, night, planning
from ci_factory.workflow.factory import Factory
from ci_factory.workflow.night import Generated

__all__ = ["Factory", "Outcome", "run"]


@dataclass(frozen=True)
class Outcome:
    """What a run brought."""

    batch: Batch | None
    """The last batch that was run or resumed; `None` when there was nothing to do."""
    queue: ReviewQueue
    broken: tuple[str, ...]
    """Tickets that the factory itself failed on; they stay queued and the next run takes them up."""
    aborted: str = ""
    """Why the batch ended early; empty: it did not. The next run goes on with what was put off."""


def run(factory: Factory, tickets: Sequence[Ticket] = ()) -> Outcome:
    """Take tickets through the whole line; a killed run is resumed by running it again.

    Raises:
        FactoryError: a sandbox is required and there is none; nothing was begun.
    """
    confinement.require(factory.agents, factory.config)
    with factory.exclusively():
        intake.receive(factory, tickets)
        batch, brought = _generate(factory, planning.unfinished(factory))
        if not brought.broken and not brought.aborted:
            fresh, brought = _generate(factory, planning.plan(factory, intake.intake(factory)))
            batch = fresh or batch
        merge_truth.before_review(factory)
        queue = morning.review(factory)
        morning.report(factory)
        return Outcome(batch, queue, brought.broken, brought.aborted)


def _generate(factory: Factory, batch: Batch | None) -> tuple[Batch | None, Generated]:
    return batch, night.generate(factory, batch) if batch else Generated()
