"""The right of one batch to a ticket: taken at the plan, proved at every push, given back when the batch has told its end.

The forge keeps it (`Forge.leases`), as only there two writers meet. Every swap is a compare-and-swap, and the push of a
branch is one as well: who lost the ticket meanwhile, asleep or cut off, can't move the branch any more. Notes and labels
know no such thing on a forge, so before each of them the lease is proved again when that was more than a minute ago.
"""

import secrets
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ci_factory.errors import Superseded
from ci_factory.forge.protocol import Forge
from ci_factory.model.lease import Held, Lease, Swap
from ci_factory.system.clock import Clock

TERM = timedelta(hours=24)
"""How long other lines leave the tickets of a batch alone that says nothing more."""
TRUST_SECONDS = 60.0
"""How long a lease is believed without another look."""


_Free = Callable[[Lease, datetime], bool]
"""Whether a lease that somebody has may be taken now."""


@dataclass(frozen=True)
class _Beat:
    """A moment by both of our clocks: one of them stands while the machine sleeps, the other may be set."""

    monotonic: float
    wall: datetime


@dataclass(frozen=True)
class _Mine:
    """A lease of ours, and when we last asked the forge for it: from then on it counts, not from the answer."""

    held: Held
    lease: Lease
    asked: _Beat


@dataclass
class Leases:
    """What one process holds. May be used by several threads, each with tickets of its own."""

    forge: Forge
    clock: Clock
    line: str
    """Whose batches follow each other and never run side by side."""
    process: str = field(default_factory=lambda: secrets.token_hex(8))
    _mine: dict[str, _Mine] = field(default_factory=dict)
    _lost: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def claim(self, batch_id: str, ticket_ids: Iterable[str]) -> dict[str, str]:
        """Take tickets for a new batch; those that are another line's, each with the reason."""
        return self._take(batch_id, ticket_ids, lambda found, now: not found.bars(self.line, now))

    def resume(self, batch_id: str, ticket_ids: Iterable[str]) -> dict[str, str]:
        """Go on with a batch in another process: takes what is the batch's; the others, each with the reason."""
        return self._take(batch_id, ticket_ids, lambda found, _now: found.batch_id == batch_id)

    def why_not(self, ticket_id: str) -> str | None:
        """Why nothing more may be written about a ticket; `None` when it is ours, or nobody's.

        Raises:
            ForgeError: there is no answer.
        """
        mine = self._mine.get(ticket_id)
        if mine is not None and not self._is_fresh(mine):
            self._swap([self._renewal(mine, TERM)])
        return self._lost.get(ticket_id)

    def push(self, ticket_id: str, branch: str, commit: str, *, expected: str | None) -> None:
        """Move a ticket's branch, and prove in the same step that the ticket is ours.

        Raises:
            Superseded: it is another batch's.
            Conflict: the branch moved.
        """
        mine = self._mine.get(ticket_id)
        if mine is None:
            self.forge.push(branch, commit, expected=expected)
            return
        asked, swap = self._beat(), self._renewal(mine, TERM)
        try:
            self._keep(swap, self.forge.push(branch, commit, expected=expected, lease=swap), asked)
        except Superseded:
            self._keep(swap, None, asked)
            raise

    def release(self, ticket_ids: Iterable[str]) -> None:
        """Give tickets back: whoever comes next need not wait. What another batch has taken meanwhile stays its own."""
        with self._lock:
            mine = [each for ticket_id in ticket_ids if (each := self._mine.pop(ticket_id, None))]
        if mine:
            self.forge.swap_leases([self._renewal(each, timedelta(0)) for each in mine])

    def release_others(self, ticket_ids: Iterable[str]) -> None:
        """Give back all but these."""
        self.release(self._mine.keys() - set(ticket_ids))

    def _take(self, batch_id: str, ticket_ids: Iterable[str], free: _Free) -> dict[str, str]:
        wanted = [each for each in ticket_ids if not self._has(batch_id, each)]
        if not wanted:
            return {}
        found, now = self.forge.leases(wanted), self.forge.now()
        swaps: list[Swap] = []
        for ticket_id in wanted:
            before = found.get(ticket_id)
            if before is None or before.lease is None or free(before.lease, now):
                swaps.append(Swap(before=before, after=self._next(ticket_id, batch_id, before, now + TERM)))
            else:
                self._lose(ticket_id, before.lease)
        self._swap(swaps)
        return {each: self._lost[each] for each in wanted if each in self._lost}

    def _swap(self, swaps: Sequence[Swap]) -> None:
        asked = self._beat()
        done = self.forge.swap_leases(swaps) if swaps else {}
        for each in swaps:
            self._keep(each, done.get(each.after.ticket_id), asked)

    def _next(self, ticket_id: str, batch_id: str, before: Held | None, ends_at: datetime) -> Lease:
        last = before.lease if before else None
        # The job that publishes goes on for the line whose plan took the ticket.
        line = last.line if last and last.batch_id == batch_id else self.line
        return Lease(
            ticket_id=ticket_id,
            batch_id=batch_id,
            line=line,
            process=self.process,
            turn=last.turn + 1 if last else 1,
            ends_at=ends_at,
        )

    def _renewal(self, mine: _Mine, term: timedelta) -> Swap:
        ends_at = self.forge.now() + term
        return Swap(
            before=mine.held, after=self._next(mine.lease.ticket_id, mine.lease.batch_id, mine.held, ends_at)
        )

    def _keep(self, swap: Swap, held: Held | None, asked: _Beat) -> None:
        """Remember how a swap ended; `None`: somebody else has the ticket."""
        ticket_id = swap.after.ticket_id
        if held is None:
            self._lose(ticket_id, None)
            return
        with self._lock:
            self._lost.pop(ticket_id, None)
            self._mine[ticket_id] = _Mine(held, swap.after, asked)

    def _lose(self, ticket_id: str, to: Lease | None) -> None:
        whose = f"batch {to.batch_id} has taken it" if to else "another batch has taken it over"
        with self._lock:
            self._mine.pop(ticket_id, None)
            self._lost[ticket_id] = whose

    def _has(self, batch_id: str, ticket_id: str) -> bool:
        mine = self._mine.get(ticket_id)
        return mine is not None and mine.lease.batch_id == batch_id and self._is_fresh(mine)

    def _beat(self) -> _Beat:
        return _Beat(self.clock.monotonic(), self.clock.now())

    def _is_fresh(self, mine: _Mine) -> bool:
        now = self._beat()
        gone = max(now.monotonic - mine.asked.monotonic, (now.wall - mine.asked.wall).total_seconds())
        return gone < TRUST_SECONDS
