"""Who occupies which resource when: resource profiles, and the one question that all schedule generation asks of them."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Profile:
    """Free units of one resource as a step function of time."""

    capacity: int
    _times: list[float] = field(default_factory=lambda: [0.0])
    """Where a step begins, increasing; the last step has no end, and everything is free on it."""
    _free: list[int] = field(init=False)

    def __post_init__(self) -> None:
        """Everything is free."""
        self._free = [self.capacity]

    @property
    def opens(self) -> float:
        """Nothing at all is free before."""
        return self._times[0] if self._free[0] else self._times[1]

    def earliest(self, ready: float, duration: float, units: int) -> float:
        """The first time from `ready` on at which so many units are free for so long."""
        times, free = self._times, self._free
        last = len(times) - 1
        at = bisect_right(times, ready) - 1
        start = ready
        while at < last:
            if free[at] < units:
                at += 1
                start = times[at]
                continue
            end = start + duration
            ahead = at + 1
            while ahead <= last and times[ahead] < end and free[ahead] >= units:
                ahead += 1
            if ahead > last or times[ahead] >= end:
                break
            at = ahead  # too tight here: the start moves behind it
        return start

    def take(self, start: float, end: float, units: int) -> None:
        """Occupy what `earliest` found."""
        if start == end:
            return
        first, last = self._split(start), self._split(end)
        for at in range(first, last):
            self._free[at] -= units
        self._join(last)
        self._join(first)

    def _split(self, time: float) -> int:
        """The step that begins at this time, made if there is none."""
        at = bisect_left(self._times, time)
        if at == len(self._times) or self._times[at] != time:
            self._times.insert(at, time)
            self._free.insert(at, self._free[at - 1])
        return at

    def _join(self, at: int) -> None:
        """Steps of equal height are one, so that a resource that is always busy stays one step."""
        if at and self._free[at] == self._free[at - 1]:
            del self._times[at], self._free[at]


@dataclass
class Timetable:
    """The profiles of all resources."""

    capacities: Sequence[int]
    profiles: list[Profile] = field(init=False)

    def __post_init__(self) -> None:
        """Everything is free."""
        self.profiles = [Profile(capacity) for capacity in self.capacities]

    def earliest(
        self, ready: float, duration: float, demands: Sequence[tuple[int, int]], before: float = math.inf
    ) -> float:
        """The first time from `ready` on at which all demands fit together; infinity when it is not below `before`.

        What takes no time is in nobody's way, whatever it demands.
        """
        if not duration:
            return ready if ready < before else math.inf
        if len(demands) == 1:
            resource, units = demands[0]
            profile = self.profiles[resource]
            return math.inf if profile.opens >= before else profile.earliest(ready, duration, units)
        start = ready
        while start < before:
            moved = start
            for resource, units in demands:
                moved = self.profiles[resource].earliest(moved, duration, units)
            if moved == start:
                return start
            start = moved
        return math.inf

    def take(self, start: float, end: float, demands: Sequence[tuple[int, int]]) -> None:
        """Occupy what `earliest` found."""
        for resource, units in demands:
            self.profiles[resource].take(start, end, units)
