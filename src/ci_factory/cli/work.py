"""`ci-factory work TICKET`: an agent works on one ticket of the planned batch."""

from functools import partial
from pathlib import Path

import click

from ci_factory.cli import common, heartbeat, separation, wiring
from ci_factory.cli.gate import EXIT_CODES
from ci_factory.cli.progress import PlainLines
from ci_factory.errors import ExitCode, UsageError
from ci_factory.model.attempt import Attempt, Ending
from ci_factory.model.forge import Publication
from ci_factory.model.gate import Score
from ci_factory.model.pulse import Meter
from ci_factory.model.text import plain
from ci_factory.model.work_state import WorkState
from ci_factory.publishing.outcome import PUBLISHABLE, Judged
from ci_factory.system import ci_env, records
from ci_factory.system.layout import TicketFolder
from ci_factory.workflow import planning, relay
from ci_factory.workflow.factory import Factory
from ci_factory.workflow.patience import patiently
from ci_factory.workflow.stations import Bench, Station

_WORDS = 500
_DONE = PUBLISHABLE | {Ending.NO_CHANGE, Ending.SKIPPED, Ending.DEFERRED}
"""Endings with which an agent job did what it was for; what the change is worth, the next job says."""


@click.command(epilog="Example: ci-factory work 101 --repo . --agent autofix")
@click.argument("ticket_id", metavar="TICKET")
@common.repo_option
@wiring.agent_options
@click.option(
    "--no-forge", is_flag=True, help="Read nothing but files, and refuse a token.  [always so in a CI job]"
)
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
    no_forge: bool,
    as_json: bool,
) -> int:
    """Work on a ticket of the last batch; writes attempt.json and change.bundle. Nothing reaches the forge.

    On the embedded forge the change is judged as well, and gate.json and score.json are written. In a CI job, which has no
    forge, `ci-factory check` does that, and a token in the environment is refused.
    """
    choice = wiring.AgentChoice(agent_names, agent_command, agent_env)
    if no_forge or ci_env.in_job():
        attempt = _from_files(ticket_id, repo, out, config_file, choice)
        _tell(attempt, None, as_json=as_json)
        return int(ExitCode.OK if attempt.ending in _DONE else ExitCode.JUDGED_FAILED)
    judged = _beside_the_forge(wiring.factory(repo, out, config_file, choice), ticket_id)
    _tell(judged.attempt, judged.score, as_json=as_json)
    if judged.score is not None:
        return int(EXIT_CODES[judged.score.verdict])
    if judged.attempt.ending is Ending.DEFERRED:
        return int(ExitCode.INCONCLUSIVE)
    return int(ExitCode.OK if judged.attempt.ending == Ending.NO_CHANGE else ExitCode.JUDGED_FAILED)


def _tell(attempt: Attempt, score: Score | None, *, as_json: bool) -> None:
    if as_json:
        known = score.model_dump(mode="json") if score else None
        common.print_json({"attempt": attempt.model_dump(mode="json"), "score": known})
    else:
        click.echo(f"{attempt.ending.value}: {plain(attempt.reason, _WORDS)}")


def _from_files(
    ticket_id: str, repo: Path, out: Path | None, config_file: Path | None, choice: wiring.AgentChoice
) -> Attempt:
    """The agent stage of a pipeline: what people stop it with was read before, and is read again after it."""
    stage = separation.open_stage(ticket_id, repo, out, config_file, choice, progress=PlainLines())
    shop, batch, planned = stage.shop, stage.batch, stage.planned
    bench = Bench(shop, batch)
    folder = shop.layout.batch(batch.id).ticket(planned.id)
    so_far = partial(_so_far, folder)
    with shop.exclusively(), heartbeat.beating(f"an agent works on ticket {planned.id}", so_far):
        base, obstacle = relay.base_of(shop, batch, planned)
        if obstacle:
            return bench.skip(planned, base, obstacle).attempt
        return patiently(bench, planned, lambda: bench.work(planned, base, {}))


def _so_far(folder: TicketFolder) -> str:
    """How far the work is, for the job's log."""
    from ci_factory.metrics.live_tickets import words_of

    state = records.read_if_valid(folder.state, WorkState)
    return words_of(state, records.read_if_valid(folder.meter, Meter))


def _beside_the_forge(factory: Factory, ticket_id: str) -> Judged:
    batch = planning.required(factory)
    planned = separation.planned_ticket(batch, ticket_id)
    with factory.exclusively():
        base = _base(factory, batch.id, planned.stacked_on) or batch.base
        station = Station(factory, batch)
        return patiently(station, planned, lambda: station.judged(planned, base))


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
