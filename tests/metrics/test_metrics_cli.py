"""`ci-factory collect`, `report` and `dashboard` as commands."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ci_factory.cli import collect, dashboard, report
from ci_factory.errors import UsageError
from ci_factory.model.batch import Batch, LeftOut, Limits
from ci_factory.system import records
from ci_factory.system.layout import Layout


@pytest.fixture
def repo(new_repo: Callable[..., Path]) -> Path:
    return new_repo({"README.md": "hello\n"})


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """An output folder with one batch in which nothing could be planned."""
    folder = tmp_path / "out"
    batch = Batch(
        id="b1", created_at="2026-11-01T18:00:00Z", project="p", target_branch="main", base="b" * 40,
        limits=Limits(), config_hash="x", tickets=(),
        left_out=(LeftOut(ticket_id="T-1", state="needs-info", reason="It has no acceptance criteria."),),
    )  # fmt: skip
    records.write_model(Layout(folder).batch("b1").batch, batch)
    return folder


def call(command: Any, *args: str | Path) -> Result:
    return CliRunner().invoke(command, [str(arg) for arg in args], catch_exceptions=False)


def test_collect_writes_the_facts(repo: Path, out: Path) -> None:
    """The facts lie in OUT/facts.json, and collecting again changes no byte of it."""
    done = call(collect.command, "--repo", repo, "--out", out)
    first = (out / "facts.json").read_bytes()
    call(collect.command, "--repo", repo, "--out", out)
    assert done.exit_code == 0
    assert "1 batches" in done.stdout
    assert json.loads(first)["batches"][0]["id"] == "b1"
    assert (out / "facts.json").read_bytes() == first


def test_collect_into_a_store_never_counts_twice(repo: Path, out: Path) -> None:
    """The second collection into the same store adds nothing."""
    pytest.importorskip("sqlalchemy", reason="SQLAlchemy (extra `metrics`) is not installed")
    runs = [call(collect.command, "--repo", repo, "--out", out, "--store").stdout for _ in range(2)]
    assert "1 of 1 facts were new" in runs[0]
    assert "0 of 1 facts were new" in runs[1]
    assert (out / "metrics.sqlite3").is_file()


def test_collect_names_what_it_left_out(repo: Path, out: Path) -> None:
    """A damaged artifact is told on stderr, and the command still succeeds."""
    records.write_text(Layout(out).batch("b0").batch, "{")
    done = call(collect.command, "--repo", repo, "--out", out)
    assert done.exit_code == 0
    assert "left out: b0/batch.json" in done.stderr


def test_report_is_the_morning_report(repo: Path, out: Path) -> None:
    """The report of the last batch is printed as Markdown, left-out tickets included."""
    done = call(report.command, "--repo", repo, "--out", out)
    assert done.stdout.startswith("# Morning report: b1\n")
    assert "It has no acceptance criteria." in done.stdout


def test_report_for_machines(repo: Path, out: Path) -> None:
    """With --json every fact and figure is there; with --openmetrics the text ends as it must."""
    told = json.loads(call(report.command, "--repo", repo, "--out", out, "--json").stdout)
    assert told["facts"]["batches"][0]["id"] == "b1"
    assert {figure["key"] for figure in told["figures"]} >= {"acceptance_rate", "cost_per_ticket"}
    assert call(report.command, "--repo", repo, "--out", out, "--openmetrics").stdout.endswith("# EOF\n")


def test_report_of_no_batch_says_what_to_do(repo: Path, tmp_path: Path) -> None:
    """Before the first night the report is a usage error with its fix."""
    with pytest.raises(UsageError, match="ci-factory run"):
        call(report.command, "--repo", repo, "--out", tmp_path / "none")


def test_dashboard_is_written_where_asked(repo: Path, out: Path, tmp_path: Path) -> None:
    """The page goes to OUT/dashboard.html, or to --output without touching OUT."""
    assert call(dashboard.command, "--repo", repo, "--out", out).stdout.strip() == str(out / "dashboard.html")
    page = tmp_path / "public" / "index.html"
    call(dashboard.command, "--repo", repo, "--out", tmp_path / "none", "--output", page)
    assert "No night has been run yet." in page.read_text(encoding="utf-8")
    assert not (tmp_path / "none").exists()
    assert "It has no acceptance criteria." in (out / "dashboard.html").read_text(encoding="utf-8")
