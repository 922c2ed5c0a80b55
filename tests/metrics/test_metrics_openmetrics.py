"""Figures for monitoring: text that a strict parser takes, bounded labels, and a dashboard that names what is exported."""

import re
from datetime import datetime
from itertools import combinations
from typing import Any

import pytest

from ci_factory.config import Config
from ci_factory.metrics import families as exported
from ci_factory.metrics import grafana, period_alerts
from ci_factory.metrics.facts import History
from ci_factory.metrics.figure import Figure, Metric, Unit, measure, share
from ci_factory.metrics.figures import figures
from ci_factory.metrics.gathering import of_history
from ci_factory.metrics.openmetrics import Family, histogram, openmetrics
from ci_factory.metrics.sample import Sample
from ci_factory.metrics.segments import Segment, segments
from tests.metrics.quarter import NOW, quarter

METRIC = Metric(key="k", name="K", unit=Unit.SHARE, definition='A "share"\nof all')
HOSTILE = 'a"} 1\nevil 1\\'


def told(sample: Sample, now: datetime) -> tuple[Family, ...]:
    alerts = period_alerts.tell(sample, None, now, Config())
    return exported.families(figures(sample, now), segments(sample, now), alerts, sample, now)


def parsed(text: str) -> dict[str, Any]:
    """Families by name, as the reference parser of OpenMetrics reads them."""
    from prometheus_client.openmetrics.parser import text_string_to_metric_families

    families = text_string_to_metric_families(text)  # type: ignore[no-untyped-call]  # it has no types
    return {family.name: family for family in families}


def value(families: dict[str, Any], name: str, **labels: str) -> float:
    (found,) = (each for each in families[name].samples if labels.items() <= each.labels.items())
    return float(found.value)


def test_the_strict_parser_takes_everything(night: History, now: datetime) -> None:
    """The text of the made quarter and of the made night is valid, and every family has help, and its unit in its name."""
    for sample, moment in ((quarter(), NOW), (of_history(night), now), (Sample(), now)):
        for family in parsed(openmetrics(told(sample, moment))).values():
            assert family.documentation
            assert not family.unit or family.name.endswith(f"_{family.unit}")


def test_values_are_those_of_the_figures() -> None:
    """A figure, its interval and its observations are found again; what is unknown has no sample."""
    found = parsed(openmetrics(told(quarter(), NOW)))
    by_key: dict[str, Figure] = {each.key: each for each in figures(quarter(), NOW)}
    rework = by_key["rework_ratio"]
    assert value(found, "ci_factory_rework_ratio") == rework.value
    assert rework.interval
    assert value(found, "ci_factory_rework_interval_ratio", bound="upper") == rework.interval[1]
    assert value(found, "ci_factory_figure_observations", figure="rework_ratio") == rework.n
    assert value(found, "ci_factory_segment_rework_ratio", dimension="agent", segment="heron") > 0
    assert by_key["hours_saved"].value is None
    assert "ci_factory_hours_saved_hours" not in found
    assert openmetrics(exported.of_figures([measure(METRIC, None, 3)])).count("\nci_factory_k") == 0


def test_names_are_opentelemetrys_where_it_has_one() -> None:
    """Counts of merge requests by state, times since creation, and nights as runs of a pipeline."""
    found = parsed(openmetrics(told(quarter(), NOW)))
    merged = sum(each.state == "merged" for each in quarter().changes)
    assert (
        value(found, "vcs_change_count", vcs_change_state="merged", vcs_repository_name="warehouse") == merged
    )
    assert value(found, "vcs_change_time_to_merge_seconds", statistic="median") == 4.5 * 3600
    assert found["cicd_pipeline_run_duration_seconds"].type == "histogram"
    buckets = {
        each.labels["le"]: each.value
        for each in found["cicd_pipeline_run_duration_seconds"].samples
        if "le" in each.labels
    }
    assert (buckets["7200.0"], buckets["14400.0"], buckets["+Inf"]) == (0, 65, 65)


