"""`ci-factory check TICKET`: the gate stage of one ticket, from files to files."""

from pathlib import Path

import click

from ci_factory.cli import common, heartbeat, separation
from ci_factory.cli.gate import EXIT_CODES
from ci_factory.cli.verdict import show
from ci_factory.errors import ExitCode
from ci_factory.model.attempt import Attempt
from ci_factory.model.gate import GateReport, Score
from ci_factory.model.text import plain
from ci_factory.publishing.outcome import PUBLISHABLE
from ci_factory.system import records
from ci_factory.workflow import relay
from ci_factory.workflow.stations import Bench

_WORDS = 500


@click.command(epilog="Example: ci-factory check 101 --repo . --out .ci-factory")
@click.argument("ticket_id", metavar="TICKET")
@common.repo_option
@common.out_option
@common.config_option
@common.json_option
def command(ticket_id: str, repo: Path, out: Path | None, config_file: Path | None, *, as_json: bool) -> int:
    """Judge what `ci-factory work` brought for a ticket, with the base's configuration; writes gate.json and score.json.

    Needs batch.json, the ticket's attempt.json and change.bundle, and no forge: it does not start where it finds a
    token. Verdicts that lie there are not believed.

    Exit status: 0 pass or nothing to judge, 1 fail or blocked, 2 wrong usage or a token, 3 files that do not fit, or the
    factory failed, 4 inconclusive.
    """
    stage = separation.open_stage(ticket_id, repo, out, config_file)
    folder = stage.shop.layout.batch(stage.batch.id).ticket(stage.planned.id)
    for stale in (folder.gate, folder.score):
        stale.unlink(missing_ok=True)
    with stage.shop.exclusively():
        attempt = relay.read_attempt(stage.shop, stage.batch, stage.planned)
        if attempt.head is None or attempt.ending not in PUBLISHABLE:
            _nothing(attempt, as_json=as_json)
            return int(ExitCode.OK)
        report, score = _judge(stage, attempt)
    records.write_model(folder.gate, report)
    records.write_model(folder.score, score)
    show(report, score, as_json=as_json)
    return int(EXIT_CODES[score.verdict])


def _judge(stage: separation.Stage, attempt: Attempt) -> tuple[GateReport, Score]:
    head = relay.take_change(stage.shop, stage.batch, attempt)
    with heartbeat.beating(f"the gates judge ticket {stage.planned.id}"):
        # Measurements of an earlier job may have been written by the change that is judged.
        return Bench(stage.shop, stage.batch).check(attempt.base, head, remember=False)


def _nothing(attempt: Attempt, *, as_json: bool) -> None:
    if as_json:
        common.print_json(None)
    else:
        click.echo(f"nothing to judge: {attempt.ending.value}: {plain(attempt.reason, _WORDS)}")
