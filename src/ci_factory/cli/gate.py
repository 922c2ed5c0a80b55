"""`ci-factory gate`: judge a change. Needs no forge and no network."""

import tempfile
from pathlib import Path

import click

from ci_factory import config as configuration
from ci_factory.cli import ci_job, common, heartbeat
from ci_factory.cli import native as documents
from ci_factory.cli.verdict import show
from ci_factory.config import Config
from ci_factory.errors import ConfigError, ExitCode, UsageError
from ci_factory.model.gate import Verdict
from ci_factory.system import records
from ci_factory.system.clock import SystemClock
from ci_factory.system.git import Git

EXIT_CODES = {
    Verdict.PASS: ExitCode.OK,
    Verdict.FAIL: ExitCode.JUDGED_FAILED,
    Verdict.BLOCKED: ExitCode.JUDGED_FAILED,
    Verdict.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
}

__all__ = ["EXIT_CODES", "base_config", "command", "show", "starting_point"]


@click.command(epilog="Example: ci-factory gate --repo . --base main --head HEAD --out gate-report")
@common.repo_option
@click.option("--base", help="Revision that the change starts from.")
@click.option("--head", help="Revision to judge.")
@click.option(
    "--ci",
    is_flag=True,
    help="Base and head as this GitLab job knows them, fetched if a shallow clone lacks them. Refuses to see a token.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for gate.json and score.json.",
)
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"Configuration file.  [default: {configuration.FILE_NAME} of the base commit]",
)
@click.option(
    "--cache",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder that keeps measurements between runs.",
)
@documents.native_option
@ci_job.fail_options
@common.json_option
@click.pass_context
def command(
    ctx: click.Context,
    repo: Path,
    base: str | None,
    head: str | None,
    out: Path,
    config_file: Path | None,
    cache: Path | None,
    native: tuple[str, ...],
    fail_on: str,
    fail_below: float,
    *,
    ci: bool,
    as_json: bool,
) -> None:
    """Run the automated gates on the change from BASE to HEAD.

    When BASE went on since HEAD left it, the change is what HEAD brought since then; the configuration is BASE's.

    Exit status: 0 pass, 1 fail or blocked, 2 wrong usage, 3 the factory failed, 4 inconclusive.
    """
    from ci_factory.gates.runner import run_gates
    from ci_factory.scoring.score import score_report

    git = common.open_repository(repo)
    for stale in ("gate.json", "score.json"):
        (out / stale).unlink(missing_ok=True)
    documents.remove_old(out, native)
    base, head = _change(git, base, head, ci=ci)
    config = base_config(git, base, config_file)
    start = starting_point(git, base, head)
    if ci:
        _refuse_credentials(config)
    clock = SystemClock()
    started = clock.now()
    with (
        tempfile.TemporaryDirectory(prefix="ci-factory-") as scratch,
        heartbeat.beating("the gates judge the change"),
    ):
        report = run_gates(git, start, head, config=config, scratch=Path(scratch), cache=cache, clock=clock)
    score = score_report(report, config.gates)
    records.write_model(out / "gate.json", report)
    records.write_model(out / "score.json", score)
    hosts = config.publishing.link_hosts
    documents.write(out, native, report, score, started, clock.now(), hosts=hosts)
    show(report, score, as_json=as_json)
    ctx.exit(int(ci_job.exit_code(score, fail_on, fail_below, EXIT_CODES)))


def _change(git: Git, base: str | None, head: str | None, *, ci: bool) -> tuple[str, str]:
    """Base and head as they were named, or as the job knows them."""
    if ci and base is None and head is None:
        found = ci_job.span(git)
        return found.base, found.head
    if ci or base is None or head is None:
        raise UsageError(
            "which change?", where="ci-factory gate", fix="pass --base REV --head REV, or --ci alone"
        )
    return base, head


def _refuse_credentials(config: Config) -> None:
    from ci_factory.cli.separation import refuse_credentials  # it needs this module

    refuse_credentials(config.forge)


def starting_point(git: Git, base: str, head: str) -> str:
    """The commit to compare with: BASE, or where two lines that both went on left each other.

    Compared with a branch that went on, a change would seem to take back what others brought.

    Raises:
        RepositoryError: there is no such revision.
    """
    ours, theirs = git.resolve(base), git.resolve(head)
    left = git.merge_base(ours, theirs)
    if left is None or left in {ours, theirs}:
        return ours
    click.echo(f"{base} went on since {head} left it; compared with {left[:12]}", err=True)
    return left


def base_config(git: Git, base: str, path: Path | None) -> Config:
    """The file that was named, else the base commit's configuration, else the defaults.

    Raises:
        ConfigError: it is wrong, or the file does not exist.
        RepositoryError: there is no such base.
    """
    if path is not None:
        if not path.is_file():
            raise ConfigError("there is no such file", where=str(path), fix="name an existing file")
        return configuration.load(path)
    text = git.show(git.resolve(base), configuration.FILE_NAME)
    return Config() if text is None else configuration.parse(text, f"{base}:{configuration.FILE_NAME}")