def test_labels_are_escaped() -> None:
    """A gate with quotes, backslashes and newlines in its name can't forge another sample."""
    found = parsed(openmetrics(exported.of_figures([share(METRIC, 1, 2, labels={"gate": HOSTILE})])))
    assert set(found) == {
        "ci_factory_k_ratio",
        "ci_factory_k_interval_ratio",
        "ci_factory_figure_observations",
    }
    assert found["ci_factory_k_ratio"].samples[0].labels == {"gate": 'a"} 1 evil 1\\'}


def test_labels_have_a_bounded_number_of_values() -> None:
    """Thousands of areas, gates and projects make no more than fifty values of a label."""
    areas = [
        Segment(dimension="area", name=f"a{number}", changes=number, figures=(share(METRIC, 1, 2),))
        for number in range(3000)
    ]
    gates = [share(METRIC, 1, 2, labels={"gate": f"g{number}"}) for number in range(3000)]
    some = quarter()
    many = some._replace(changes=tuple(each._replace(project=f"p{n}") for n, each in enumerate(some.changes)))
    for family in exported.families(gates, areas, (), many, NOW):
        values: dict[str, set[str]] = {}
        for sample in family.samples:
            for label, text in sample.labels.items():
                values.setdefault(label, set()).add(text)
        assert max(map(len, values.values()), default=0) <= exported.MOST, family.name


def test_a_histogram_is_cumulative() -> None:
    """Each bucket counts what is at most its bound, the last one everything; nothing of nothing."""
    counts = [sample.value for sample in histogram([1, 2, 2, 9], (1, 2, 5), {})]
    assert counts == [1, 3, 3, 4, 4, 14]
    assert histogram([], (1,), {}) == ()


def panels() -> list[dict[str, Any]]:
    board: Any = grafana.dashboard()
    return list(board["panels"])


def queries(panel: dict[str, Any]) -> list[str]:
    return [target["expr"] for target in panel.get("targets", ())]


_NAME = re.compile(r"\b(?:ci_factory|vcs|cicd)_\w+")


def test_every_query_names_an_exported_metric_and_each_metric_has_a_panel() -> None:
    """What the dashboard asks for is what is exported, and the other way round: no panel is empty for good."""
    asked = {re.sub(r"_(sum|count|bucket)$", "", name) if "duration" in name else name
             for panel in panels() for query in queries(panel) for name in _NAME.findall(query)
             if not name.startswith("vcs_change_state")}  # fmt: skip
    possible = {family.name for family in told(quarter(), NOW)}
    possible |= {family.name for family in exported.of_figures(exported.exported())}
    segment_names = {
        exported.name(f"segment_{each.key}", each.unit) for each in exported.exported_by_segment()
    }
    labels = {"vcs_repository_name", "vcs_change_state"}
    never = {"ci_factory_hours_saved_hours"}  # a range: only its ends are exported
    assert asked - labels <= possible | segment_names
    assert possible | segment_names <= asked | never | _gate_intervals(possible)


def _gate_intervals(names: set[str]) -> set[str]:
    """Ends of intervals for each gate and each day are exported, and would be too many lines for a panel."""
    return {name for name in names if re.match(r"ci_factory_(gate\w*|merged_by_day)_interval_", name)}


def test_the_dashboard_has_the_shape_that_grafana_imports() -> None:
    """Numbers are unique, nothing overlaps or leaves the grid, and the data source is chosen on the page."""
    board: Any = grafana.dashboard()
    assert [each["name"] for each in board["templating"]["list"]] == ["datasource", "dimension"]
    numbers = [panel["id"] for panel in panels()]
    assert len(set(numbers)) == len(numbers)
    for panel in panels():
        place = panel["gridPos"]
        assert place["x"] >= 0
        assert place["x"] + place["w"] <= 24
        if panel["type"] != "row":
            assert panel["datasource"]["uid"] == "${datasource}"
            assert panel["description"]
            assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${datasource}"}
            refs = [target["refId"] for target in panel["targets"]]
            assert len(set(refs)) == len(refs)
    for one, other in combinations([panel["gridPos"] for panel in panels()], 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart, (one, other)


@pytest.mark.parametrize("unit", Unit)
def test_every_unit_ends_the_name_once(unit: Unit) -> None:
    """A key that ends in its unit does not get it twice."""
    made = exported.name(f"x_{unit.value}", unit)
    assert made.startswith("ci_factory_x")
    assert not re.search(r"_(\w+)_\1$", made)
