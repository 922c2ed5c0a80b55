"""`ci-factory intake`: the first stage alone."""

from dataclasses import replace
from pathlib import Path

import click
from pydantic import TypeAdapter, ValidationError

from ci_factory.cli import common, wiring
from ci_factory.cli.run import read_checked
from ci_factory.errors import UsageError
from ci_factory.model.base import TicketId
from ci_factory.model.text import plain
from ci_factory.system import ci_env
from ci_factory.workflow import Factory, intake


@click.command(epilog="Example: ci-factory intake --repo . --tickets tickets/")
@common.repo_option
@click.option(
    "--tickets", type=click.Path(path_type=Path), help="Folder of Markdown tickets, one file, or JSON lines."
)
@click.option(
    "--ticket",
    "ids",
    multiple=True,
    metavar="ID",
    help="Only this ticket, with or without the trigger label; several, or a JSON array of them.",
)
@click.option("--label", default="", help="Take issues with this label in place of the configured one.")
@click.option(
    "--plan-job",
    default=None,
    help="In CI: name of the job that plans; tickets that it planned in unfinished pipelines are left to these."
    "  [default: CI_JOB_NAME]",
)
@common.out_option
@common.config_option
@common.json_option
def command(
    repo: Path,
    tickets: Path | None,
    ids: tuple[str, ...],
    label: str,
    plan_job: str | None,
    out: Path | None,
    config_file: Path | None,
    *,
    as_json: bool,
) -> None:
    """Read the queue, judge which tickets are ready, and write intake.json.

    In a pipeline of GitLab, tickets of batches whose pipelines have not ended are left alone, so that a schedule may be
    more frequent than a batch is long.
    """
    selection = intake.Selection(_checked(ids), label)
    factory = wiring.factory(repo, out, config_file)
    given = read_checked(tickets)
    wiring.require_tickets(factory, given, tickets)
    with factory.exclusively():
        intake.receive(factory, given)
        busy = _busy(factory, plan_job)
        report = intake.intake(factory, replace(selection, busy=busy))
    absent = [each for each in selection.ids if each not in {c.ticket.id for c in report.candidates}]
    if as_json:
        common.print_json(report.model_dump(mode="json"))
        return
    for candidate in report.candidates:
        ready = (
            "ready" if candidate.readiness.ready else f"not ready: {'; '.join(candidate.readiness.missing)}"
        )
        click.echo(f"{candidate.ticket.id:<12} {plain(ready, limit=300)}")
    if learned := intake.recalibrated(report.calibration):
        click.echo(learned)
    for each in absent:
        click.echo(
            f"{each:<12} is left: there is no such open ticket, or it is at work, delivered or escalated"
        )
    if busy:
        click.echo(f"{len(busy)} more are at work in pipelines that have not ended")


def _checked(given: tuple[str, ...]) -> tuple[str, ...]:
    """Ids one by one, each a possible one.

    Raises:
        UsageError: one is not.
    """
    ids = [word.strip().lstrip("#") for each in given for word in common.words(each)]
    for each in ids:
        try:
            TypeAdapter(TicketId).validate_python(each)
        except ValidationError:
            fix = "pass ids such as 101, or a JSON array of them"
            raise UsageError(f"{plain(each, 80)!r} is no ticket id", where="--ticket", fix=fix) from None
    return tuple(dict.fromkeys(ids))


def _busy(factory: Factory, plan_job: str | None) -> frozenset[str]:
    from ci_factory.forge.gitlab.forge import GitLabForge
    from ci_factory.workflow.gathering import at_work

    own, job = ci_env.variable("CI_PIPELINE_ID") or "", plan_job or ci_env.variable("CI_JOB_NAME")
    if not isinstance(factory.forge, GitLabForge) or not own.isdecimal() or job is None:
        return frozenset()
    return at_work(factory.forge, factory.target_branch, int(own), job)
