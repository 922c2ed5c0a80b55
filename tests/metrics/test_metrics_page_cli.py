"""`ci-factory dashboard`: where its facts come from, which part of them it shows, and that `report --json` has it all."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ci_factory.cli import dashboard, facts, report
from ci_factory.errors import UsageError
from ci_factory.metrics.facts import History
from ci_factory.metrics.overview import Overview
from ci_factory.model.review import ReviewQueue
from ci_factory.system import records
from ci_factory.system.layout import Layout
from tests.metrics.test_metrics_page_numbers import Numbers, unfounded


@pytest.fixture
def place(
    new_repo: Callable[..., Path],
    tmp_path: Path,
    night: History,
    queue: ReviewQueue,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> list[str]:
    """Options that name a repository and an output folder with the facts of a night, at a fixed moment."""

    class Clock:
        def now(self) -> datetime:
            return now

    monkeypatch.setattr(facts, "SystemClock", Clock)
    out = tmp_path / "out"
    records.write_model(out / facts.FILE, night)
    records.write_model(Layout(out).review, queue)
    return ["--repo", str(new_repo({"README.md": "hello\n"})), "--out", str(out)]


def call(command: Any, *args: str) -> Result:
    return CliRunner().invoke(command, args, catch_exceptions=False)


def page(*args: str) -> str:
    return Path(call(dashboard.command, *args).stdout.strip()).read_text(encoding="utf-8")


def test_the_report_has_every_number_of_the_page(place: list[str]) -> None:
    """Every number that the dashboard shows stands in what `report --json` prints, where the page says so."""
    html = page(*place, "--facts")
    told = json.loads(call(report.command, *place, "--facts", "--json").stdout)
    assert len(Numbers(html).shown) > 150
    assert unfounded(Overview.model_validate(told["overview"]), html) == []


def test_a_page_of_a_part(place: list[str]) -> None:
    """With --agent and --since the figures are of that part, which the page says; the night is told whole."""
    html = page(*place, "--facts", "--agent", "otter", "--since", "2026-11-19")
    assert "since 2026-11-19, agent otter" in html
    assert "5 of 14 tickets have a merge request" in html
    told = json.loads(
        call(report.command, *place, "--facts", "--json", "--agent", "otter", "--until", "2026-11-19").stdout
    )
    assert told["overview"]["part"]["agent"] == "otter"
    assert told["overview"]["changes"] == 0


def test_a_part_that_nobody_heard_of(place: list[str]) -> None:
    """An agent, area or project that the facts do not know is a usage error that names those that they know."""
    with pytest.raises(UsageError, match="heron, otter"):
        call(dashboard.command, *place, "--facts", "--agent", "oter")


def test_facts_come_from_one_place(place: list[str]) -> None:
    """--facts and --store together are a usage error; a store that is not there says how to make it."""
    with pytest.raises(UsageError, match="--facts --store"):
        call(dashboard.command, *place, "--facts", "--store")
    with pytest.raises(UsageError, match="ci-factory collect --store"):
        call(dashboard.command, *place, "--store")


def test_a_store_tells_the_same(place: list[str], tmp_path: Path, night: History) -> None:
    """The page of a store is, byte for byte, that of the facts which were saved into it."""
    pytest.importorskip("sqlalchemy", reason="SQLAlchemy (extra `metrics`) is not installed")
    from ci_factory.metrics import storing

    url = f"sqlite:///{tmp_path}/store.sqlite3"
    with storing.opened(url) as store:
        store.save(night, "warehouse")
    assert page(*place, "--store", url) == page(*place, "--facts")
