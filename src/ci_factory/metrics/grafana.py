"""A Grafana dashboard of everything that is exported, for a Prometheus data source. Pure.

Schema of https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/. Import it, or put it
where Grafana provisions dashboards from; the data source is chosen on the page.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from ci_factory.metrics import families
from ci_factory.metrics.figure import Figure, Target, Unit
from ci_factory.model.base import Json

_SOURCE: Final[dict[str, Json]] = {"type": "prometheus", "uid": "${datasource}"}
_UNITS: Final = {
    Unit.SHARE: "percentunit",
    Unit.SECONDS: "s",
    Unit.USD: "currencyUSD",
    Unit.POINTS: "none",
    Unit.MINUTES: "m",
    Unit.HOURS: "h",
    Unit.COUNT: "none",
    Unit.NUMBER: "none",
}
_COLUMNS, _WIDTH, _HEIGHT = 24, 8, 8
_DIMENSIONS: Final = ("size", "area", "agent", "model", "priority")
_SCHEMA_VERSION = 39


def dashboard() -> dict[str, Json]:
    """The dashboard as JSON, the same for every project: every figure has its panel, also while it is unknown."""
    figures, segment_figures = families.exported(), families.exported_by_segment()
    panels = list(_placed([
        ("Alerts and nights", list(_operation())),
        ("Figures", [_figure(each) for each in _once(figures)]),
        ("By segment", [_segment(each) for each in _once(segment_figures)]),
    ]))  # fmt: skip
    return {
        "uid": "ci-factory",
        "title": "CI-Factory",
        "description": "Figures of `ci-factory report --openmetrics`. Shaded: 95 % interval. Dashed: target.",
        "tags": ["ci-factory"],
        "schemaVersion": _SCHEMA_VERSION,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "",
        "time": {"from": "now-90d", "to": "now"},
        "timezone": "utc",
        "templating": {"list": [_data_source(), _dimension()]},
        "annotations": {"list": []},
        "panels": panels,
    }


def _data_source() -> dict[str, Json]:
    return {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "hide": 0,
        "current": {},
    }


def _dimension() -> dict[str, Json]:
    options: list[Json] = [{"text": each, "value": each, "selected": each == "agent"} for each in _DIMENSIONS]
    return {
        "name": "dimension",
        "label": "Segments by",
        "type": "custom",
        "query": ",".join(_DIMENSIONS),
        "options": options,
        "current": {"text": "agent", "value": "agent"},
        "hide": 0,
        "multi": False,
        "includeAll": False,
    }


def _once(figures: Iterable[Figure]) -> list[Figure]:
    return list({each.key: each for each in figures}.values())


def _placed(rows: Iterable[tuple[str, list[dict[str, Json]]]]) -> Iterator[dict[str, Json]]:
    """Panels in rows of three, numbered from one; nothing lies over anything else."""
    number, y = 0, 0
    for title, panels in rows:
        number += 1
        yield {
            "id": number,
            "type": "row",
            "title": title,
            "collapsed": False,
            "panels": [],
            "gridPos": {"x": 0, "y": y, "w": _COLUMNS, "h": 1},
        }
        y += 1
        across = _COLUMNS // _WIDTH
        for place, panel in enumerate(panels):
            number += 1
            x = _WIDTH * (place % across)
            yield {
                "id": number,
                **panel,
                "gridPos": {"x": x, "y": y + _HEIGHT * (place // across), "w": _WIDTH, "h": _HEIGHT},
            }
        y += _HEIGHT * -(-len(panels) // across)


def _panel(
    title: str,
    description: str,
    unit: str,
    queries: Sequence[tuple[str, str]],
    *,
    target: Target | None = None,
) -> dict[str, Json]:
    """A chart over time; `queries` are PromQL and legend."""
    targets: list[Json] = [
        {"refId": chr(ord("A") + place), "datasource": _SOURCE, "expr": query, "legendFormat": legend}
        for place, (query, legend) in enumerate(queries)
    ]
    return {
        "type": "timeseries",
        "title": title,
        "description": description,
        "datasource": _SOURCE,
        "targets": targets,
        "fieldConfig": {"defaults": _field(unit, target), "overrides": [_shaded("lower"), _shaded("upper")]},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
    }


def _field(unit: str, target: Target | None) -> dict[str, Json]:
    bounds = [] if target is None else [each for each in (target.above, target.below) if each is not None]
    steps: list[Json] = [{"color": "transparent", "value": None}]
    steps += [{"color": "orange", "value": bound} for bound in sorted(bounds)]
    style = {"mode": "dashed" if bounds else "off"}
    custom: dict[str, Json] = {
        "lineWidth": 2,
        "showPoints": "auto",
        "spanNulls": True,
        "thresholdsStyle": style,
    }
    return {"unit": unit, "custom": custom, "thresholds": {"mode": "absolute", "steps": steps}}


def _shaded(bound: str) -> Json:
    """The ends of an interval are thin lines, the space between them is filled."""
    fill = (
        {"id": "custom.fillBelowTo", "value": "lower"}
        if bound == "upper"
        else {"id": "custom.fillOpacity", "value": 0}
    )
    return {
        "matcher": {"id": "byName", "options": bound},
        "properties": [{"id": "custom.lineWidth", "value": 0}, fill],
    }


def _figure(figure: Figure) -> dict[str, Json]:
    legend = " ".join(f"{{{{{label}}}}}" for label in sorted(figure.labels)) or "value"
    queries = [(families.name(figure.key, figure.unit), legend)]
    if not figure.labels:
        interval = families.name(figure.key, figure.unit, kind="interval")
        queries += [(f'{interval}{{bound="{bound}"}}', bound) for bound in ("lower", "upper")]
    return _panel(figure.name, figure.definition, _UNITS[figure.unit], queries, target=figure.target)


def _segment(figure: Figure) -> dict[str, Json]:
    query = f'{families.name(f"segment_{figure.key}", figure.unit)}{{dimension="$dimension"}}'
    return _panel(
        f"{figure.name} by $dimension",
        figure.definition,
        _UNITS[figure.unit],
        [(query, "{{segment}}")],
        target=figure.target,
    )


def _operation() -> Iterator[dict[str, Json]]:
    yield _panel("Alerts that are on", "1: on. What can't be judged is missing.", "none",
                 [("ci_factory_alert_on", "{{alert}} ({{severity}})")])  # fmt: skip
    yield _panel("Merge requests by state", "vcs.change.count", "none",
                 [("sum by (vcs_change_state) (vcs_change_count)", "{{vcs_change_state}}")])  # fmt: skip
    yield _panel("Time to merge", "vcs.change.time_to_merge, from creation", "s",
                 [("vcs_change_time_to_merge_seconds", "{{vcs_repository_name}} {{statistic}}")])  # fmt: skip
    yield _panel("Time to approval", "vcs.change.time_to_approval, from creation", "s",
                 [("vcs_change_time_to_approval_seconds", "{{vcs_repository_name}} {{statistic}}")])  # fmt: skip
    yield _panel("Mean length of a night", "cicd.pipeline.run.duration", "s", [(
        "cicd_pipeline_run_duration_seconds_sum / cicd_pipeline_run_duration_seconds_count", "mean")])  # fmt: skip
    yield _panel(
        "Nights that run", "cicd.pipeline.run.active", "none", [("cicd_pipeline_run_active", "running")]
    )
    yield _panel(
        "Observations",
        "What each figure rests on.",
        "none",
        [("ci_factory_figure_observations", "{{figure}} {{gate}}")],
    )
    yield _panel(
        "Age of the figures",
        "Since they were computed.",
        "s",
        [("time() - ci_factory_report_timestamp_seconds", "age")],
    )
