"""Why a raw figure and a standardised one differ: who did what, in words.

The difference of two raw figures is one of rates within strata and one of mixture (Kitagawa 1955). A stratum's part of
the mixture is (one's part of work there - the other's) x (the figure there - the figure in all).
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import NamedTuple

from ci_factory.metrics import words
from ci_factory.metrics.comparing.measures import Measure, Place
from ci_factory.metrics.comparing.sums import Sums, total

_EXPLAINS = 0.7
"""A coarser way to group is good enough when it explains that part of what the finest does."""
_MOST = 2
"""Strata that are named."""


class Part(NamedTuple):
    """One group of work, and what the mixture there adds to `one` - `other`."""

    name: str
    effect: float
    one: Sums
    other: Sums


def why(measure: Measure, cells: Mapping[Place, Sums], one: str, other: str) -> str:
    """What of the work makes `one` look worse than it is beside `other`, what matters most first; empty when nothing does."""
    sign = -1.0 if measure.higher_is_better else 1.0
    ways = [_parts(cells, one, other, name) for name in _WAYS]
    explained = [sign * sum(part.effect for part in parts) for parts in ways]
    enough = _EXPLAINS * max(explained)
    chosen = next(parts for parts, size in zip(ways, explained, strict=True) if size >= enough)
    against = sorted(
        (part for part in chosen if sign * part.effect > 0), key=lambda each: (-abs(each.effect), each.name)
    )
    whole = [
        total(sums for place, sums in cells.items() if place.agent == name).bottom for name in (one, other)
    ]
    return "; ".join(_told(measure, part, (one, other), (whole[0], whole[1])) for part in against[:_MOST])


def _by_size(place: Place) -> str:
    return f"{place.size} tickets"


def _by_area(place: Place) -> str:
    return f"tickets in {place.area}"


def _by_both(place: Place) -> str:
    return f"{place.size} tickets in {place.area}"


_WAYS: tuple[Callable[[Place], str], ...] = (_by_size, _by_area, _by_both)


def _parts(cells: Mapping[Place, Sums], one: str, other: str, name: Callable[[Place], str]) -> list[Part]:
    found: dict[str, dict[str, Sums]] = defaultdict(dict)
    for place, sums in cells.items():
        if place.agent in {one, other}:
            group = found[name(place)]
            group[place.agent] = group.get(place.agent, Sums()).plus(sums)
    pairs = {key: (each.get(one, Sums()), each.get(other, Sums())) for key, each in found.items()}
    ours, theirs = total(pair[0] for pair in pairs.values()), total(pair[1] for pair in pairs.values())
    everywhere = ours.plus(theirs).value or 0.0
    return [
        Part(key, (a.bottom / ours.bottom - b.bottom / theirs.bottom) * (_middle(a, b) - everywhere), a, b)
        for key, (a, b) in pairs.items()
    ]


def _middle(one: Sums, other: Sums) -> float:
    """Between the two's figures; where only one has any, its own."""
    known = [sums.value for sums in (one, other) if sums.value is not None]
    return sum(known) / len(known) if known else 0.0


def _told(measure: Measure, part: Part, names: tuple[str, str], whole: tuple[float, float]) -> str:
    """`otter got 80 % of the large tickets (80 of 100: 80 % of its own, 20 % of heron's), where …`."""
    counts = part.one.bottom, part.other.bottom
    parts = [count / every for count, every in zip(counts, whole, strict=True)]
    more = 0 if parts[0] >= parts[1] else 1
    value = words.amount(part.one.plus(part.other).value, measure.metric.unit)
    return (
        f"{names[more]} got {100 * counts[more] / sum(counts):.0f} % of the {part.name} "
        f"({counts[more]:.0f} of {sum(counts):.0f}; {100 * parts[more]:.0f} % of its own, "
        f"{100 * parts[1 - more]:.0f} % of {names[1 - more]}'s), where {measure.short} is {value}"
    )
