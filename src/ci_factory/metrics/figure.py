"""A figure: a number that says what it is, what it rests on, and whether it may be judged."""

import math
from enum import StrEnum

from ci_factory.metrics.statistics.proportions import wilson
from ci_factory.model.base import Value

ENOUGH = 5
"""Below this many observations a figure is shown, but not judged against its target."""


class Unit(StrEnum):
    """What a value counts."""

    SHARE = "share"
    """0 to 1."""
    SECONDS = "seconds"
    USD = "usd"
    POINTS = "points"
    COUNT = "count"
    MINUTES = "minutes"
    HOURS = "hours"
    """Of people's work, which may be negative."""
    NUMBER = "number"
    """Neither a share nor a count, such as a mean of squares."""


class Status(StrEnum):
    """How a figure stands to its target."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"
    """There is no target, no value, or not enough data to tell."""


class Target(Value):
    """What is aimed at: beyond a bound, or between two (both included)."""

    above: float | None = None
    below: float | None = None
    inclusive: bool = False

    def met(self, value: float) -> bool:
        """Whether a value is where it should be."""
        if self.inclusive:
            return (self.above is None or value >= self.above) and (self.below is None or value <= self.below)
        return (self.above is None or value > self.above) and (self.below is None or value < self.below)

    def judge(self, low: float, high: float) -> Status:
        """Good or bad when all of `low` to `high` is, else unknown."""
        if self.met(low) and self.met(high):
            return Status.GOOD
        short = self.above is not None and not Target(above=self.above, inclusive=self.inclusive).met(high)
        beyond = self.below is not None and not Target(below=self.below, inclusive=self.inclusive).met(low)
        return Status.BAD if short or beyond else Status.UNKNOWN


class Metric(Value):
    """What a figure measures; fixed, while figures change every night."""

    key: str
    name: str
    unit: Unit
    definition: str
    target: Target | None = None


class Figure(Value):
    """One number of the dashboard. `value` is `None` when it is unknown."""

    key: str
    name: str
    unit: Unit
    value: float | None
    n: int
    """Observations it rests on."""
    interval: tuple[float, float] | None = None
    """95 %, in the same unit."""
    target: Target | None = None
    status: Status = Status.UNKNOWN
    definition: str
    note: str = ""
    """What a reader must know to not misread the value."""
    labels: dict[str, str] = {}
    """What it is about, when the same figure is given for several things."""


Ends = tuple[float | None, float | None]
"""Of a 95 % interval; `None` where it has no end on that side."""


def share(
    metric: Metric,
    hits: int,
    of: int,
    *,
    note: str = "",
    labels: dict[str, str] | None = None,
    interval: tuple[float, float] | None = None,
) -> Figure:
    """A share of a sample, with Wilson's interval unless another one is given."""
    return measure(
        metric, hits / of if of else None, of, interval=interval or wilson(hits, of), note=note, labels=labels
    )


def measure(
    metric: Metric,
    value: float | None,
    n: int,
    *,
    interval: Ends | None = None,
    note: str = "",
    labels: dict[str, str] | None = None,
) -> Figure:
    """A figure of a sample; judged only when enough is observed and the whole interval is on one side of the target."""
    status, doubt = _judge(metric, value, n, interval or (None, None))
    low, high = interval or (None, None)
    return _figure(
        metric,
        value,
        n,
        status,
        _join(_scarce(n), doubt, note),
        interval=(low, high) if low is not None and high is not None else None,
        labels=labels,
    )


def whole(metric: Metric, value: float | None, n: int, *, note: str = "") -> Figure:
    """A fact about all there is, such as one night; judged as it stands, as nothing is inferred from it."""
    status = Status.UNKNOWN
    if value is not None and metric.target is not None:
        status = Status.GOOD if metric.target.met(value) else Status.BAD
    return _figure(metric, value, n, status, note)


def _judge(metric: Metric, value: float | None, n: int, ends: Ends) -> tuple[Status, str]:
    """The status, and why it is unknown where the reader can't see it."""
    if metric.target is None or value is None or n < ENOUGH:
        return Status.UNKNOWN, ""
    low, high = ends
    if low is None and high is None:
        return Status.UNKNOWN, "no interval, so not judged"
    status = metric.target.judge(-math.inf if low is None else low, math.inf if high is None else high)
    return status, "" if status is not Status.UNKNOWN else "the interval includes the target: can't tell yet"


def _scarce(n: int) -> str:
    return f"not enough data (n = {n})" if n < ENOUGH else ""


def _join(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _figure(
    metric: Metric,
    value: float | None,
    n: int,
    status: Status,
    note: str,
    *,
    interval: tuple[float, float] | None = None,
    labels: dict[str, str] | None = None,
) -> Figure:
    return Figure(
        key=metric.key,
        name=metric.name,
        unit=metric.unit,
        value=value,
        n=n,
        interval=interval,
        target=metric.target,
        status=status,
        definition=metric.definition,
        note=note,
        labels=labels or {},
    )
