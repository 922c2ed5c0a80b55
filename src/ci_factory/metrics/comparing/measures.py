"""What agents are compared by: which units of work count, and for what."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ci_factory.metrics import definitions
from ci_factory.metrics.comparing.sums import Sums, added
from ci_factory.metrics.figure import Metric, Unit
from ci_factory.metrics.sample import Change, Sample, Work
from ci_factory.model.metrics_settings import MetricsConfig

_DAY, _MINUTE = 86400.0, 60.0
_OPEN = "opened"
UNKNOWN_SIZE = "unknown size"
_Whose = tuple[str, str | None, str]

REVIEW_MINUTES = Metric(
    key="human_minutes_per_accepted_mr",
    name="Human time per accepted merge request",
    unit=Unit.MINUTES,
    definition="Minutes that people spent on decided merge requests, closed ones too / merged merge requests. Those of "
    "which no time is known are left out.",
)
_COST = definitions.COST_PER_ACCEPTED.model_copy(
    update={
        "definition": "What the agent's work on its tickets cost, failed attempts too / its merged merge requests. "
        "Tickets with an open merge request, or of unknown cost, are left out."
    }
)


class Place(NamedTuple):
    """Whose work, and of what kind."""

    agent: str
    size: str
    area: str


class Observed(NamedTuple):
    """Units of work, added up for each agent and kind."""

    cells: dict[Place, Sums]
    left_out: Counter[str]
    """Why units are not counted."""


Seen = Iterator[tuple[str | None, str | None, str, float, float] | str]
"""Agent, size, area, what it counts for above and below the line; or why the unit is left out."""


class Measure(NamedTuple):
    """One figure by which agents are compared."""

    metric: Metric
    higher_is_better: bool
    short: str
    """How a sentence calls it."""
    things: str
    """What is counted below the line."""
    see: Callable[[Sample, float, MetricsConfig], Seen]

    @property
    def share(self) -> bool:
        """Whether it is a share, or else a ratio."""
        return self.metric.unit is Unit.SHARE


def observe(measure: Measure, sample: Sample, now: float, settings: MetricsConfig) -> Observed:
    """Add everything up."""
    left: Counter[str] = Counter()
    units: dict[_Whose, list[tuple[float, float, int]]] = defaultdict(list)
    # Equal units are counted first: of a share there are only two kinds in a stratum, however many changes.
    for seen, times in Counter(measure.see(sample, now, settings)).items():
        if isinstance(seen, str):
            left[seen] += times
        elif seen[0] is None:
            left["agent unknown"] += times
        else:
            units[seen[0], seen[1], seen[2]].append((seen[3], seen[4], times))
    cells = {
        Place(agent, size or UNKNOWN_SIZE, area): added(each) for (agent, size, area), each in units.items()
    }
    return Observed(cells, left)


def _acceptance(sample: Sample, now: float, settings: MetricsConfig) -> Seen:
    """As each stood at one age, so that slow decisions count like fast ones."""
    age = settings.maturity_days * _DAY
    for each in sample.changes:
        by = each.created + age
        if by > now:
            yield f"younger than {settings.maturity_days} days"
        elif each.merged is not None and each.merged <= by:
            yield each.agent, each.size, each.area, 1.0, 1.0
        elif each.merged is None and each.closed is not None and each.closed <= by:
            yield each.agent, each.size, each.area, 0.0, 1.0
        else:
            yield f"undecided at {settings.maturity_days} days"


def _first_pass(sample: Sample, _now: float, _settings: MetricsConfig) -> Seen:
    for each in sample.changes:
        if each.state == _OPEN:
            yield "still open"
        else:
            passed = each.approved is not None and not each.reworked
            yield each.agent, each.size, each.area, float(passed), 1.0


def _rework(sample: Sample, _now: float, _settings: MetricsConfig) -> Seen:
    for each in sample.changes:
        if each.state == _OPEN:
            yield "still open"
        else:
            yield each.agent, each.size, each.area, float(each.reworked), 1.0


def _minutes(sample: Sample, _now: float, _settings: MetricsConfig) -> Seen:
    for each in sample.changes:
        if each.decided is None:
            yield "still open"
        elif each.human_seconds is None:
            yield "human time unknown"
        else:
            merged = each.merged is not None
            yield each.agent, each.size, each.area, each.human_seconds / _MINUTE, float(merged)


def _cost(sample: Sample, _now: float, _settings: MetricsConfig) -> Seen:
    """An agent's work on one ticket is one unit, over all nights."""
    opened = {_key(each) for each in sample.changes if each.state == _OPEN}
    merged = Counter(_key(each) for each in sample.changes if each.merged is not None)
    spent: dict[tuple[str, str, str | None], float | None] = {}
    last: dict[tuple[str, str, str | None], Work] = {}
    for each in sample.work:
        if each.worked:
            key = _key(each)
            before = spent.get(key, 0.0)
            spent[key] = None if before is None or each.cost is None else before + each.cost
            last[key] = each
    for key, cost in spent.items():
        if key in opened:
            yield "still open"
        elif cost is None:
            yield "cost unknown"
        else:
            yield last[key].agent, last[key].size, last[key].area, cost, float(merged[key])


def _key(row: Change | Work) -> tuple[str, str, str | None]:
    return row.project, row.ticket, row.agent


_REQUESTS, _ACCEPTED = "merge requests", "accepted merge requests"
MEASURES = (
    Measure(definitions.ACCEPTANCE, True, "acceptance", _REQUESTS, _acceptance),  # noqa: FBT003 - named by the field
    Measure(definitions.FIRST_PASS, True, "first-pass approval", _REQUESTS, _first_pass),  # noqa: FBT003
    Measure(definitions.REWORK, False, "rework", _REQUESTS, _rework),  # noqa: FBT003
    Measure(_COST, False, "the cost of an accepted one", _ACCEPTED, _cost),  # noqa: FBT003
    Measure(REVIEW_MINUTES, False, "people's time for an accepted one", _ACCEPTED, _minutes),  # noqa: FBT003
)
