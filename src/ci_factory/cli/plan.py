"""`ci-factory plan`: the second stage alone, and the night as a table."""

from pathlib import Path

import click

from ci_factory.cli import common, wiring
from ci_factory.model.batch import Batch
from ci_factory.model.text import plain
from ci_factory.model.ticket import IntakeReport
from ci_factory.planning.table import describe
from ci_factory.system import records
from ci_factory.workflow import planning


@click.command(epilog="Example: ci-factory plan --repo . --agent autofix --dry-run")
@common.repo_option
@wiring.agent_options
@click.option("--dry-run", is_flag=True, help="Show the plan; write nothing, claim nothing.")
@common.out_option
@common.config_option
@common.json_option
def command(
    repo: Path,
    agent_names: tuple[str, ...],
    agent_command: str | None,
    agent_env: tuple[str, ...],
    out: Path | None,
    config_file: Path | None,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Plan a batch from intake.json: which tickets, in which lane, by whom, on which base, and why."""
    choice = wiring.AgentChoice(agent_names, agent_command, agent_env)
    factory = wiring.factory(repo, out, config_file, choice, writes=not dry_run)
    with factory.exclusively():
        intake = records.read_model(factory.layout.intake, IntakeReport)
        if dry_run:
            batch: Batch | None = planning.draft(factory, intake)
        else:
            batch = planning.unfinished(factory) or planning.plan(factory, intake)
    if as_json:
        common.print_json(batch.model_dump(mode="json") if batch else None)
    elif batch is None:
        click.echo("nothing new to do")
    else:
        _show(batch)


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
