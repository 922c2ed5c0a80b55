"""Expected minutes of a review: a table by size, the lines to read, and how fast people here turned out to be. Pure.

What a review really took is nowhere written down. But when one person decides about one change after another, the time between
two decisions is about what the second one took. Such pairs within an hour count; the median of taken / expected over them,
from ten on, is the pace by which every expectation is multiplied.
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from ci_factory.model.effort import LINES_READ_PER_MINUTE, REVIEW_MINUTES
from ci_factory.model.review_settings import bare
from ci_factory.model.ticket import Size

QUESTION_MINUTES = 5
"""To answer an escalation that has no change to read."""
MAX_MINUTES = 8 * 60
ENOUGH = 10
"""Reviews from which a pace is believed."""
_SITTING = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
_BOUNDS = (0.2, 5.0)


@dataclass(frozen=True)
class Decision:
    """Somebody decided about a change."""

    by: str
    at: datetime
    size: Size
    lines: int


@dataclass(frozen=True)
class Pace:
    """How long people take against the table; 1 with too few reviews to tell."""

    factor: float = 1.0
    reviews: int = 0


@dataclass(frozen=True)
class Expected:
    """Minutes, at least 1, and what they come from."""

    minutes: int
    source: str


def pace(decisions: Iterable[Decision]) -> Pace:
    """What pairs of decisions within an hour say; bounded to a fifth and five times of the table."""
    by_person: defaultdict[str, list[Decision]] = defaultdict(list)
    for each in decisions:
        by_person[bare(each.by)].append(each)
    ratios = [ratio for made in by_person.values() for ratio in _ratios(made)]
    if len(ratios) < ENOUGH:
        return Pace(reviews=len(ratios))
    return Pace(min(_BOUNDS[1], max(_BOUNDS[0], median(ratios))), len(ratios))


def expected(size: Size, lines: int, known: Pace = Pace()) -> Expected:
    """Minutes for a change: the table by size, more when its lines take longer to read, times the pace."""
    table, reading = REVIEW_MINUTES[size], lines / LINES_READ_PER_MINUTE
    source = f"{lines} lines at 400 an hour" if reading > table else f"table for size {size.value}"
    if known.reviews >= ENOUGH:
        source += f", times {known.factor:.2g} as measured in {known.reviews} reviews"
    minutes = math.ceil(max(table, reading) * known.factor)
    return Expected(min(MAX_MINUTES, max(1, minutes)), source)


def _ratios(made: list[Decision]) -> list[float]:
    ordered = sorted(made, key=lambda each: each.at)
    return [
        (later.at - earlier.at)
        / _MINUTE
        / max(REVIEW_MINUTES[later.size], later.lines / LINES_READ_PER_MINUTE)
        for earlier, later in pairwise(ordered)
        if timedelta() < later.at - earlier.at <= _SITTING
    ]
