"""`ci-factory plan`: the second stage alone, and the night as a table."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click

from ci_factory.cli import common, conflicts, plan_screen, wiring
from ci_factory.config import Config
from ci_factory.errors import UsageError
from ci_factory.model.batch import Batch
from ci_factory.model.ticket import IntakeReport
from ci_factory.planning.pipeline import child_pipelines
from ci_factory.planning.pipeline_names import INDEX_NAME
from ci_factory.planning.pipeline_settings import PipelineSettings, from_options
from ci_factory.system import ci_env, records
from ci_factory.workflow import planning


@click.command(epilog="Example: ci-factory plan --repo . --agent autofix --dry-run --html plan.html")
@common.repo_option
@wiring.agent_options
@click.option("--dry-run", is_flag=True, help="Show the plan; claim nothing, and write pictures at most.")
@click.option(
    "--svg",
    "svg_file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="Also draw the plan into this file: lanes, tickets, dependencies, due dates.",
)
@click.option(
    "--html",
    "html_file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="The same as a page, with what is in, what is out, and why.",
)
@click.option(
    "--start",
    "start_text",
    default=None,
    metavar="TIME",
    help="When the work begins, such as 18:00 (UTC); times are by the clock then.",
)
@click.option(
    "--conflicts",
    "with_conflicts",
    is_flag=True,
    help="Also show which tickets may touch a common file, and how probably.",
)
@click.option(
    "--pipelines",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Also write the batch as GitLab child pipelines into this folder (docs/pipelines.md).",
)
@click.option(
    "--pipeline-option",
    "pipeline_options",
    multiple=True,
    metavar="NAME=VALUE",
    help="A setting of the child pipelines, such as image=python:3.13.",
)
@click.option(
    "--parallel", type=click.IntRange(0, 200), default=0, help="Agents at a time.  [default: batch.parallel]"
)
@click.option(
    "--max-tickets",
    type=click.IntRange(0, 10_000),
    default=0,
    help="Most tickets.  [default: batch.max_tickets]",
)
@common.out_option
@common.config_option
@common.json_option
def command(
    repo: Path,
    agent_names: tuple[str, ...],
    agent_command: str | None,
    agent_env: tuple[str, ...],
    pipelines: Path | None,
    pipeline_options: tuple[str, ...],
    parallel: int,
    max_tickets: int,
    svg_file: Path | None,
    html_file: Path | None,
    start_text: str | None,
    out: Path | None,
    config_file: Path | None,
    *,
    dry_run: bool,
    with_conflicts: bool,
    as_json: bool,
) -> None:
    """Plan a batch from intake.json: which tickets, in which lane, by whom, on which base, and why."""
    settings = _settings(pipeline_options)
    if dry_run and pipelines:
        raise UsageError("--dry-run writes nothing", where="--pipelines", fix="leave one of the two out")
    choice = wiring.AgentChoice(agent_names, agent_command, agent_env)
    factory = wiring.factory(repo, out, config_file, choice, writes=not dry_run)
    factory = replace(factory, config=_overridden(factory.config, parallel, max_tickets))
    start = plan_screen.moment(start_text, factory.clock.now())
    with factory.exclusively():
        intake = records.read_model(factory.layout.intake, IntakeReport)
        if dry_run:
            batch: Batch | None = planning.draft(factory, intake)
        else:
            batch = planning.unfinished(factory) or planning.plan(factory, intake)
    if pipelines:
        _write_pipelines(pipelines, batch, settings)
    if batch is not None:
        _draw(batch, factory.config, start, svg_file, html_file)
    graph = conflicts.graph_of(intake, factory.config) if with_conflicts else None
    if as_json:
        data = batch.model_dump(mode="json") if batch else None
        common.print_json({"batch": data, "conflicts": conflicts.as_data(graph)} if graph else data)
    elif batch is None:
        click.echo("nothing new to do")
    else:
        plan_screen.show(batch, start)
    if graph and not as_json:
        conflicts.show(graph)


def _overridden(config: Config, parallel: int, max_tickets: int) -> Config:
    """What the command line says instead; zero leaves the configuration as it is."""
    limits = {"parallel": parallel, "max_tickets": max_tickets}
    batch = config.batch.model_copy(update={name: value for name, value in limits.items() if value})
    return config.model_copy(update={"batch": batch})


def _settings(options: tuple[str, ...]) -> PipelineSettings:
    """What the job itself knows of server and pipeline, and the options on top of it."""
    variables = {
        "plan_pipeline": ci_env.variable("CI_PIPELINE_ID"),
        "plan_job": ci_env.variable("CI_JOB_NAME"),
        "server": _server_version(),
    }
    return from_options(options, **{name: value for name, value in variables.items() if value})


def _server_version() -> str | None:
    parts = [ci_env.variable(f"CI_SERVER_VERSION_{part}") for part in ("MAJOR", "MINOR")]
    return ".".join(map(str, parts)) if all(parts) else None


def _write_pipelines(folder: Path, batch: Batch | None, settings: PipelineSettings) -> None:
    """The index comes last: where it is, everything it names is."""
    written = child_pipelines(batch, settings)
    for name, text in written.texts.items():
        records.write_text(folder / name, text)
    records.write_model(folder / INDEX_NAME, written.index)


def _draw(
    batch: Batch, config: Config, start: datetime | None, svg_file: Path | None, html_file: Path | None
) -> None:
    from ci_factory.planning import gantt_page

    if svg_file is not None:
        records.write_text(svg_file, gantt_page.svg(batch, config, start))
    if html_file is not None:
        records.write_text(html_file, gantt_page.page(batch, config, start))
