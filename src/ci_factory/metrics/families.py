"""What is told to a monitoring system: figures, segments, alerts, merge requests and nights as families of samples. Pure.

Names of what OpenTelemetry's conventions for CI/CD and VCS know are theirs, dots as underscores and the unit behind, as
OpenTelemetry's compatibility with Prometheus has it: https://opentelemetry.io/docs/specs/semconv/cicd/cicd-metrics/.
Everything else begins with `ci_factory_`. A label has at most `MOST` values, whatever the project calls things.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime

from ci_factory.metrics import definitions, segments
from ci_factory.metrics import figures as compute
from ci_factory.metrics.alerts import Alert, Level
from ci_factory.metrics.figure import Figure, Unit, measure
from ci_factory.metrics.openmetrics import Family, Sample, Type, histogram
from ci_factory.metrics.sample import Change, Work
from ci_factory.metrics.sample import Sample as Rows
from ci_factory.metrics.segments import Segment
from ci_factory.metrics.statistics import survival
from ci_factory.metrics.statistics.survival import Duration
from ci_factory.model.text import plain

MOST = 50
"""Values of one label; of segments, areas and gates the largest ones."""
_LONG = 80
_PREFIX = "ci_factory"
_SUFFIX = {
    Unit.SHARE: "ratio",
    Unit.SECONDS: "seconds",
    Unit.USD: "usd",
    Unit.POINTS: "points",
    Unit.MINUTES: "minutes",
    Unit.HOURS: "hours",
    Unit.COUNT: "",
    Unit.NUMBER: "",
}
_RUN_BOUNDS = tuple(60.0 * minutes for minutes in (10, 30, 60, 120, 240, 480, 720, 1440))
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)
_NO_WORK = Work(
    project="", batch="", ticket="", agent="", model=None, size="", priority="", area="", lane=0, started=0.0, finished=0.0,
    ending="", trigger=None, reason="", worked=False, settled=False, attempts=0, iterations=0, agent_seconds=0.0, cost=None,
    tokens=None, score=None, verdict=None,
)  # fmt: skip
"""The least that makes a segment."""
_STATES = {"opened": "open", "merged": "merged", "closed": "closed"}


def families(
    figures: Sequence[Figure], parts: Sequence[Segment], alerts: Sequence[Alert], rows: Rows, now: datetime
) -> tuple[Family, ...]:
    """Everything that is exported; a family whose values are all unknown has no sample.

    Args:
        figures: of everything.
        parts: some of them by segment.
        alerts: over the last weeks.
        rows: what merge requests and nights are counted of.
        now: until when open cases have waited.
    """
    return (
        *of_figures(figures),
        *_of_segments(parts),
        *_of_alerts(alerts),
        *_of_changes(_of_largest(rows.changes), now),
        *_of_batches(rows),
        Family("ci_factory_report_timestamp_seconds", "When these figures were computed.",
               (Sample(now.timestamp()),), "seconds"),
    )  # fmt: skip


def of_figures(figures: Iterable[Figure]) -> Iterator[Family]:
    """Of each figure its values, and the ends of their intervals; and of all how many observations they rest on."""
    by_key: dict[str, list[Figure]] = {}
    for figure in figures:
        by_key.setdefault(figure.key, []).append(figure)
    by_key = {
        key: sorted(many, key=lambda each: -each.n)[:MOST] if len(many) > MOST else many
        for key, many in by_key.items()
    }
    for members in by_key.values():
        yield _values(members)
        yield _intervals(members)
    counted = (
        Sample(float(each.n), {"figure": each.key, **_labels(each)})
        for many in by_key.values()
        for each in many
    )
    yield Family("ci_factory_figure_observations", "Observations that a figure rests on.", tuple(counted))


def exported() -> tuple[Figure, ...]:
    """Every figure that may be exported, without a value: those of an empty sample, and one for each gate."""
    of_gates = (definitions.GATE_PASS, definitions.GATE_FIRST_PASS, definitions.GATE_SECONDS)
    gates = (measure(metric, None, 0, labels={"gate": ""}) for metric in of_gates)
    return (*compute.figures(Rows(), _NEVER), *gates)


def exported_by_segment() -> tuple[Figure, ...]:
    """Those that are exported by segment as well."""
    return segments.segments(Rows(work=(_NO_WORK,)), _NEVER)[0].figures


def name(key: str, unit: Unit, *, kind: str = "") -> str:
    """`ci_factory_acceptance_rate_ratio`; `kind` stands before the unit, and the unit once only."""
    suffix = _SUFFIX[unit]
    bare = key.removesuffix(f"_{suffix}") if suffix else key
    return "_".join(part for part in (_PREFIX, bare, kind, suffix) if part)


def _labels(figure: Figure) -> dict[str, str]:
    return {key: plain(value, _LONG) for key, value in sorted(figure.labels.items())}


def _values(members: Sequence[Figure]) -> Family:
    first = members[0]
    known = (Sample(each.value, _labels(each)) for each in members if each.value is not None)
    return Family(name(first.key, first.unit), first.definition, tuple(known), _SUFFIX[first.unit])


def _intervals(members: Sequence[Figure]) -> Family:
    first = members[0]
    ends = (
        Sample(end, {"bound": bound, **_labels(each)})
        for each in members
        if each.interval is not None
        for bound, end in zip(("lower", "upper"), each.interval, strict=True)
    )
    told = f"95 % interval of: {first.name}."
    return Family(name(first.key, first.unit, kind="interval"), told, tuple(ends), _SUFFIX[first.unit])


def _of_segments(parts: Sequence[Segment]) -> Iterator[Family]:
    shown, seen = [], Counter[str]()
    for segment in sorted(parts, key=lambda each: -each.changes):
        seen[segment.dimension] += 1
        if seen[segment.dimension] <= MOST:
            shown.append(segment)
    found: dict[str, list[tuple[Figure, Sample]]] = {}
    for segment in shown:
        labels = {"dimension": segment.dimension, "segment": plain(segment.name, _LONG)}
        for figure in segment.figures:
            if figure.value is not None:
                found.setdefault(figure.key, []).append((figure, Sample(figure.value, labels)))
    for key, members in found.items():
        figure = members[0][0]
        yield Family(
            name(f"segment_{key}", figure.unit),
            f"By size, area, agent, model and priority: {figure.definition}",
            tuple(sample for _, sample in members),
            _SUFFIX[figure.unit],
        )


def _of_alerts(alerts: Sequence[Alert]) -> Iterator[Family]:
    told = [each for each in alerts if each.level is not Level.UNKNOWN]
    yield Family(
        "ci_factory_alert_on",
        "Whether an alert over the last weeks is on: 1 or 0. One that can't be judged is left out.",
        tuple(Sample(float(each.on), {"alert": each.key, "severity": each.severity.value}) for each in told),
    )


def _of_largest(changes: Sequence[Change]) -> Sequence[Change]:
    """Those of the projects with the most."""
    counted = Counter(_project(each) for each in changes)
    largest = {name for name, _ in counted.most_common(MOST)}
    return changes if len(counted) <= MOST else [each for each in changes if _project(each) in largest]


def _of_changes(changes: Sequence[Change], now: datetime) -> Iterator[Family]:
    counts = Counter((_project(each), _state(each)) for each in changes)
    yield Family(
        "vcs_change_count",
        "Merge requests of the factory by state (vcs.change.count); a draft is wip.",
        tuple(
            Sample(float(count), {"vcs_repository_name": project, "vcs_change_state": state})
            for (project, state), count in sorted(counts.items())
        ),
    )
    yield _waiting(
        "vcs_change_time_to_merge",
        "merged (vcs.change.time_to_merge)",
        changes,
        now,
        lambda each: each.merged,
    )
    yield _waiting(
        "vcs_change_time_to_approval",
        "first approved (vcs.change.time_to_approval)",
        changes,
        now,
        lambda each: each.approved,
    )


def _project(change: Change) -> str:
    return plain(change.project, _LONG) or "unknown"


def _state(change: Change) -> str:
    return "wip" if change.draft and change.state == "opened" else _STATES.get(change.state, change.state)


def _waiting(
    key: str, what: str, changes: Sequence[Change], now: datetime, end: Callable[[Change], float | None]
) -> Family:
    """Kaplan-Meier median and p90 since creation; what was closed instead is censored then."""
    spans: dict[str, list[Duration]] = {}
    for each in changes:
        reached = end(each)
        until = (
            reached if reached is not None else each.closed if each.closed is not None else now.timestamp()
        )
        spans.setdefault(_project(each), []).append(
            Duration(max(0.0, until - each.created), reached is not None)
        )
    found = []
    for project, durations in sorted(spans.items()):
        curve = survival.curve(durations)
        for share, statistic in ((0.5, "median"), (0.9, "p90")):
            estimate = survival.quantile(curve, share)
            if estimate is not None:
                labels = {"vcs_repository_name": project, "statistic": statistic}
                found.append(Sample(estimate.value, labels))
    told = f"Time from creation until a merge request was {what}. Kaplan-Meier: what is still open counts as waiting so far."
    return Family(f"{key}_seconds", told, tuple(found), "seconds")


def _of_batches(rows: Rows) -> Iterator[Family]:
    labels = {"cicd_pipeline_name": "ci-factory batch", "cicd_pipeline_run_state": "executing"}
    done = (
        each.ended - each.started
        for each in rows.shifts
        if each.started is not None and each.ended is not None
    )
    yield Family(
        "cicd_pipeline_run_duration_seconds",
        "Nights from their start to their end (cicd.pipeline.run.duration).",
        histogram((max(0.0, seconds) for seconds in done), _RUN_BOUNDS, labels),
        "seconds",
        Type.HISTOGRAM,
    )
    running = sum(each.started is not None and each.ended is None for each in rows.shifts)
    yield Family(
        "cicd_pipeline_run_active",
        "Nights that began and have not ended (cicd.pipeline.run.active).",
        (Sample(float(running), labels),) if rows.shifts else (),
    )
