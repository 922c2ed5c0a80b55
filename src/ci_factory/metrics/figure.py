"""A figure: a number that says what it is, what it rests on, and whether it may be judged."""

from enum import StrEnum

from ci_factory.metrics.statistics import wilson
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


def share(
    metric: Metric, hits: int, of: int, *, note: str = "", labels: dict[str, str] | None = None
) -> Figure:
    """A share of a sample, with its interval; judged only when the whole interval is on one side of the target."""
    interval = wilson(hits, of)
    status = Status.UNKNOWN
    if interval is not None and metric.target is not None and of >= ENOUGH:
        met = {metric.target.met(end) for end in interval}
        status = (Status.GOOD if met.pop() else Status.BAD) if len(met) == 1 else Status.UNKNOWN
        note = (
            note
            if status is not Status.UNKNOWN
            else _join("the interval includes the target: can't tell yet", note)
        )
    value = hits / of if of else None
    return _figure(
        metric, value, of, status, _join(_scarce(of), note), interval=interval, labels=labels or {}
    )


def measure(metric: Metric, value: float | None, n: int, *, note: str = "") -> Figure:
    """A mean, median or ratio of a sample; judged when it rests on enough observations."""
    status = _judge(metric, value) if n >= ENOUGH else Status.UNKNOWN
    return _figure(metric, value, n, status, _join(_scarce(n), note))


def whole(metric: Metric, value: float | None, n: int, *, note: str = "") -> Figure:
    """A fact about all there is, such as one night; judged as it stands, as nothing is inferred from it."""
    return _figure(metric, value, n, _judge(metric, value), note)


def _judge(metric: Metric, value: float | None) -> Status:
    if value is None or metric.target is None:
        return Status.UNKNOWN
    return Status.GOOD if metric.target.met(value) else Status.BAD


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
