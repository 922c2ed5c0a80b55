"""`ci-factory work TICKET`: an agent works on one ticket of the planned batch."""

from pathlib import Path

import click

from ci_factory.cli import common, wiring
from ci_factory.cli.gate import EXIT_CODES
from ci_factory.errors import ExitCode, UsageError
from ci_factory.model.attempt import Ending
from ci_factory.model.forge import Publication
from ci_factory.system import records
from ci_factory.workflow import planning
from ci_factory.workflow.factory import Factory
from ci_factory.workflow.stations import Station


@click.command(epilog="Example: ci-factory work 101 --repo . --agent autofix")
@click.argument("ticket_id", metavar="TICKET")
@common.repo_option
@wiring.agent_options
@common.out_option
@common.config_option
@common.json_option
def command(
    ticket_id: str,
    repo: Path,
    agent_names: tuple[str, ...],
    agent_command: str | None,
    agent_env: tuple[str, ...],
    out: Path | None,
    config_file: Path | None,
    *,
    as_json: bool,
) -> int:
    """Work on a ticket of the last batch and judge the change; writes attempt, bundle, gate and score files.

    Nothing reaches the forge: `ci-factory publish` does that.
    """
    choice = wiring.AgentChoice(agent_names, agent_command, agent_env)
    factory = wiring.factory(repo, out, config_file, choice)
    batch = planning.required(factory)
    planned = next((planned for planned in batch.tickets if planned.id == ticket_id), None)
    if planned is None:
        known = ", ".join(planned.id for planned in batch.tickets)
        raise UsageError(
            f"ticket {ticket_id!r} is not in batch {batch.id}", where="TICKET", fix=f"one of: {known}"
        )
    with factory.exclusively():
        judged = Station(factory, batch).judged(
            planned, _base(factory, batch.id, planned.stacked_on) or batch.base
        )
    if as_json:
        score = judged.score.model_dump(mode="json") if judged.score else None
        common.print_json({"attempt": judged.attempt.model_dump(mode="json"), "score": score})
    else:
        click.echo(f"{judged.attempt.ending.value}: {judged.attempt.reason}")
    if judged.score is not None:
        return int(EXIT_CODES[judged.score.verdict])
    return int(ExitCode.OK if judged.attempt.ending == Ending.NO_CHANGE else ExitCode.JUDGED_FAILED)


def _base(factory: Factory, batch_id: str, stacked_on: str | None) -> str | None:
    """Head of the predecessor's published change.

    Raises:
        UsageError: the predecessor is not published yet.
    """
    if stacked_on is None:
        return None
    publication = records.read_if_valid(
        factory.layout.batch(batch_id).ticket(stacked_on).publication, Publication
    )
    if publication is None:
        raise UsageError(
            f"it is stacked on {stacked_on}, which is not published yet",
            where="TICKET",
            fix=f"ci-factory work {stacked_on}, then ci-factory publish",
        )
    return publication.head
