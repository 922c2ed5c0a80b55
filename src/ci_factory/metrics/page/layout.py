"""How the page groups what an overview says: groups of figures, headline, sections, segments by dimension."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from ci_factory.metrics.alerts import Alert
from ci_factory.metrics.figure import Figure
from ci_factory.metrics.overview import Overview, Part
from ci_factory.metrics.segments import Segment
from ci_factory.metrics.trends import Trend
from ci_factory.metrics.views import Views, name_of
from ci_factory.model.alert_settings import Severity

HEADLINE = (
    "tickets_per_week",
    "acceptance_rate",
    "rework_ratio",
    "post_merge_defects",
    "cycle_time",
    "review_time",
    "human_minutes_per_mr",
    "cost_per_accepted_mr",
)
_GROUPS = (
    ("Throughput", ("tickets_per_week", "lines_per_week")),
    (
        "Quality",
        (
            "acceptance_rate", "merged_by_day", "first_pass_approval", "rework_ratio", "reworked_lines_ratio",
            "churn_ratio", "post_merge_defects", "score_mean", "score_median",
        ),
    ),
    (
        "Efficiency",
        (
            "time_to_first_mr", "pickup_time", "review_time", "time_to_merge", "time_to_merge_p90", "cycle_time",
            "human_minutes_per_mr", "hours_saved", "escalation_rate", "escalation_wait", "conflict_rate",
            "utilisation", "iterations", "no_change_rate",
        ),
    ),
    ("Cost", ("cost_per_ticket", "cost_per_accepted_mr", "cost_per_merged_line")),
)  # fmt: skip
FILTERED = frozenset(key for _, keys in _GROUPS for key in keys)
"""Keys of the figures that the filters apply to."""
_REST = "Foretold files"
SECTIONS = (
    ("queue", "Look at first"),
    ("questions", "Questions"),
    ("night", "The last night"),
    ("figures", "Figures"),
    ("trends", "Trends"),
    ("segments", "Segments"),
    ("agents", "Agents"),
    ("gates", "Gates"),
    ("issues", "Top issues"),
    ("calibration", "Calibration"),
    ("batches", "Batches"),
)
_OF_RUNS = {"queue", "questions", "night", "batches"}
ROWS = 12
"""Segments of one dimension."""


class Shown(NamedTuple):
    """A figure, where `report --json` has it, and what the filters know it by."""

    at: str
    figure: Figure
    key: str


@dataclass(frozen=True)
class Group:
    """Figures under one heading."""

    name: str
    figures: tuple[Shown, ...]
    chosen: bool = True
    """Whether the filters apply to it."""

    @property
    def id(self) -> str:
        """As a part of an element's id."""
        return self.name.lower().split()[0]


@dataclass(frozen=True)
class Dimension:
    """Segments of one dimension; the keys of all are the same."""

    name: str
    rows: tuple[tuple[str, Segment], ...]
    left_out: int

    @property
    def columns(self) -> tuple[Figure, ...]:
        """What stands above the columns."""
        return self.rows[0][1].figures


def sections(overview: Overview) -> list[tuple[str, str]]:
    """Ids and names of what the page has."""
    return [each for each in SECTIONS if overview.last_run or each[0] not in _OF_RUNS]


def alerts(overview: Overview) -> list[tuple[str, Alert]]:
    """Those that are on, and where `report --json` has them; the most severe first."""
    found = [(f"/alerts/{index}", alert) for index, alert in enumerate(overview.alerts) if alert.on]
    return sorted(found, key=lambda each: list(Severity).index(each[1].severity))


def headline(overview: Overview) -> list[tuple[str, Figure, Trend | None]]:
    """The figures of the tiles, with their trends."""
    places = {name_of(figure): index for index, figure in enumerate(overview.figures)}
    lines = {trend.key: trend for trend in overview.trends}
    return [
        (f"/figures/{places[key]}", overview.figures[places[key]], lines.get(key))
        for key in HEADLINE
        if key in places
    ]


def groups(overview: Overview) -> list[Group]:
    """All figures but those of gates, which have a section of their own."""
    shown = [
        Shown(f"/figures/{index}", figure, name_of(figure))
        for index, figure in enumerate(overview.figures)
        if "gate" not in figure.labels
    ]
    found = [
        Group(name, tuple(each for key in keys for each in shown if each.figure.key == key))
        for name, keys in _GROUPS
    ]
    rest = Group(_REST, tuple(each for each in shown if each.figure.key not in FILTERED), chosen=False)
    return [group for group in (*found, rest) if group.figures]


def dimensions(segments: Sequence[Segment]) -> list[Dimension]:
    """Segments by dimension, `ROWS` of each; a dimension in which nothing is told apart is left out."""
    placed = [(f"/segments/{index}", segment) for index, segment in enumerate(segments)]
    found = []
    for name, rows in groupby(placed, key=lambda each: each[1].dimension):
        every = tuple(rows)
        if {segment.name for _, segment in every} != {"unknown"}:
            found.append(Dimension(name, every[:ROWS], len(every[ROWS:])))
    return found


def fields(views: Views) -> list[tuple[str, str, tuple[str, ...]]]:
    """The fields of the filters: name, label, what can be chosen."""
    found = (
        ("period", "Period", views.periods),
        ("project", "Project", views.projects),
        ("agent", "Agent", views.agents),
        ("area", "Area of the code", views.areas),
    )
    return [each for each in found if each[2]]


def part(overview: Overview) -> str:
    """What the figures are restricted to, in words; empty when they are not."""
    return ", ".join(_parts(overview.part))


def _parts(part: Part) -> Iterable[str]:
    yield from (f"{word} {_day(at)}" for word, at in (("since", part.since), ("before", part.until)) if at)
    names = (("project", part.project), ("agent", part.agent), ("area", part.area))
    yield from (f"{word} {name}" for word, name in names if name is not None)


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"
