"""`ci-factory simulate`: the screen, the page, JSON, what-ifs, and past forecasts against what happened."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ci_factory.cli.main import cli, run
from ci_factory.metrics.facts import AttemptFact, BatchFact, History, MergeRequestFact
from ci_factory.metrics.morning import morning_report
from ci_factory.model.attempt import Ending, Usage
from ci_factory.model.forecast import Forecast, Spread
from ci_factory.model.forge import MergeRequestState
from ci_factory.model.ticket import (
    Candidate,
    Estimate,
    IntakeReport,
    Readiness,
    Risk,
    RiskLevel,
    Size,
    Ticket,
)
from ci_factory.planning.simulation.scenario import FIGURES
from ci_factory.system import records
from ci_factory.system.layout import Layout
from ci_factory.workflow import simulation

NIGHT = datetime(2026, 3, 2, 18, tzinfo=UTC)
MORNING = NIGHT + timedelta(hours=15)


@pytest.fixture
def project(new_repo: Callable[..., Path]) -> Path:
    """A repository with two agents and a night of their own."""
    config = "forge: {kind: embedded}\nbatch: {parallel: 2}\nreview: {timezone: Europe/Berlin}\nsimulation: {starts: 20:00, deadline: '07:30'}\n"
    return new_repo({".ci-factory.yml": config, "a.py": "A = 1\n"})


def simulated(project: Path, *args: str) -> str:
    """What the command says."""
    base = ["simulate", "--repo", str(project), "--runs", "4", "--tickets", "8"]
    ran = CliRunner().invoke(cli, [*base, *args], catch_exceptions=False)
    assert ran.exit_code == 0, ran.output
    return ran.stdout


def result(project: Path, *args: str) -> dict[str, Any]:
    """The only result as data."""
    (found,) = json.loads(simulated(project, "--json", *args))["results"]
    assert isinstance(found, dict)
    return found


def test_the_screen_says_what_every_figure_is(project: Path) -> None:
    """Every figure stands there with its definition, the spread, what was assumed, and the configured clock."""
    said = simulated(project)
    assert all(title in said and meaning in said for title, meaning in FIGURES.values())
    assert "20:00" in said
    assert "07:30 Europe/Berlin" in said
    assert "P10" in said
    assert "lognormal, median 10" in said


def test_the_same_seed_says_the_same(project: Path) -> None:
    """JSON of the same seed is the same, of another one it is not."""
    first, again, other = (result(project, "--seed", seed) for seed in ("7", "7", "8"))
    assert first == again != other


def test_what_ifs_change_the_outcome(project: Path) -> None:
    """A tight budget and rate limit leave fewer ready; the equipment said stands in the answer."""
    told = json.loads(simulated(project, "--json", "--agents", "4", "--lanes", "5", "--reviewers", "6"))
    assert [told["equipment"][name] for name in ("agents", "lanes", "reviewers")] == [4, 5, 6]
    free = result(project)["figures"]["ready"]["p50"]
    assert result(project, "--budget", "6")["figures"]["ready"]["p50"] < free
    assert result(project, "--tokens-per-minute", "10000")["figures"]["ready"]["p50"] < free


def test_ways_to_work_stand_side_by_side(project: Path) -> None:
    """The comparison names each way, and the page draws them without a script or the network."""
    page = project / "sim.html"
    said = simulated(project, "--compare", "--html", str(page))
    for name in ("plan", "round-robin", "overlap: defer", "twice the lanes", "one reviewer more"):
        assert name in said
        assert name in page.read_text(encoding="utf-8")
    text = page.read_text(encoding="utf-8")
    assert "<script" not in text
    assert "http://" not in text
    assert "https://" not in text
    assert '<polygon class="band"' in text


def test_the_real_queue_is_simulated(project: Path) -> None:
    """Without `--tickets` the queue is that of intake.json, with its files, sizes and dependencies."""
    candidates = tuple(
        Candidate(
            ticket=Ticket(id=f"t{n}", title="A title", depends_on=("t0",) if n == 3 else ()),
            readiness=Readiness(ready=n != 4),
            estimate=Estimate(complexity=Size.SMALL, files=("a.py",)),
            risk=Risk(level=RiskLevel.LOW),
        )
        for n in range(5)
    )
    layout = Layout(project / ".ci-factory")
    records.write_model(layout.intake, IntakeReport(taken_at=NIGHT, candidates=candidates))
    ran = CliRunner().invoke(cli, ["simulate", "--repo", str(project), "--runs", "5", "--json"])
    (found,) = json.loads(ran.stdout)["results"]
    assert 2 <= found["figures"]["ready"]["p90"] <= 4


def test_wrong_assumptions_are_a_usage_error(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that can't be is refused with file, key and fix, as exit code 2."""
    wrong = project / "wrong.yml"
    wrong.write_text("pair_conflict: seven\n", encoding="utf-8")
    code = run(["simulate", "--repo", str(project), "--assumptions", str(wrong)])
    said = capsys.readouterr().err
    assert code == 2
    assert "pair_conflict" in said
    assert "fix:" in said


