"""`ci-factory gather`: what agents' and gates' jobs left, fetched by a job of control."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_factory.cli import common, forges, separation, wiring
from ci_factory.errors import UsageError
from ci_factory.model.text import plain
from ci_factory.system import ci_env
from ci_factory.workflow import planning

if TYPE_CHECKING:
    from ci_factory.model.gathered import GatheredTicket

_WORDS = 300


@click.command(epilog="Example: ci-factory gather --pipeline 4711")
@common.repo_option
@click.option(
    "--pipeline",
    type=click.IntRange(min=1),
    help="The pipeline that started the jobs, itself or through its children.  [default: CI_PIPELINE_ID]",
)
@click.option("--prefix", default="factory", show_default=True, help="What the names of the jobs begin with.")
@common.out_option
@common.config_option
@common.json_option
def command(
    repo: Path,
    pipeline: int | None,
    prefix: str,
    out: Path | None,
    config_file: Path | None,
    *,
    as_json: bool,
) -> None:
    """Fetch attempts, changes and verdicts of the last batch from GitLab, for `ci-factory publish`.

    From each job exactly its own files are taken, bounded and checked; GitLab's way of handing archives to the next job is
    not used, as whoever controls an agent's job can put any file into its archive. Nothing is written to GitLab. A ticket
    whose job left nothing is told with the reason, and the command goes on.
    """
    from ci_factory.workflow.gathering import Gathering

    number = pipeline or own_pipeline()
    factory = wiring.factory(repo, out, config_file)
    forge = forges.require_gitlab(factory.forge, "ci-factory gather")
    with factory.exclusively():
        batch = planning.latest(factory)
        if batch is None:
            common.print_json(None) if as_json else click.echo(
                "nothing is planned, so there is nothing to fetch"
            )
            return
        config = separation.config_of(factory.git, batch, config_file)
        found = Gathering(factory, forge, batch, config, prefix).gather(number)
    if as_json:
        common.print_json(found.model_dump(mode="json"))
        return
    for each in found.tickets:
        click.echo(_line(each))


def own_pipeline() -> int:
    """The pipeline of this job.

    Raises:
        UsageError: this is no job.
    """
    text = ci_env.variable("CI_PIPELINE_ID") or ""
    if not text.isdecimal():
        raise UsageError("which pipeline?", where="--pipeline", fix="pass its number; a CI job knows its own")
    return int(text)


def _line(each: "GatheredTicket") -> str:
    state = "change and verdict" if each.verdict else "attempt" if each.attempt else "nothing"
    return f"{each.ticket_id:<12} {state:<20} {plain(each.said, _WORDS)}".rstrip()
