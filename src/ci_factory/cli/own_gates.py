"""`ci-factory verdicts gate`: the gates on one merge request, in a job of the project's own pipeline without the token."""

import tempfile
from pathlib import Path

import click

from ci_factory.cli import common, heartbeat
from ci_factory.cli.gate import EXIT_CODES, base_config
from ci_factory.cli.separation import refuse_credentials
from ci_factory.cli.verdict import show
from ci_factory.errors import ExitCode
from ci_factory.system import records, shallow
from ci_factory.system.clock import SystemClock
from ci_factory.system.git import Git


@click.command(name="gate", epilog="Example: ci-factory verdicts gate 12 --head $HEAD_SHA --base $BASE_SHA")
@click.argument("iid", metavar="NUMBER", type=click.IntRange(min=1))
@common.repo_option
@click.option("--head", required=True, help="The commit that was planned, by its whole hash.")
@click.option("--base", required=True, help="The commit that the change begins at, by its whole hash.")
@common.out_option
@common.config_option
@common.json_option
def command(
    iid: int, repo: Path, head: str, base: str, out: Path | None, config_file: Path | None, *, as_json: bool
) -> int:
    """Judge a merge request at a commit, with the base's configuration; writes gate.json and score.json.

    The commit is fetched from where the clone came from. When the merge request is elsewhere by now, nothing is judged. Does
    not start where it finds a token: the change's own tests run here.

    Exit status: 0 pass or nothing to judge, 1 fail or blocked, 2 wrong usage or a token, 3 the factory failed, 4 inconclusive.
    """
    from ci_factory.gates.runner import run_gates
    from ci_factory.scoring.score import score_report

    git = common.open_repository(repo)
    refuse_credentials(common.load_config(git, config_file)[0].forge)
    layout = common.layout(git, out)
    folder = layout.verdict(iid)
    for stale in (folder.gate, folder.score):
        stale.unlink(missing_ok=True)
    shallow.bring(git, base)
    config = base_config(git, base, config_file)
    refuse_credentials(config.forge)
    if not _at(git, iid, head):
        click.echo(f"!{iid} has another head than {head[:12]} by now: nothing is judged", err=True)
        return int(ExitCode.OK)
    layout.prepare()
    with (
        tempfile.TemporaryDirectory(prefix="ci-factory-") as scratch,
        heartbeat.beating(f"the gates judge merge request {iid}"),
    ):
        # no cache: what an earlier job measured may have been written by the change that it judged
        report = run_gates(git, base, head, config=config, scratch=Path(scratch), clock=SystemClock())
    score = score_report(report, config.gates)
    records.write_model(folder.gate, report)
    records.write_model(folder.score, score)
    show(report, score, as_json=as_json)
    return int(EXIT_CODES[score.verdict])


def _at(git: Git, iid: int, head: str) -> bool:
    """Whether the merge request is at this commit, which is in the clone then."""
    return shallow.bring_ref(git, f"refs/merge-requests/{iid}/head") == head
