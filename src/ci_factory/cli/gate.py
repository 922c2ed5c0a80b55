"""`ci-factory gate`: judge a change. Needs no forge and no network."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_factory import config as configuration
from ci_factory.cli import common
from ci_factory.config import Config
from ci_factory.errors import ConfigError, ExitCode
from ci_factory.model.gate import GateReport, Reason, Score, Verdict
from ci_factory.system import records
from ci_factory.system.clock import SystemClock
from ci_factory.system.git import Git

if TYPE_CHECKING:
    from rich.table import Table

EXIT_CODES = {
    Verdict.PASS: ExitCode.OK,
    Verdict.FAIL: ExitCode.JUDGED_FAILED,
    Verdict.BLOCKED: ExitCode.JUDGED_FAILED,
    Verdict.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
}
_MAX_REASONS = 50


@click.command(epilog="Example: ci-factory gate --repo . --base main --head HEAD --out gate-report")
@common.repo_option
@click.option("--base", required=True, help="Revision that the change starts from.")
@click.option("--head", required=True, help="Revision to judge.")
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
@common.json_option
@click.pass_context
def command(
    ctx: click.Context,
    repo: Path,
    base: str,
    head: str,
    out: Path,
    config_file: Path | None,
    cache: Path | None,
    *,
    as_json: bool,
) -> None:
    """Run the automated gates on the change from BASE to HEAD.

    When BASE went on since HEAD left it, the change is what HEAD brought since then; the configuration is BASE's.

    Exit status: 0 pass, 1 fail or blocked, 2 wrong usage, 3 the factory failed, 4 inconclusive.
    """
    from ci_factory.gates.runner import run_gates
    from ci_factory.scoring.score import score_report

    git = common.open_repository(repo)
    config = base_config(git, base, config_file)
    start = starting_point(git, base, head)
    for stale in ("gate.json", "score.json"):
        (out / stale).unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="ci-factory-") as scratch:
        report = run_gates(
            git, start, head, config=config, scratch=Path(scratch), cache=cache, clock=SystemClock()
        )
    score = score_report(report, config.gates)
    records.write_model(out / "gate.json", report)
    records.write_model(out / "score.json", score)
    show(report, score, as_json=as_json)
    ctx.exit(int(EXIT_CODES[score.verdict]))


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


def show(report: GateReport | None, score: Score, *, as_json: bool) -> None:
    """Print the verdict first, then gates, then reasons; or score.json for machines."""
    if as_json:
        common.print_json(score.model_dump(mode="json"))
        return
    points = "no score" if score.score is None else f"score {score.score:g} of 100"
    click.echo(f"{score.verdict.upper()}: {points}, threshold {score.threshold:g}")
    if report is not None:
        _show_gates(report)
    for reason in score.reasons[:_MAX_REASONS]:
        click.echo(_line(reason))
    if len(score.reasons) > _MAX_REASONS:
        click.echo(f"… and {len(score.reasons) - _MAX_REASONS} more in score.json")


def _show_gates(report: GateReport) -> None:
    if click.get_text_stream("stdout").isatty():
        from rich.console import Console

        Console().print(_table(report))
        return
    for gate in report.gates:
        click.echo(f"{gate.gate:<14} {gate.status:<13} {gate.summary}")


def _table(report: GateReport) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table("gate", "status", "details")
    for gate in report.gates:
        table.add_row(gate.gate, gate.status.value, Text(gate.summary))
    return table


def _line(reason: Reason) -> str:
    where = (
        f"{reason.path}:{reason.line}: "
        if reason.path and reason.line
        else f"{reason.path}: "
        if reason.path
        else ""
    )
    lost = f"-{reason.points:g} " if reason.points else ""
    return f"  {lost}[{reason.component}] {where}{reason.message}"
