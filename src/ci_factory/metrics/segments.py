"""The same few figures for each complexity, code area, agent, model and priority. Pure."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

from ci_factory.metrics import definitions
from ci_factory.metrics.figure import Figure
from ci_factory.metrics.measures import costs, quality, times, working
from ci_factory.metrics.measures.costs import Attention, Landed, Paid
from ci_factory.metrics.measures.quality import Fate, Outcome, Review
from ci_factory.metrics.sample import Sample
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
Row = TypeVar("Row")


class _Standing(NamedTuple):
    """What is counted of a merge request; there are few of them."""

    outcome: Outcome
    review: Review
    fate: Fate
    attention: Attention
    judged: bool


class _Seen(NamedTuple):
    """What the figures need of one merge request, found once for all dimensions."""

    standing: _Standing
    score: float | None
    minutes: float | None
    merging: float | None
    """How long it took from ready to the merge."""
    waiting: float | None
    """How long it was watched without that."""
    landed: Landed | None


class _Done(NamedTuple):
    """The same of the work on one ticket in one batch."""

    ending: str | None
    paid: Paid | None


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
    seen, done = _prepared(sample, now, settings)
    return tuple(
        segment for dimension in DIMENSIONS for segment in _of_one(dimension, sample, seen, done, settings)
    )


def _prepared(sample: Sample, now: datetime, settings: MetricsConfig) -> tuple[list[_Seen], list[_Done]]:
    """For each merge request and for each piece of work, in their order."""
    changes = sample.changes
    paid, landed = costs.entries(sample.work, changes)
    standings = map(
        _Standing,
        quality.outcomes(changes, now, settings),
        quality.reviews(changes),
        quality.fates(changes, settings),
        costs.attentions(changes),
        [each.verdict is not None for each in changes],
    )
    scores = [None if each.verdict is None else each.score for each in changes]
    spent = map(costs.minutes, changes)
    seen = map(_Seen, standings, scores, spent, *times.merging(changes, now.timestamp()), landed)
    return list(seen), list(map(_Done, working.endings(sample.work), paid))


def _of_one(
    dimension: str, sample: Sample, seen: Sequence[_Seen], done: Sequence[_Done], settings: MetricsConfig
) -> Iterator[Segment]:
    of_changes, of_work = (list(map(attrgetter(dimension), rows)) for rows in (sample.changes, sample.work))
    shown = _shown(Counter(of_changes) + Counter(of_work))
    changes, work = _parts(seen, of_changes, shown), _parts(done, of_work, shown)
    for each in _in_order(dimension, {*changes, *work}, shown):
        part = changes.get(each, [])
        figures = tuple(_figures(part, work.get(each, []), settings))
        yield Segment(dimension=dimension, name=each, changes=len(part), figures=figures)


def _shown(counted: Counter[str | None]) -> list[str]:
    """The names with the most rows, the largest first."""
    known = ((name, n) for name, n in counted.items() if name)
    return [name for name, _ in sorted(known, key=lambda each: (-each[1], each[0]))][:NAMES]


def _parts(rows: Iterable[Row], names: Iterable[str | None], shown: Sequence[str]) -> dict[str, list[Row]]:
    """Rows by the name under which they are told."""
    told = {None: UNKNOWN, "": UNKNOWN} | {each: each for each in shown}
    parts: dict[str, list[Row]] = defaultdict(list)
    for row, name in zip(rows, names, strict=True):
        parts[told.get(name, OTHER)].append(row)
    return parts


def _in_order(dimension: str, found: set[str], shown: Sequence[str]) -> list[str]:
    order = [*_ORDERED.get(dimension, ()), *shown]
    return [each for each in dict.fromkeys((*order, OTHER, UNKNOWN)) if each in found]


def _figures(changes: Sequence[_Seen], work: Sequence[_Done], settings: MetricsConfig) -> Iterator[Figure]:
    standings, scores, spent, merging, waiting, landed = _columns(changes, len(_Seen._fields))
    counted = Counter(standings)
    yield quality.accepted(_sums(counted, attrgetter("outcome")), settings)
    yield from quality.reviewed(_sums(counted, attrgetter("review")))
    yield quality.defective(_sums(counted, attrgetter("fate")), settings)
    yield quality.score_median(scores, _sums(counted, attrgetter("judged"))[True])
    yield times.waiting(definitions.TIME_TO_MERGE, survival.fit(*times.known(merging, waiting), 0.5))
    yield costs.attended(_sums(counted, attrgetter("attention")), spent)
    endings, paid = _columns(work, len(_Done._fields))
    ledger = costs.settled(paid, landed)
    yield costs.per_ticket(ledger)
    yield costs.per_accepted(ledger)
    yield working.escalations(endings)


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> Sequence[tuple[Any, ...]]:
    return list(zip(*rows, strict=True)) or [()] * width


def _sums(counted: Counter[_Standing], part: Callable[[_Standing], Any]) -> Counter[Any]:
    sums: Counter[Any] = Counter()
    for standing, n in counted.items():
        sums[part(standing)] += n
    return sums
