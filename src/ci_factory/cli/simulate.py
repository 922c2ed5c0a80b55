"""`ci-factory simulate`: what nights will bring, and what they would bring with something else."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from ci_factory.cli import common, heartbeat, simulate_screen
from ci_factory.config import Config
from ci_factory.errors import UsageError
from ci_factory.model.history import PastAttempt
from ci_factory.model.ticket import IntakeReport
from ci_factory.planning.simulation import assumptions as assumed
from ci_factory.planning.simulation import fitting
from ci_factory.planning.simulation.assumptions import Assumptions
from ci_factory.planning.simulation.study import Study, compared, planned, round_robin
from ci_factory.system import records
from ci_factory.system.clock import SystemClock
from ci_factory.system.git import Git
from ci_factory.system.layout import Layout

_TICKETS = 40
"""Of a made-up night when nothing says how many."""


@dataclass(frozen=True)
class _WhatIf:
    """What the command line says in place of the configuration."""

    agents: int | None
    lanes: int | None
    reviewers: int | None
    budget: float | None
    tokens_per_minute: float | None


@click.command(
    epilog="Examples: ci-factory simulate --tickets 40 --compare   |   ci-factory simulate --lanes 6 --html sim.html   |   "
    "ci-factory simulate --score"
)
@common.repo_option
@click.option(
    "--tickets",
    type=click.IntRange(1, 100_000),
    default=None,
    help="A made-up queue with this many tickets a night.  [default: the queue of intake.json, else 40]",
)
@click.option("--nights", type=click.IntRange(1, 366), default=1, show_default=True, help="Nights in a row.")
@click.option(
    "--runs", type=click.IntRange(1, 10_000), default=100, show_default=True, help="Simulated times."
)
@click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, help="The same seed, the same result."
)
@click.option("--agents", type=click.IntRange(1, 1000), default=None, help="Credentials.")
@click.option("--lanes", type=click.IntRange(1, 10_000), default=None, help="Agents at the same time.")
@click.option("--reviewers", type=click.IntRange(0, 10_000), default=None, help="People who review.")
@click.option("--budget", type=click.FloatRange(0), default=None, help="USD a night.")
@click.option(
    "--tokens-per-minute",
    type=click.FloatRange(0, min_open=True),
    default=None,
    help="Rate limit of a credential.",
)
@click.option(
    "--policy",
    type=click.Choice(["plan", "round-robin"]),
    default="plan",
    show_default=True,
    help="Who plans: the factory as configured, or plain turns without overlap handling.",
)
@click.option("--compare", is_flag=True, help="Other policies and other equipment, side by side.")
@click.option(
    "--assumptions",
    "assumptions_file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="YAML with other distributions (docs/simulation.md).",
)
@click.option("--stated", is_flag=True, help="Only what is stated; nothing is learned from past nights.")
@click.option(
    "--history",
    is_flag=True,
    help="Also learn from the forge which changes people accepted; the files do not know.",
)
@click.option("--score", is_flag=True, help="Past forecasts against what happened.")
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="Also write a page with pictures.",
)
@common.out_option
@common.config_option
@common.json_option
def command(
    repo: Path,
    tickets: int | None,
    nights: int,
    runs: int,
    seed: int,
    agents: int | None,
    lanes: int | None,
    reviewers: int | None,
    budget: float | None,
    tokens_per_minute: float | None,
    policy: str,
    assumptions_file: Path | None,
    html: Path | None,
    out: Path | None,
    config_file: Path | None,
    *,
    compare: bool,
    stated: bool,
    history: bool,
    score: bool,
    as_json: bool,
) -> None:
    """Simulate nights: merge requests ready by the deadline, what waits, conflicts, spend, lateness."""
    git = common.open_repository(repo)
    config, _ = common.load_config(git, config_file)
    layout = common.layout(git, out)
    if score:
        _score(git, layout, config, as_json=as_json)
        return
    past = _decided(repo, out, config_file) if history else _measured(layout)
    study = _study(
        config,
        layout,
        _WhatIf(agents, lanes, reviewers, budget, tokens_per_minute),
        tickets=tickets,
        nights=nights,
        runs=runs,
        seed=seed,
        assumptions=_assumptions(assumptions_file, () if stated else past),
    )
    ways = compared(study) if compare else [planned(study) if policy == "plan" else round_robin(study)]
    with heartbeat.beating("nights are simulated"):
        results = [study.run(way) for way in ways]
    if html is not None:
        records.write_text(html, simulate_screen.page(study, results))
    if as_json:
        common.print_json(simulate_screen.as_json(study, results))
        return
    simulate_screen.show(study, results)
    if html is not None:
        click.echo(f"page: {html}")


def _study(
    config: Config,
    layout: Layout,
    what_if: _WhatIf,
    *,
    tickets: int | None,
    nights: int,
    runs: int,
    seed: int,
    assumptions: Assumptions,
) -> Study:
    from ci_factory.workflow import simulation

    intake = records.read_if_valid(layout.intake, IntakeReport) if tickets is None else None
    equipment = simulation.equipment_of(config, what_if.lanes)
    said = {
        "agents": what_if.agents,
        "reviewers": what_if.reviewers,
        "budget_usd": what_if.budget,
        "tokens_per_minute": what_if.tokens_per_minute,
    }
    equipment = equipment.model_copy(
        update={name: value for name, value in said.items() if value is not None}
    )
    return Study(
        config=config,
        equipment=equipment,
        assumptions=assumptions,
        day=simulation.day_of(config),
        now=SystemClock().now(),
        nights=nights,
        runs=runs,
        seed=seed,
        tickets=tickets or _TICKETS,
        intake=intake if intake is not None and intake.candidates else None,
    )


def _assumptions(path: Path | None, past: Sequence[PastAttempt]) -> Assumptions:
    """What is stated, what the file says instead, and what past nights say where enough was measured."""
    found = assumed.parse(_text(path), str(path)) if path is not None else Assumptions()
    return fitting.fit(found, past)


def _text(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as stream:
            return stream.read(assumed.MAX_BYTES + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            "can't be read as UTF-8", where=str(path), fix="name a readable YAML file"
        ) from error


def _measured(layout: Layout) -> tuple[PastAttempt, ...]:
    from ci_factory.workflow import history

    return history.measured(layout)


def _decided(repo: Path, out: Path | None, config_file: Path | None) -> tuple[PastAttempt, ...]:
    from ci_factory.cli import wiring
    from ci_factory.workflow import history

    return history.past(wiring.factory(repo, out, config_file))


def _score(git: Git, layout: Layout, config: Config, *, as_json: bool) -> None:
    from ci_factory.cli import forges
    from ci_factory.metrics.collect import collect
    from ci_factory.planning.simulation.scoring import coverage
    from ci_factory.workflow import simulation

    now = SystemClock().now()
    told = simulation.outlook(layout, collect(forges.open_forge(git, config), layout, config), now)
    if as_json:
        common.print_json(
            {
                "nights": [each.model_dump(mode="json") for each in told.scores],
                "coverage": [each.model_dump(mode="json") for each in coverage(told.scores)],
                "open": [name for name, each in told.forecasts.items() if each.deadline > now],
            }
        )
    else:
        simulate_screen.show_scores(told, now)
