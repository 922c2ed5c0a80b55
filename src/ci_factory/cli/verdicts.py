"""`ci-factory verdicts`: verdicts on merge requests of anybody, computed by the project itself."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_factory.cli import common, gather, note, own_gates
from ci_factory.errors import ExitCode
from ci_factory.model.verdicts import MOST_VERDICTS, VerdictPlan
from ci_factory.planning.pipeline_names import GENERATION_NAME
from ci_factory.planning.verdict_pipeline import verdict_pipeline, verdict_settings
from ci_factory.system import ci_env, records
from ci_factory.system.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_factory.forge.gitlab.forge import GitLabForge
    from ci_factory.model.verdicts import PlannedVerdict
    from ci_factory.workflow.score_notes import Told

_PLAN_JOB = "ci-factory-verdicts-plan"


@click.group(name="verdicts", epilog="Example: ci-factory verdicts plan --pipelines .ci-factory/children")
def command() -> None:
    """Judge merge requests of anybody in the project's own pipeline.

    A merge request's own pipeline can be edited by its author, and so can its verdict. These three commands compute it in a
    pipeline of the default branch: `plan` and `note` hold the token, `gate` runs the change's tests and must not.
    """


prefix_option = click.option(
    "--prefix", default="", help="What the names of the jobs begin with, as it is.  [default: nothing]"
)


@command.command(epilog="Example: ci-factory verdicts plan --limit 20 --pipelines .ci-factory/children")
@common.repo_option
@click.option(
    "--limit",
    type=click.IntRange(1, MOST_VERDICTS),
    default=20,
    show_default=True,
    help="Most merge requests in one pipeline, those with the newest activity first.",
)
@click.option("--drafts", type=bool, default=True, show_default=True, help="Whether drafts are judged.")
@click.option(
    "--forks", type=bool, default=False, show_default=True, help="Whether merge requests from forks are."
)
@click.option(
    "--pipelines",
    type=click.Path(path_type=Path, file_okay=False),
    help="Also write the pipeline with the jobs of the gates into this folder, as generation.yml.",
)
@click.option(
    "--pipeline-option",
    "options",
    multiple=True,
    metavar="NAME=VALUE",
    help="A setting of it: image, package, tags, minutes, retries, depth, expire.",
)
@prefix_option
@common.out_option
@common.config_option
@common.json_option
@click.pass_context
def plan(
    ctx: click.Context,
    repo: Path,
    limit: int,
    pipelines: Path | None,
    options: tuple[str, ...],
    prefix: str,
    out: Path | None,
    config_file: Path | None,
    *,
    drafts: bool,
    forks: bool,
    as_json: bool,
) -> None:
    """Choose the merge requests whose note has no verdict of the project's own yet; writes verdicts.json.

    One that was given for the same tree, base and configuration is not computed again. Nothing is written to GitLab, and
    nothing that anybody wrote is in the pipeline.

    Exit status: 0 done, 2 wrong usage, 3 at least one merge request could not be looked at.
    """
    from ci_factory.workflow.verdicts import Verdicts, Wanted

    settings = verdict_settings(options, prefix=prefix)
    git = common.open_repository(repo)
    forge = note.gitlab_forge(git, common.load_config(git, config_file)[0])
    wanted = Wanted(limit, drafts, forks)
    choice = Verdicts(forge, SystemClock()).choose(wanted, _busy(forge, prefix))
    layout = common.layout(git, out)
    layout.prepare()
    if pipelines:
        records.write_text(pipelines / GENERATION_NAME, verdict_pipeline(choice.plan, settings))
    records.write_model(layout.verdicts, choice.plan)
    _show(choice.told, as_json=as_json, left=choice.left)
    ctx.exit(_status(choice.told))


command.add_command(own_gates.command)


@command.command(name="note", epilog="Example: ci-factory verdicts note --pipeline 4711")
@common.repo_option
@click.option(
    "--pipeline",
    type=click.IntRange(min=1),
    help="The pipeline that planned, which is believed to be the project's own.  [default: CI_PIPELINE_ID]",
)
@prefix_option
@common.out_option
@common.config_option
@common.json_option
@click.pass_context
def write_notes(
    ctx: click.Context,
    repo: Path,
    pipeline: int | None,
    prefix: str,
    out: Path | None,
    config_file: Path | None,
    *,
    as_json: bool,
) -> None:
    """Write the score notes of the planned merge requests from what the jobs of the gates left.

    From each job exactly gate.json and score.json are taken, and only what fits the merge request as it is now is shown. One
    that has a new head gets nothing, and its turn next time. Run again, it writes nothing twice.

    Exit status: 0 done, 2 wrong usage, 3 at least one merge request could not be looked at.
    """
    from ci_factory.workflow.verdicts import Verdicts

    number = pipeline or gather.own_pipeline()
    git = common.open_repository(repo)
    layout = common.layout(git, out)
    planned = records.read_model(layout.verdicts, VerdictPlan)
    forge = note.gitlab_forge(git, common.load_config(git, config_file)[0])
    told = list(Verdicts(forge, SystemClock()).note(planned, number, prefix))
    _show(told, as_json=as_json)
    ctx.exit(_status(told))


def _busy(forge: "GitLabForge", prefix: str) -> "frozenset[PlannedVerdict]":
    """What other pipelines judge just now; outside of a job nobody asks."""
    from ci_factory.workflow.verdicts import running

    own = ci_env.variable("CI_PIPELINE_ID") or ""
    if not own.isdecimal():
        return frozenset()
    return running(forge, int(own), ci_env.variable("CI_JOB_NAME") or f"{prefix}{_PLAN_JOB}")


def _show(told: "Sequence[Told]", *, as_json: bool, left: int = 0) -> None:
    if as_json:
        common.print_json([asdict(each) for each in told])
        return
    for each in told:
        click.echo(note.line(each))
    if left:
        click.echo(f"{left} more are left for the next time")


def _status(told: "Sequence[Told]") -> int:
    failed = any(each.outcome in {"error", "refused"} for each in told)
    return int(ExitCode.FACTORY if failed else ExitCode.OK)
