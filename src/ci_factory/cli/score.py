"""`ci-factory score`: the score of a gate.json again, or of the reports that other jobs wrote."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_factory import config as configuration
from ci_factory.cli import ci_job, common
from ci_factory.cli.gate import EXIT_CODES, base_config, show, starting_point
from ci_factory.config import Config
from ci_factory.errors import ConfigError, UsageError
from ci_factory.model.gate import Component, GateReport, Score
from ci_factory.system import ci_env, records

if TYPE_CHECKING:
    from ci_factory.gates.imported import Judged
    from ci_factory.system.git import Git

_MANY = ("--reports", "--base-reports")
_EXAMPLES = """\b
Examples:
  ci-factory score gate-report/gate.json --out gate-report
  ci-factory score --reports 'reports/**/*.sarif' --reports junit='build/*.xml' --out gate-report
  ci-factory score --reports 'head/*' --base-reports 'base/*' --repo . --base main --head HEAD --out gate-report
"""


class _ScoreCommand(click.Command):
    """Options that take several values: a shell may have expanded the glob already."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """`--reports A B` is `--reports A --reports B`."""
        return super().parse_args(ctx, list(_spread(args)))


def _spread(args: Sequence[str]) -> Iterator[str]:
    option, first = "", False
    for word in args:
        if word.startswith("-") and word != "-":
            option, first = (word, True) if word in _MANY else ("", False)
            yield word
        elif option and not first:
            yield from (option, word)
        else:
            first = False
            yield word


@dataclass(frozen=True)
class _Change:
    """What the command line says about the change that reports belong to."""

    repo: Path | None
    base: str | None
    head: str | None
    root: str | None

    @property
    def given(self) -> bool:
        return self.base is not None and self.head is not None

    def check(self) -> None:
        """Base and head come together, and a repository without them says nothing."""
        named = {"--repo": self.repo, "--base": self.base, "--head": self.head}
        missing = [name for name in ("--base", "--head") if named[name] is None]
        if missing and any(value is not None for value in named.values()):
            raise UsageError(
                f"{' and '.join(missing)} missing", fix="name the change: --repo PATH --base REV --head REV"
            )


@click.command(cls=_ScoreCommand, epilog=_EXAMPLES)
@click.argument("gate_json", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--reports",
    multiple=True,
    metavar="[FORMAT=]GLOB...",
    help="Report files to score instead of a gate.json; `**` is any number of folders. Formats are recognised. A JSON"
    " list of globs does too.",
)
@click.option(
    "--base-reports",
    multiple=True,
    metavar="[FORMAT=]GLOB...",
    help="The same reports on the base commit: what they have too is not new, and their tests must still run.",
)
@click.option(
    "--repo", type=click.Path(path_type=Path), help="The git repository.  [default: current folder]"
)
@click.option(
    "--base", help="Revision that the change starts from. With --head, reports are bound to the change."
)
@click.option("--head", help="Revision that the reports are about.")
@click.option(
    "--root",
    help="The checkout's folder as the tools saw it.  [default: CI_PROJECT_DIR, else the repository]",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for score.json, and for gate.json when reports are scored.",
)
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"Configuration file; for a gate.json the one that the gates ran with.  [default: {configuration.FILE_NAME}"
    " of the base commit, else of the current folder]",
)
@click.option(
    "--ci",
    is_flag=True,
    help="Base and head of the change as this GitLab job knows them, fetched when missing.",
)
@ci_job.fail_options
@common.json_option
@click.pass_context
def command(
    ctx: click.Context,
    gate_json: Path | None,
    reports: tuple[str, ...],
    base_reports: tuple[str, ...],
    repo: Path | None,
    base: str | None,
    head: str | None,
    root: str | None,
    out: Path,
    config_file: Path | None,
    fail_on: str,
    fail_below: float,
    *,
    ci: bool,
    as_json: bool,
) -> None:
    """Compute the score of a gate report again, or of the reports that other jobs wrote.

    With --reports no tool is run: each tool's report becomes a gate, and components without any report are left out of the
    score. A report that is missing, damaged or in no known format is inconclusive.

    Exit status as of `ci-factory gate`: 0 pass, 1 fail or blocked, 2 wrong usage, 3 the factory failed, 4 inconclusive.
    """
    reports = tuple(each for given in reports for each in _listed(given))
    change = _of_job(repo, root) if ci else _Change(repo, base, head, root)
    _check_usage(gate_json, reports, base_reports, change)
    if gate_json is not None:
        report, score = _again(gate_json, _config(config_file), out)
    else:
        report, score = _of_reports(reports, base_reports or None, change, config_file, out)
        if not as_json:
            click.echo(_coverage(score))
    show(report, score, as_json=as_json)
    ctx.exit(int(ci_job.exit_code(score, fail_on, fail_below, EXIT_CODES)))


def _of_job(repo: Path | None, root: str | None) -> _Change:
    """The change of this job, as `ci-factory gate --ci` judges it."""
    folder = repo or Path()
    found = ci_job.span(common.open_repository(folder))
    return _Change(folder, found.base, found.head, root)


def _listed(given: str) -> list[str]:
    """A JSON list of globs, as inputs of a CI component come, is what it lists; anything else is one glob."""
    return common.words(given) or [given]


def _check_usage(
    gate_json: Path | None, reports: Sequence[str], base_reports: Sequence[str], change: _Change
) -> None:
    if (gate_json is None) == (not reports):
        raise UsageError(
            "takes either a gate.json or --reports",
            where="ci-factory score",
            fix="ci-factory score GATE_JSON --out DIR, or ci-factory score --reports GLOB --out DIR",
        )
    others = bool(base_reports) or any((change.repo, change.base, change.head, change.root))
    if gate_json is not None and others:
        raise UsageError(
            "a gate.json is bound to its change already", fix="leave all but --config and --out out"
        )
    change.check()


def _again(gate_json: Path, config: Config, out: Path) -> tuple[GateReport, Score]:
    from ci_factory.scoring.score import score_report

    report = records.read_model(gate_json, GateReport)
    if report.config_hash != config.hash:
        raise ConfigError(
            "was made with another configuration",
            where=str(gate_json),
            fix="pass that one with --config FILE",
        )
    score = score_report(report, config.gates)
    records.write_model(out / "score.json", score)
    return report, score


def _config(config_file: Path | None) -> Config:
    if config_file is not None and not config_file.is_file():
        raise ConfigError("there is no such file", where=str(config_file), fix="name an existing file")
    return configuration.load(config_file or Path(configuration.FILE_NAME))


def _of_reports(
    patterns: Sequence[str],
    base_patterns: Sequence[str] | None,
    change: _Change,
    config_file: Path | None,
    out: Path,
) -> tuple[GateReport, Score]:
    from ci_factory.gates.imported import import_reports
    from ci_factory.gates.importing.sources import expand
    from ci_factory.scoring.score import score_report

    here = Path()
    reports = expand(patterns, here)
    before = expand(base_patterns, here) if base_patterns is not None else None
    config, judged = _bound(change, config_file)
    for stale in ("gate.json", "score.json"):
        (out / stale).unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="ci-factory-") as scratch:
        report = import_reports(
            reports, before, config=config, judged=judged, root=_root(change, judged), scratch=Path(scratch)
        )
    score = score_report(report, config.gates)
    records.write_model(out / "gate.json", report)
    records.write_model(out / "score.json", score)
    return report, score


def _bound(change: _Change, config_file: Path | None) -> "tuple[Config, Judged | None]":
    from ci_factory.gates.imported import Judged

    if change.base is None or change.head is None:
        return _config(config_file), None
    git: Git = common.open_repository(change.repo or Path())
    config = base_config(git, change.base, config_file)
    return config, Judged(git, starting_point(git, change.base, change.head), change.head)


def _root(change: _Change, judged: "Judged | None") -> str:
    """Where the tools ran: said so, or GitLab's checkout, or here."""
    here = judged.repo.folder if judged else Path()
    return change.root or ci_env.variable("CI_PROJECT_DIR") or str(here.absolute())


def _coverage(score: Score) -> str:
    scored = [each for each in Component if each is not Component.POLICY]
    judged = [each.value for each in scored if each in score.components]
    left = [each.value for each in scored if each not in score.components]
    text = f"Made of reports: judges {', '.join(judged) or 'nothing'}"
    return f"{text}; no report about {', '.join(left)}" if left else text
