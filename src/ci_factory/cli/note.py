"""`ci-factory note`: post what the gates found as the one score note on a merge request of GitLab."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_factory.cli import common, forges
from ci_factory.config import Config
from ci_factory.errors import ArtifactError, ExitCode, UsageError
from ci_factory.model.text import plain
from ci_factory.system import ci_env
from ci_factory.system.clock import SystemClock
from ci_factory.system.git import Git

if TYPE_CHECKING:
    from ci_factory.forge.gitlab.forge import GitLabForge
    from ci_factory.workflow.level_one import Told

_TEXT = 500


@click.command(epilog="Example: ci-factory note --mr 12 --gate-dir gate-report")
@common.repo_option
@click.option(
    "--mr", type=click.IntRange(min=1), help="Number of the merge request.  [default: CI_MERGE_REQUEST_IID]"
)
@click.option(
    "--gate-dir",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder with gate.json and score.json.",
)
@click.option("--sha", help="Head that the merge request has to have.  [default: the judged one]")
@common.config_option
@common.json_option
@click.pass_context
def command(
    ctx: click.Context,
    repo: Path,
    mr: int | None,
    gate_dir: Path,
    sha: str | None,
    config_file: Path | None,
    *,
    as_json: bool,
) -> None:
    """Post or update the score note on a merge request, if what was judged is its present head.

    Otherwise says so and posts nothing. In a job, server and project are those of the job, and only --config can name
    others: the checkout of a merge request is its author's.

    Exit status: 0 posted, or the head moved on; 2 wrong usage, 3 the factory failed, 4 nothing that can be posted.
    """
    from ci_factory.workflow.level_one import LevelOne

    iid = mr or _own_number()
    git = common.open_repository(repo)
    forge = gitlab_forge(git, trusted_config(git, config_file), unprotected=True)
    try:
        told = LevelOne(forge, SystemClock()).note(iid, gate_dir, sha)
    except ArtifactError as error:
        click.echo(f"!{iid}: there is no verdict, and that is no pass: {plain(str(error), _TEXT)}", err=True)
        ctx.exit(int(ExitCode.INCONCLUSIVE))
    show(told, as_json=as_json)
    ctx.exit(int(ExitCode.INCONCLUSIVE if told.outcome == "refused" else ExitCode.OK))


def trusted_config(git: Git, config_file: Path | None) -> Config:
    """Settings of the forge that no merge request can change: in a job the file that is named, else none."""
    if config_file is None and ci_env.in_job():
        return Config()
    return common.load_config(git, config_file)[0]


def gitlab_forge(git: Git, config: Config, *, unprotected: bool = False) -> "GitLabForge":
    """The project on GitLab. `unprotected`: the user chose to have the token in pipelines of merge requests.

    Raises:
        UsageError: something is missing to reach it.
    """
    from ci_factory.forge.gitlab.forge import GitLabForge

    # insists on GitLab, which names what is missing to reach it
    choice = {"kind": "gitlab", **({"allow_unprotected": True} if unprotected else {})}
    settings = config.forge.model_copy(update=choice)
    forge = forges.open_forge(git, config.model_copy(update={"forge": settings}))
    assert isinstance(forge, GitLabForge)  # noqa: S101 - what `gitlab` means
    return forge


def show(told: "Told", *, as_json: bool) -> None:
    """One line about a merge request, or an object."""
    if as_json:
        common.print_json(asdict(told))
    else:
        click.echo(line(told))


def line(told: "Told") -> str:
    """Number, outcome, whether anything was written, why."""
    wrote = "written" if told.written else "-"
    return f"!{told.iid:<6} {told.outcome:<13} {wrote:<8} {plain(told.detail, _TEXT)}".rstrip()


def _own_number() -> int:
    text = ci_env.variable("CI_MERGE_REQUEST_IID") or ""
    if not (text.isascii() and text.isdigit() and int(text)):
        raise UsageError(
            "which merge request?", where="--mr", fix="pass --mr NUMBER, or run in a merge request's pipeline"
        )
    return int(text)
