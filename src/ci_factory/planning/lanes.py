"""Agent slots: when and where a ticket can start."""

from dataclasses import dataclass, field
from typing import NamedTuple


class Slot(NamedTuple):
    """A place on a lane; minutes count from the batch's start."""

    lane: int
    start: float
    end: float


@dataclass
class Lanes:
    """List scheduling: every ticket goes where it can start first."""

    count: int
    _free: list[float] = field(init=False)
    _locked: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """All lanes are free at the start."""
        self._free = [0.0] * self.count

    def find(self, ready: float, minutes: float, *, lock: str | None, prefer: int | None) -> Slot:
        """The first slot from `ready` on.

        A ticket with a `lock` goes to the lane that others with this lock are on. `prefer` is taken when no lane is
        earlier, else the lane that is free the longest.
        """
        lane = self._locked.get(lock) if lock is not None else None
        if lane is None:
            earliest = min(self._free)
            as_early = prefer is not None and self._free[prefer] <= max(earliest, ready)
            lane = prefer if as_early and prefer is not None else self._free.index(earliest)
        start = max(self._free[lane], ready)
        return Slot(lane, start, start + minutes)

    def take(self, slot: Slot, lock: str | None) -> None:
        """Occupy a slot that `find` gave last."""
        self._free[slot.lane] = slot.end
        if lock is not None:
            self._locked[lock] = slot.lane
