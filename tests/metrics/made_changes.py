"""Made changes with a known fate, for calibration and comparison."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any

from ci_factory.metrics.calibration.values import Fate
from ci_factory.metrics.sample import COMPONENTS, Change, Sample

DAY = 86400.0
NOW = datetime(2026, 11, 1, tzinfo=UTC)
START = NOW.timestamp() - 400 * DAY
_UNJUDGED: tuple[float | None, ...] = (None,) * len(COMPONENTS)


def dice(seed: int) -> Random:
    """The same throws every time."""
    return Random(seed)  # noqa: S311 - made data, no secret


def change(number: int = 1, fate: Fate | None = Fate.UNTOUCHED, **fields: Any) -> Change:
    """A change of 400 days ago, `number` minutes later, with this fate; `None`: still open."""
    created = fields.pop("created", START + 60.0 * number)
    merged = created + DAY if fate not in {Fate.CLOSED, None} else None
    closed = created + DAY if fate is Fate.CLOSED else None
    bad = created + 3 * DAY if fate is Fate.DEFECT else None
    made = Change(
        project="warehouse", iid=number, ticket=f"T-{number}", batch=None, agent="otter", model=None, area="src/app",
        size="small", priority="medium", state="merged" if merged else "closed" if closed else "opened", draft=False,
        triggered=created - 3600, created=created, ready=created, reviewed=created + 600, approved=merged, merged=merged,
        closed=closed, reworked=fate is Fate.REWORKED, reworked_lines=None, added=10, removed=2, score=90.0,
        verdict="pass", threshold=80.0, components=_UNJUDGED, human_seconds=None, human_recorded=False,
        observed_until=NOW.timestamp() if merged else None, reverted=None, defect=bad, fix_ups=0, churned=None,
        churn_of=None, cost=None,
    )  # fmt: skip
    return made._replace(**fields)


def scored(parts: Sequence[tuple[float, int, int]]) -> Sample:
    """(score, good, bad): so many changes, good and bad ones evenly over time."""
    made = [
        (place / (n + 1), score, fate)
        for score, good, bad in parts
        for n, fate in ((good, Fate.UNTOUCHED), (bad, Fate.CLOSED))
        for place in range(1, n + 1)
    ]
    made.sort(key=lambda each: each[0])
    return Sample(tuple(change(number, fate, score=score) for number, (_, score, fate) in enumerate(made)))


def simulated(count: int, seed: int, chance: Callable[[Sequence[float]], float]) -> Sample:
    """Changes whose components are random, and whose chance to be good is a function of them; score by usual weights."""
    random = dice(seed)
    return Sample(tuple(_simulated(number, random, chance) for number in range(count)))


def _simulated(number: int, random: Random, chance: Callable[[Sequence[float]], float]) -> Change:
    parts = [float(max(0, round(100 - random.expovariate(1 / 15)))) for _ in range(5)]
    weights = (0.2, 0.3, 0.3, 0.1, 0.1)
    score = round(sum(weight * part for weight, part in zip(weights, parts, strict=True)), 2)
    bad = random.choice([Fate.REWORKED, Fate.CLOSED, Fate.DEFECT])
    fate = Fate.UNTOUCHED if random.random() < chance(parts) else bad
    return change(number, fate, score=score, components=(*parts, None))
