"""`ci-factory publish`: bring what was worked on and judged to the forge."""

from pathlib import Path

import click

from ci_factory.cli import common, heartbeat, wiring
from ci_factory.workflow import night, planning


@click.command(epilog="Example: ci-factory publish --repo .")
@common.repo_option
@common.out_option
@common.config_option
@common.json_option
def command(repo: Path, out: Path | None, config_file: Path | None, *, as_json: bool) -> None:
    """Publish every worked ticket of the last batch; what is published already stays as it is.

    A change without a verdict goes to people as a question. After a night for which nothing was planned there is nothing
    to do, and that is no error.
    """
    factory = wiring.factory(repo, out, config_file, writes=True)
    with factory.exclusively(), heartbeat.beating("the night is published"):
        batch = planning.latest(factory)
        publications = night.publish_finished(factory, batch) if batch else []
    if as_json:
        common.print_json([publication.model_dump(mode="json") for publication in publications])
        return
    if batch is None:
        click.echo("nothing is planned, so there is nothing to publish")
    for publication in publications:
        where = f"!{publication.merge_request} {publication.branch}" if publication.merge_request else ""
        click.echo(f"{publication.ticket_id:<12} {publication.outcome:<14} {where}".rstrip())
