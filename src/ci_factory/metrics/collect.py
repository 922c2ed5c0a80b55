"""Facts from the forge and from the artifacts, all of them, without a memory: what nights and reports ask for."""

from collections.abc import Iterable

from ci_factory.config import Config
from ci_factory.forge.protocol import Forge
from ci_factory.metrics import collecting
from ci_factory.metrics.artifacts import BatchRecord
from ci_factory.metrics.collecting import work
from ci_factory.metrics.collecting.work import predictions_of
from ci_factory.metrics.facts import AttemptFact, History
from ci_factory.model.work_record import top_folders, total_usage
from ci_factory.system.layout import Layout

__all__ = ["attempts_of", "collect", "predictions_of", "top_folders", "total_usage"]


def collect(forge: Forge, layout: Layout, config: Config) -> History:
    """Everything that can be known now.

    Missing or damaged artifacts leave their facts unknown (and are named in `unreadable`).

    Raises:
        ForgeError: the forge can't be read.
    """
    return collecting.collect(forge, layout, config).history


def attempts_of(records: Iterable[BatchRecord]) -> tuple[AttemptFact, ...]:
    """The work on every ticket of some batches that any was done on."""
    return tuple(map(work.attempt_of, work.recorded(records)))
