"""`ci-factory plan`: the second stage alone, and the night as a table."""

from dataclasses import replace
from pathlib import Path

import click

from ci_factory.cli import common, wiring
from ci_factory.config import Config
from ci_factory.errors import UsageError
from ci_factory.model.batch import Batch
from ci_factory.model.text import plain
from ci_factory.model.ticket import IntakeReport
from ci_factory.planning.pipeline import child_pipelines
from ci_factory.planning.pipeline_names import INDEX_NAME
from ci_factory.planning.pipeline_settings import PipelineSettings, from_options
from ci_factory.planning.table import describe
from ci_factory.system import ci_env, records
from ci_factory.workflow import planning


@click.command(epilog="Example: ci-factory plan --repo . --agent autofix --dry-run")
@common.repo_option
@wiring.agent_options
@click.option("--dry-run", is_flag=True, help="Show the plan; write nothing, claim nothing.")
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
    out: Path | None,
    config_file: Path | None,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Plan a batch from intake.json: which tickets, in which lane, by whom, on which base, and why."""
    settings = _settings(pipeline_options)
    if dry_run and pipelines:
        raise UsageError("--dry-run writes nothing", where="--pipelines", fix="leave one of the two out")
    choice = wiring.AgentChoice(agent_names, agent_command, agent_env)
    factory = wiring.factory(repo, out, config_file, choice, writes=not dry_run)
    factory = replace(factory, config=_overridden(factory.config, parallel, max_tickets))
    with factory.exclusively():
        intake = records.read_model(factory.layout.intake, IntakeReport)
        if dry_run:
            batch: Batch | None = planning.draft(factory, intake)
        else:
            batch = planning.unfinished(factory) or planning.plan(factory, intake)
    if pipelines:
        _write_pipelines(pipelines, batch, settings)
    if as_json:
        common.print_json(batch.model_dump(mode="json") if batch else None)
    elif batch is None:
        click.echo("nothing new to do")
    else:
        _show(batch)


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


def _show(batch: Batch) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=None, pad_edge=False, title=f"batch {batch.id} on {batch.target_branch}", title_justify="left"
    )
    for heading in ("", "ticket", "lane", "minutes", "agent", "size", "base", "title", "why"):
        table.add_column(heading, overflow="fold")
    for row in describe(batch):
        table.add_row(*(Text(plain(str(cell), limit=200)) for cell in row.cells))
    for left_out in batch.left_out:
        cells = ("-", left_out.ticket_id, "-", "-", "-", "-", "-", left_out.state, left_out.reason)
        table.add_row(*(Text(plain(cell, limit=300)) for cell in cells), style="dim")
    common.console().print(table)
