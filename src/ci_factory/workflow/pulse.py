"""The running night's signs of life: one small file beside the batch, for `ci-factory status` in another process."""

import contextlib
import threading
from collections.abc import Iterable, Iterator
from datetime import datetime

from ci_factory.model.batch import Batch, PlannedTicket
from ci_factory.model.pulse import AtWork, Pulse
from ci_factory.system import records
from ci_factory.workflow.factory import Workshop

EVERY_SECONDS = 15.0
"""Between two signs of a night in which nothing changes."""


class Heart:
    """Writes pulse.json: when somebody starts or ends, and every few seconds in a thread of its own.

    A write that fails (a full disk) is passed over: the work must not stop because nobody can watch it.
    """

    def __init__(self, shop: Workshop, batch: Batch, credentials: dict[str, str]) -> None:
        """Say nothing yet; `credentials` are those of each agent."""
        self._clock = shop.clock
        self._path = shop.layout.batch(batch.id).pulse
        self._pulse = Pulse(batch_id=batch.id, at=shop.clock.now(), credentials=credentials)
        self._since: dict[str, datetime] = {}
        self._lock = threading.Lock()
        self._done = threading.Event()

    @contextlib.contextmanager
    def beating(self) -> Iterator["Heart"]:
        """Live until the block ends, however it does; then say that it is over."""
        thread = threading.Thread(target=self._beat, name="pulse", daemon=True)
        self._write()
        thread.start()
        try:
            yield self
        finally:
            self._done.set()
            thread.join()
            self._write(over=True, at_work=())

    def show(self, running: Iterable[PlannedTicket]) -> None:
        """Tell who is at work, if that has changed."""
        now = self._clock.now()
        tickets = {planned.id: planned for planned in running}
        self._since = {ticket_id: self._since.get(ticket_id, now) for ticket_id in tickets}
        at_work = tuple(
            AtWork(ticket_id=each.id, agent=each.agent, lane=each.lane, since=self._since[each.id])
            for each in tickets.values()
        )
        if at_work != self._pulse.at_work:
            self._write(at_work=at_work)

    def _beat(self) -> None:
        while not self._done.wait(EVERY_SECONDS):
            self._write()

    def _write(self, **changes: object) -> None:
        with self._lock, contextlib.suppress(OSError):
            self._pulse = self._pulse.model_copy(update={"at": self._clock.now(), **changes})
            records.write_model(self._path, self._pulse)