def night() -> tuple[Forecast, History]:
    """A forecast and what came of it: three of four are ready, one too late; a cost is unknown."""
    forecast = Forecast(
        batch="b1",
        made_at=NIGHT,
        deadline=MORNING,
        seed=1,
        runs=100,
        ready=Spread(p10=2, p50=3, p90=4),
        spend=Spread(p10=1, p50=2, p90=3),
        conflicts=Spread(p10=0, p50=1, p90=2),
    )
    attempts = tuple(
        AttemptFact(
            batch="b1", ticket=f"t{n}", agent="ada", lane=0, started_at=NIGHT, finished_at=NIGHT, attempts=1,
            iterations=1, agent_seconds=60, size=Size.SMALL, ending=Ending.COMPLETED, reason="", merge_request=n + 1,
            usage=Usage(cost_usd=None if n else 0.5),
        )
        for n in range(4)
    )  # fmt: skip
    requests = tuple(
        MergeRequestFact(
            iid=n + 1, ticket=f"t{n}", title="T", branch="b", target="main", draft=False, versions=1, head="0" * 40,
            state=MergeRequestState.OPENED, created_at=NIGHT, ready_at=MORNING + timedelta(minutes=1 if n == 3 else -60),
        )
        for n in range(4)
    )  # fmt: skip
    batch = BatchFact(id="b1", project="p", target_branch="main", created_at=NIGHT, lanes=1, planned=())
    return forecast, History(attempts=attempts, merge_requests=requests, batches=(batch,))


def test_a_forecast_is_scored_once_its_deadline_has_passed(tmp_path: Path) -> None:
    """Before the deadline the report says what is expected, after it what came; what is unknown is never zero."""
    forecast, history = night()
    layout = Layout(tmp_path)
    folder = layout.batch("b1")
    records.write_text(folder.batch, "{}")
    records.write_model(folder.forecast, forecast)
    early, late = (
        simulation.outlook(layout, history, MORNING + timedelta(minutes=minutes)) for minutes in (-5, 5)
    )
    assert early.scores == ()
    (scored,) = late.scores
    assert [(each.figure, each.actual, each.inside) for each in scored.figures] == [("ready", 3.0, True)]
    assert scored.unknown == ("spend", "conflicts")
    before, after = (morning_report(history, "b1", None, MORNING, outlook) for outlook in (early, late))
    assert "Forecast, P10 to P90" in before
    assert "2 to 4 merge requests ready, 1 to 3 USD" in before
    assert "it was 3 (inside)" in after
    assert "USD unknown" in after
    assert "inside on 1 of 1 night" in after


def test_without_forecasts_the_command_says_where_they_come_from(project: Path) -> None:
    """`--score` before the first batch is no failure."""
    assert "no forecast yet" in simulated(project, "--score")
    assert json.loads(simulated(project, "--score", "--json")) == {"nights": [], "coverage": [], "open": []}
