"""`ci-factory intake`: the first stage alone."""

from pathlib import Path

import click

from ci_factory.cli import common, wiring
from ci_factory.cli.run import read_checked
from ci_factory.model.text import plain
from ci_factory.workflow import intake


@click.command(epilog="Example: ci-factory intake --repo . --tickets tickets/")
@common.repo_option
@click.option(
    "--tickets", type=click.Path(path_type=Path), help="Folder of Markdown tickets, one file, or JSON lines."
)
@common.out_option
@common.config_option
@common.json_option
def command(
    repo: Path, tickets: Path | None, out: Path | None, config_file: Path | None, *, as_json: bool
) -> None:
    """Read the queue, judge which tickets are ready, and write intake.json."""
    factory = wiring.factory(repo, out, config_file)
    given = read_checked(tickets)
    wiring.require_tickets(factory, given, tickets)
    with factory.exclusively():
        intake.receive(factory, given)
        report = intake.intake(factory)
    if as_json:
        common.print_json(report.model_dump(mode="json"))
        return
    for candidate in report.candidates:
        ready = (
            "ready" if candidate.readiness.ready else f"not ready: {'; '.join(candidate.readiness.missing)}"
        )
        click.echo(f"{candidate.ticket.id:<12} {plain(ready, limit=300)}")
