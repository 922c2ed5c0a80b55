"""`ci-factory run`: the whole line, on the embedded forge or on GitLab."""

from pathlib import Path

import click

from ci_factory import workflow
from ci_factory.cli import common, heartbeat, progress, wiring
from ci_factory.cli.live_night import Watcher
from ci_factory.errors import ExitCode
from ci_factory.forge.ticket_files import read_tickets
from ci_factory.model.text import plain
from ci_factory.model.ticket import Ticket
from ci_factory.planning.graph import check_acyclic
from ci_factory.system.clock import SystemClock
from ci_factory.workflow import Factory, Outcome


@click.command(epilog="Example: ci-factory run --repo . --tickets tickets/ --agent autofix --out out")
@common.repo_option
@click.option(
    "--tickets", type=click.Path(path_type=Path), help="Folder of Markdown tickets, one file, or JSON lines."
)
@wiring.agent_options
@common.out_option
@common.config_option
@common.json_option
@click.option("--quiet", is_flag=True, help="No progress.")
def command(
    repo: Path,
    tickets: Path | None,
    agent_names: tuple[str, ...],
    agent_command: str | None,
    agent_env: tuple[str, ...],
    out: Path | None,
    config_file: Path | None,
    *,
    as_json: bool,
    quiet: bool,
) -> int:
    """Run a whole batch: intake, plan, agents, gates, merge requests, review queue, report.

    Without --tickets the queue is what `ci-factory ticket add` put there, or the labelled issues of the GitLab
    project that the configuration or the CI job names. A run that was killed goes on where it
    was when the same command runs again; a run with nothing new to do changes nothing.
    """
    choice = wiring.AgentChoice(agent_names, agent_command, agent_env)
    with progress.watching(SystemClock(), quiet=quiet) as watcher:
        factory = wiring.factory(repo, out, config_file, choice, progress=watcher, writes=True)
        given = read_checked(tickets)
        wiring.require_tickets(factory, given, tickets)
        night = Watcher(factory.layout, factory.config, SystemClock())
        with heartbeat.beating("the batch runs", night.headline, drawn=False):
            outcome = workflow.run(factory, given)
    _tell(factory, outcome, as_json=as_json)
    return int(ExitCode.FACTORY if outcome.broken or outcome.aborted else ExitCode.OK)


def read_checked(path: Path | None) -> list[Ticket]:
    """Tickets of a path, dependencies checked for circles.

    Raises:
        TicketError: one can't be read.
        UsageError: they depend on each other in a circle.
    """
    if path is None:
        return []
    given = read_tickets(path)
    check_acyclic({ticket.id: ticket.depends_on for ticket in given})
    return given


def _tell(factory: Factory, outcome: Outcome, *, as_json: bool) -> None:
    layout, batch = factory.layout, outcome.batch
    if as_json:
        common.print_json(
            {
                "batch": batch.id if batch else None,
                "tickets": [planned.id for planned in batch.tickets] if batch else [],
                "waiting_for_people": len(outcome.queue.items),
                "broken": list(outcome.broken),
                "aborted": outcome.aborted,
                "report": str(layout.report),
                "dashboard": str(layout.dashboard),
            }
        )
        return
    click.echo(f"batch {batch.id}: {len(batch.tickets)} tickets" if batch else "nothing new to do")
    for ticket_id in outcome.broken:
        click.echo(
            f"the factory itself failed on {ticket_id}; it stays queued, run again (see {layout.events})",
            err=True,
        )
    if outcome.aborted:
        click.echo(f"the batch ended early: {plain(outcome.aborted, 500)}; the next run goes on", err=True)
    click.echo(f"{len(outcome.queue.items)} wait for a person: ci-factory review --repo {factory.git.folder}")
    click.echo(f"report:    {layout.report}")
    click.echo(f"dashboard: {layout.dashboard}")
