"""The same few figures for each complexity, code area, agent, model and priority. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from operator import attrgetter
from typing import TypeVar

from ci_factory.metrics import definitions
from ci_factory.metrics.figure import Figure
from ci_factory.metrics.measures import costs, quality, times, working
from ci_factory.metrics.sample import Change, Sample, Work
from ci_factory.metrics.statistics import survival
from ci_factory.model.base import Value
from ci_factory.model.metrics_settings import MetricsConfig
from ci_factory.model.ticket import Priority, Size

NAMES = 12
"""Names of each dimension that are told alone."""
OTHER, UNKNOWN = "other", "unknown"
DIMENSIONS = ("size", "area", "agent", "model", "priority")
_ORDERED = {"size": [size.value for size in Size], "priority": [priority.value for priority in Priority]}
"""Dimensions whose names have an order of their own."""
Row = TypeVar("Row", Change, Work)


class Segment(Value):
    """One part of the changes."""

    dimension: str
    """size, area, agent, model or priority."""
    name: str
    """`other` for what comes after the largest; `unknown` where the dimension is not known."""
    changes: int
    """Merge requests in it."""
    figures: tuple[Figure, ...]
    """The same keys, in the same order, for every segment."""


def segments(
    sample: Sample,
    now: datetime,
    settings: MetricsConfig = MetricsConfig(),  # noqa: B008 - frozen
) -> tuple[Segment, ...]:
    """Every segment of every dimension; sizes and priorities in their order, the others with the largest first."""
    return tuple(segment for dimension in DIMENSIONS for segment in _of_one(dimension, sample, now, settings))


def _of_one(dimension: str, sample: Sample, now: datetime, settings: MetricsConfig) -> Iterator[Segment]:
    name = attrgetter(dimension)
    shown = _shown(Counter(map(name, sample.changes)) + Counter(map(name, sample.work)))
    changes, work = _parts(sample.changes, dimension, shown), _parts(sample.work, dimension, shown)
    for each in _in_order(dimension, {*changes, *work}, shown):
        yield _segment(dimension, each, changes.get(each, []), work.get(each, []), now, settings)


def _shown(counted: Counter[str | None]) -> list[str]:
    """The names with the most rows, the largest first."""
    known = ((name, n) for name, n in counted.items() if name)
    return [name for name, _ in sorted(known, key=lambda each: (-each[1], each[0]))][:NAMES]


def _parts(rows: Iterable[Row], dimension: str, shown: Sequence[str]) -> dict[str, list[Row]]:
    name, places = attrgetter(dimension), {each: each for each in shown}
    parts: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        parts[places.get(found, OTHER) if (found := name(row)) else UNKNOWN].append(row)
    return parts


def _in_order(dimension: str, found: set[str], shown: Sequence[str]) -> list[str]:
    order = [*_ORDERED.get(dimension, ()), *shown]
    return [each for each in dict.fromkeys((*order, OTHER, UNKNOWN)) if each in found]


def _segment(
    dimension: str,
    name: str,
    changes: Sequence[Change],
    work: Sequence[Work],
    now: datetime,
    settings: MetricsConfig,
) -> Segment:
    time = times.waiting(definitions.TIME_TO_MERGE, survival.fit(*times.to_merge(changes, now.timestamp())))
    spent = costs.ledger(work, changes)
    figures = (
        quality.acceptance(changes, now, settings),
        *quality.verdicts(changes),
        quality.defects(changes, settings),
        quality.score_median(changes),
        time,
        costs.human_time(changes),
        costs.per_ticket(spent),
        costs.per_accepted(spent),
        working.escalated(work),
    )
    return Segment(dimension=dimension, name=name, changes=len(changes), figures=figures)
