"""`ci-factory sweep`: score notes on all open merge requests, written from the protected branch."""

import re
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from ci_factory.cli import common, note
from ci_factory.errors import ExitCode, UsageError
from ci_factory.system.clock import SystemClock

_SPAN = re.compile(r"([1-9][0-9]{0,4})([hd])")


@click.command(epilog="Example: ci-factory sweep --since 2d")
@common.repo_option
@common.config_option
@click.option(
    "--since",
    metavar="SPAN|DATE",
    help="Pass over merge requests whose newest pipeline is older: 12h, 2d, 2026-11-20.",
)
@click.option("--job", help="Name of the gates job.  [default: ci-factory-gates]")
@common.json_option
@click.pass_context
def command(
    ctx: click.Context,
    repo: Path,
    config_file: Path | None,
    since: str | None,
    job: str | None,
    *,
    as_json: bool,
) -> None:
    """Write the score note of every open merge request, whoever opened it, from forks too.

    For the protected branch, where the token is. Reads what the gates job of the newest finished merge request pipeline
    left, and writes nothing twice. What does not fit the merge request's head, or is not whole, is told as inconclusive.

    A merge request's pipeline can be edited by its author, so its verdict can be forged; the note says so.

    Exit status: 0 done, 2 wrong usage, 3 at least one merge request could not be looked at.
    """
    from ci_factory.workflow.level_one import GATES_JOB, LevelOne

    clock = SystemClock()
    start = _start(since, clock.now())
    git = common.open_repository(repo)
    config, _ = common.load_config(git, config_file)
    forge = note.gitlab_forge(git, config)
    told = []
    for each in LevelOne(forge, clock, job or GATES_JOB).sweep(start):
        told.append(each)
        if not as_json:
            click.echo(note.line(each))
    if as_json:
        common.print_json([asdict(each) for each in told])
    failed = any(each.outcome == "error" for each in told)
    ctx.exit(int(ExitCode.FACTORY if failed else ExitCode.OK))


def _start(text: str | None, now: datetime) -> datetime | None:
    """The moment that `--since` means."""
    if text is None:
        return None
    if span := _SPAN.fullmatch(text):
        return now - timedelta(hours=int(span[1]) * (24 if span[2] == "d" else 1))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is no time", where="--since", fix="say 12h, 2d or 2026-11-20") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
