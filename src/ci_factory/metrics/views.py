"""The figures of every part of the sample that a reader of the page can choose. Pure.

All of them are computed here; the page's script only shows the chosen ones, so that no formula exists twice. Parts that
hold the same rows are computed once.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain, product
from math import inf
from operator import attrgetter
from typing import Any, NamedTuple

from ci_factory.metrics.figure import Figure, Status
from ci_factory.metrics.sample import Change, Sample
from ci_factory.model.base import Value

LARGEST = 8
"""Projects, agents and areas that can be chosen by name, those with most changes; the others come together."""
MOST = 400
"""Views of one page."""
ROWS = 12_000
"""Changes that all views of named parts are computed of, so that the page of a large factory is made in seconds."""
LARGE = ROWS // 4
"""Changes of the largest of these views, so that one does not take the place of many."""
_RESERVED = ROWS // 2
"""Of all these changes, those that are kept for views of more than one name."""
OTHER = "others"
"""What is beyond the largest, and what has no name."""
PERIODS: tuple[tuple[str, int | None], ...] = (
    ("all", None),
    ("52 weeks", 52),
    ("13 weeks", 13),
    ("4 weeks", 4),
)
"""Name, and weeks before now."""

Compute = Callable[[Sample], Sequence[Figure]]


def name_of(figure: Figure) -> str:
    """What tells it apart: `acceptance_rate`, `merged_by_day 7`."""
    return " ".join((figure.key, *figure.labels.values()))


class ViewFigure(Value):
    """A figure of one view; name, unit, target and definition are those of the same figure over everything."""

    key: str
    """As `name_of` has it."""
    value: float | None
    n: int
    interval: tuple[float, float] | None = None
    status: Status = Status.UNKNOWN
    note: str = ""


class View(Value):
    """A part of the sample; `None` does not restrict."""

    period: str
    project: str | None
    agent: str | None
    area: str | None
    changes: int
    figures: tuple[ViewFigure, ...]


class Views(Value):
    """What can be chosen, and the figures of every choice that has a change."""

    periods: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    """Empty when there is nothing to choose."""
    agents: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    others: dict[str, int] = {}
    """Dimension -> names that come together as `OTHER`."""
    left_out: int = 0
    """Choices with changes that were not computed, as there are too many of them or of their changes."""
    views: tuple[View, ...] = ()


class _Choice(NamedTuple):
    """Which rows: the place of the period, and the named part."""

    period: int
    project: str | None
    agent: str | None
    area: str | None

    @property
    def names(self) -> tuple[str | None, str | None, str | None]:
        """The named part."""
        return self[1:]

    @property
    def named(self) -> int:
        """How many names restrict it."""
        return 3 - self.names.count(None)


_Key = tuple[str | None, str | None, str | None]


class _Bucket(NamedTuple):
    """Rows of one project, agent and area, oldest first; what has no moment comes before all."""

    moments: list[float]
    rows: list[Any]


_Slices = tuple[tuple[int, _Key, int], ...]
"""Which rows a part holds: kind of rows, bucket, first row. The same slices are the same rows."""


def tell(sample: Sample, now: datetime, whole: Sequence[Figure], compute: Compute) -> Views:
    """The views of a sample.

    Args:
        sample: all rows.
        now: until when periods reach.
        whole: the figures of all rows.
        compute: gives the same figures of a part, from which verdicts of gates are left out.
    """
    names, starts = _Names(sample.changes), _starts(now)
    kinds = _buckets(sample, names)
    everything = _slices(kinds, names.keys(_Choice(0, None, None, None)), -inf)
    known: dict[_Slices, tuple[ViewFigure, ...]] = {everything: _figures(whole)}
    found: dict[_Choice, View] = {}
    budget, left_out = ROWS, 0
    for choice in names.choices():
        slices = _slices(kinds, names.keys(choice), starts[choice.period])
        part = _part(kinds, slices)
        cost = len(part.changes) if choice.named and slices not in known else 0
        if not part.changes:
            continue
        left = budget - (_RESERVED if choice.named == 1 else 0)
        if len(found) == MOST or cost > min(left, LARGE):
            left_out += 1
            continue
        budget -= cost
        told = known.setdefault(slices, known.get(slices) or _figures(compute(part)))
        found[choice] = _view(choice, len(part.changes), told)
    return Views(
        periods=tuple(name for name, _ in PERIODS),
        projects=names.offered(0),
        agents=names.offered(1),
        areas=names.offered(2),
        others=names.others(),
        left_out=left_out,
        views=tuple(found.values()),
    )


class _Named(dict[str | None, str]):
    """Name -> what it is chosen by."""

    def __missing__(self, _name: str | None) -> str:
        return OTHER


class _Names:
    """The names that can be chosen: of projects, agents, areas."""

    def __init__(self, changes: Sequence[Change]) -> None:
        counted = [
            Counter[str | None](map(attrgetter(name), changes)) for name in ("project", "agent", "area")
        ]
        self._all = [set(counter) for counter in counted]
        self.largest = [_Named((name, name) for name in _largest(counter)) for counter in counted]

    def offered(self, dimension: int) -> tuple[str, ...]:
        """What of a dimension can be chosen; nothing when there is one name only."""
        if len(self._all[dimension]) < 2:  # noqa: PLR2004 - a choice
            return ()
        more = (OTHER,) if self._all[dimension] - set(self.largest[dimension]) else ()
        return (*self.largest[dimension].values(), *more)

    def others(self) -> dict[str, int]:
        """How many names come together, by dimension."""
        counts = (len(every - set(largest)) for every, largest in zip(self._all, self.largest, strict=True))
        named = zip(("projects", "agents", "areas"), counts, strict=True)
        return {name: count for name, count in named if count}

    def keys(self, choice: _Choice) -> list[_Key]:
        """Keys of the buckets that a choice takes in, those of batches too."""
        chosen = zip(choice.names, self.largest, strict=True)
        projects, agents, areas = ([name] if name else [*named, OTHER] for name, named in chosen)
        return [*product(projects, agents, areas), *((project, None, None) for project in projects)]

    def choices(self) -> list[_Choice]:
        """Every choice: none or one name first, then combinations; of both the newest period first."""
        projects, agents, areas = ((None, *self.offered(dimension)) for dimension in range(3))
        every = map(_Choice._make, product(range(len(PERIODS)), projects, agents, areas))
        return sorted(every, key=lambda each: (min(each.named, 2), -each.period, each.named))


def _largest(counter: Counter[str | None]) -> list[str]:
    named = ((name, count) for name, count in counter.items() if name is not None)
    return [name for name, _ in sorted(named, key=lambda each: (-each[1], each[0]))[:LARGEST]]


def _buckets(sample: Sample, names: _Names) -> tuple[dict[_Key, _Bucket], ...]:
    """For each kind of rows: key -> bucket. Batches have neither agent nor area; gates have a section of their own."""
    projects, agents, areas = names.largest

    def kept(rows: Iterable[Any], moment: str) -> dict[_Key, _Bucket]:
        found: dict[_Key, list[Any]] = defaultdict(list)
        for row in rows:
            found[projects[row.project], agents[row.agent], areas[row.area]].append(row)
        return {key: _bucket(found[key], moment) for key in sorted(found, key=str)}

    batches: dict[_Key, list[Any]] = defaultdict(list)
    for row in sample.shifts:
        batches[projects[row.project], None, None].append(row)
    return (
        kept(sample.changes, "created"),
        kept(sample.tasks, "triggered"),
        kept(sample.work, "finished"),
        {},
        kept(sample.questions, "raised"),
        {key: _bucket(rows, "created") for key, rows in batches.items()},
    )


def _bucket(rows: list[Any], moment: str) -> _Bucket:
    get = attrgetter(moment)
    dated = sorted(((-inf if (at := get(row)) is None else at, place) for place, row in enumerate(rows)))
    return _Bucket([at for at, _ in dated], [rows[place] for _, place in dated])


def _starts(now: datetime) -> list[float]:
    return [-inf if weeks is None else (now - timedelta(weeks=weeks)).timestamp() for _, weeks in PERIODS]


def _slices(kinds: Sequence[dict[_Key, _Bucket]], keys: Sequence[_Key], start: float) -> _Slices:
    return tuple(
        (kind, key, first)
        for kind, buckets in enumerate(kinds)
        for key in keys
        if (bucket := buckets.get(key)) and (first := bisect_left(bucket.moments, start)) < len(bucket.rows)
    )


def _part(kinds: Sequence[dict[_Key, _Bucket]], slices: _Slices) -> Sample:
    def rows() -> Iterator[tuple[Any, ...]]:
        for kind, buckets in enumerate(kinds):
            chosen = (buckets[key].rows[first:] for each, key, first in slices if each == kind)
            yield tuple(chain.from_iterable(chosen))

    return Sample(*rows())


def _figures(told: Iterable[Figure]) -> tuple[ViewFigure, ...]:
    return tuple(
        ViewFigure(
            key=name_of(figure),
            value=figure.value,
            n=figure.n,
            interval=figure.interval,
            status=figure.status,
            note=figure.note,
        )
        for figure in told
    )


def _view(choice: _Choice, changes: int, told: tuple[ViewFigure, ...]) -> View:
    name, _ = PERIODS[choice.period]
    project, agent, area = choice.names
    return View(period=name, project=project, agent=agent, area=area, changes=changes, figures=told)
