"""The metrics component as a schedule: page, store and weekly report, and a second run that goes on from the first."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ci_factory.metrics import store
from tests.ci_local.driver import Ended, Runner, pipeline_file, templates
from tests.workflow.gitlab_line import GitLabLine
from tests.workflow.kill_table import CONFIG, TICKETS
from tests.workflow.reported_nights import shown

pytest.importorskip("sqlalchemy", reason="SQLAlchemy (extra `metrics`) is not installed")
METRICS, PAGES = "ci-factory-metrics", "pages"
INPUTS = {"weekly": "issue", "pages-job": PAGES, "report-jobs": ["factory-report"]}


@pytest.fixture
def line(new_repo: Callable[..., Path], line_of: Callable[[Path], GitLabLine]) -> GitLabLine:
    """A project that includes the component, after a night of three tickets."""
    files = {"shop/__init__.py": "", ".gitignore": "/.ci-factory/\n", ".ci-factory.yml": CONFIG}
    ci = pipeline_file("metrics", INPUTS)
    made = line_of(new_repo(files | templates() | {".gitlab-ci.yml": ci}))
    made.open_issues(TICKETS)
    assert made.command("run") == 0
    return made


def facts_of(ended: Ended, line: GitLabLine) -> int:
    """How many facts the store of a run has, once it is sure that they are sound."""
    history = store.sound(ended.artifacts(METRICS) / ".ci-factory" / "metrics.sqlite3")
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
    assert first.exits == {METRICS: 0, PAGES: 0}
    assert "beginning anew" in first.log(METRICS)
    page = (first.artifacts(PAGES) / "public" / "index.html").read_text("utf-8")
    assert page == (first.artifacts(METRICS) / "ci-factory-metrics" / "index.html").read_text("utf-8")
    assert page.startswith("<!doctype html>")
    figures = (first.artifacts(METRICS) / "ci-factory-metrics" / "metrics.txt").read_text("utf-8")
    assert figures.endswith("# EOF\n")
    (report,) = shown(line)
    assert len(report["notes"]) == 1
    assert line.token not in first.log(METRICS)

    second = runner.run("main", "schedule")
    assert second.exits == {METRICS: 0, PAGES: 0}
    assert "the store of job" in second.log(METRICS)
    assert "0 of" in second.log(METRICS)
    assert facts_of(second, line) == facts_of(first, line)
    assert "already" in second.log(METRICS)
    assert shown(line) == [report]
