"""The metrics component as a schedule: page, store, reports and alerts, and a second run that goes on from the first."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ci_factory.metrics import storing
from tests.ci_local.driver import Ended, Runner, pipeline_file, templates
from tests.workflow.gitlab_line import GitLabLine
from tests.workflow.kill_table import CONFIG, TICKETS
from tests.workflow.reported_nights import shown

pytest.importorskip("sqlalchemy", reason="SQLAlchemy (extra `metrics`) is not installed")
METRICS, PAGES, ALERTS = "ci-factory-metrics", "pages", "ci-factory-alerts"
INPUTS = {
    "weekly": "issue", "monthly": "snippet", "alerts": "issue", "alerts-job": ALERTS, "fail-on": "medium",
    "pages-job": PAGES, "report-jobs": ["factory-report"],
}  # fmt: skip
BOUND = "alerts: {period: {review_queue: {alert: 2}}}\n"
"""The three merge requests of the night are one too many."""


@pytest.fixture
def line(new_repo: Callable[..., Path], line_of: Callable[[Path], GitLabLine]) -> GitLabLine:
    """A project that includes the component, after a night of three tickets."""
    files = {"shop/__init__.py": "", ".gitignore": "/.ci-factory/\n", ".ci-factory.yml": f"{CONFIG}\n{BOUND}"}
    ci = pipeline_file("metrics", INPUTS)
    made = line_of(new_repo(files | templates() | {".gitlab-ci.yml": ci}))
    made.open_issues(TICKETS)
    assert made.command("run") == 0
    return made


def facts_of(ended: Ended, line: GitLabLine) -> int:
    """How many facts the store of a run has, once it is sure that they are sound."""
    file = ended.artifacts(METRICS) / ".ci-factory" / "metrics.sqlite3"
    storing.sound(file)
    with storing.opened(f"sqlite:///{file}", create=False) as store:
        history = store.load()
    assert {each.id for each in history.tickets} == {each.id for each in TICKETS}
    assert len(history.merge_requests) == len(line.project.mergerequests.list(get_all=True))
    return sum(len(getattr(history, kind)) for kind in type(history).model_fields)


@pytest.mark.long
def test_a_run_leaves_page_store_and_report_and_the_next_goes_on(
    line: GitLabLine, runner_of: Callable[..., Runner]
) -> None:
    """The first run begins a store, the second restores it; the page is published, the week's report posted once."""
    runner = runner_of(line)
    first = runner.run("main", "schedule")
    assert first.exits == {METRICS: 0, PAGES: 0, ALERTS: 1}
    assert "ALERT medium Review queue: 3" in first.log(ALERTS)
    assert "beginning anew" in first.log(METRICS)
    page = (first.artifacts(PAGES) / "public" / "index.html").read_text("utf-8")
    assert page == (first.artifacts(METRICS) / "ci-factory-metrics" / "index.html").read_text("utf-8")
    assert page.startswith("<!doctype html>")
    figures = (first.artifacts(METRICS) / "ci-factory-metrics" / "metrics.txt").read_text("utf-8")
    assert figures.endswith("# EOF\n")
    left = {file.name for file in (first.artifacts(METRICS) / "ci-factory-metrics").iterdir()}
    assert left == {"index.html", "metrics.txt", "grafana.json", "weekly.md", "monthly.md", "alerts.json"}
    (report,) = shown(line)
    assert [note.split(" ", 2)[:2] for note in report["notes"]] == [["#", "Weekly"], ["**Alert", "(medium):"]]
    assert "factory-alert::medium" in report["labels"]
    assert line.token not in first.log(ALERTS)
    assert line.token not in first.log(METRICS)

    second = runner.run("main", "schedule")
    assert second.exits == {METRICS: 0, PAGES: 0, ALERTS: 1}
    assert "the store of job" in second.log(METRICS)
    assert "0 of" in second.log(METRICS)
    assert facts_of(second, line) == facts_of(first, line)
    assert "already" in second.log(METRICS)
    (again,) = shown(line)
    assert (again["notes"][0], len(again["notes"]), again["labels"]) == (
        report["notes"][0],
        2,
        report["labels"],
    )
    assert len(line.project.snippets.list(get_all=True)) == 1
