"""`ci-factory integrate`: whether the open changes merge and work together."""

from pathlib import Path

import click

from ci_factory.cli import common, forges, gather, heartbeat, wiring
from ci_factory.cli.gate import base_config
from ci_factory.cli.separation import refuse_credentials
from ci_factory.errors import ExitCode
from ci_factory.model.merge_truth import MergeTruth, Outcome
from ci_factory.model.text import plain
from ci_factory.planning.integration_pipeline import integration_pipeline, integration_settings
from ci_factory.planning.pipeline_names import INTEGRATION_NAME
from ci_factory.system import ci_env, records, shallow
from ci_factory.system.clock import SystemClock
from ci_factory.workflow import merge_truth
from ci_factory.workflow.factory import Factory

_EXIT = {Outcome.FAILED: ExitCode.JUDGED_FAILED, Outcome.INCONCLUSIVE: ExitCode.INCONCLUSIVE}
_WIDTH = 200


@click.command(epilog="Example: ci-factory integrate --repo . --no-tests")
@common.repo_option
@click.option(
    "--no-tests", is_flag=True, help="Only let git merge; run nothing.  [always so beside a token in CI]"
)
@click.option(
    "--only",
    type=click.Choice(("git", "tests", "notes")),
    help="One part, for jobs of CI: git merges; the tests of that candidate, where no token is; their outcome is told.",
)
@click.option(
    "--pipelines",
    type=click.Path(path_type=Path, file_okay=False),
    help="With --only git: also write the pipeline that runs the tests into this folder, as integration.yml.",
)
@click.option(
    "--pipeline-option",
    "options",
    multiple=True,
    metavar="NAME=VALUE",
    help="A setting of it: image, package, tags, minutes, retries, expire.",
)
@click.option("--prefix", default="factory", show_default=True, help="What the names of the jobs begin with.")
@common.out_option
@common.config_option
@common.json_option
def command(
    repo: Path,
    only: str | None,
    pipelines: Path | None,
    options: tuple[str, ...],
    prefix: str,
    out: Path | None,
    config_file: Path | None,
    *,
    no_tests: bool,
    as_json: bool,
) -> int:
    """Try the factory's open changes together; writes merge_truth.json and notes on those that are in each other's way.

    Git merges every change into the newest target branch, and every two that touch something in common. What merges
    becomes a candidate, which is pushed nowhere, and the project's tests run on it. When tests fail that pass on the target
    branch, the smallest set of changes that breaks them is searched for. The same heads on the same base are not tried twice.

    Exit status: 0 nothing is in the way, 1 something is, 2 wrong usage, 3 the factory failed, 4 the tests gave no result.
    With --only git or notes: 0 done.
    """
    if only == "tests":
        return _tests(repo, out, config_file, as_json=as_json)
    settings = integration_settings(options, prefix=prefix)
    factory = wiring.factory(repo, out, config_file, writes=True)
    with factory.exclusively(), heartbeat.beating("the open changes are tried together"):
        if only == "notes":
            truth = _noted(factory, prefix)
        else:
            alone = no_tests or ci_env.in_job()
            truth = merge_truth.integrate(factory, tests="later" if only else "nowhere" if alone else "here")
    if pipelines is not None:
        text = integration_pipeline(settings, wanted=truth.pending)
        records.write_text(pipelines / INTEGRATION_NAME, text)
    _print(truth, as_json=as_json)
    return int(ExitCode.OK if only else _status(truth.tests.outcome, in_the_way=bool(truth.affected)))


def _noted(factory: Factory, prefix: str) -> MergeTruth:
    """The outcome of the tests, from the job that ran them; what needed none stays as it is."""
    from ci_factory.workflow import merge_stages

    truth = records.read_model(factory.layout.merge_truth, MergeTruth)
    if not truth.pending:
        merge_truth.keep(factory.layout, truth)
        return truth
    forge = forges.require_gitlab(factory.forge, "ci-factory integrate --only notes")
    found = merge_stages.take_result(forge, truth, gather.own_pipeline(), prefix)
    whole = merge_stages.with_result(truth, found, factory.layout)
    merge_truth.tell(factory, whole)
    merge_truth.keep(factory.layout, whole)
    return whole


def _tests(repo: Path, out: Path | None, config_file: Path | None, *, as_json: bool) -> int:
    """The part that runs the project's code: it starts beside no token, and knows no forge."""
    from ci_factory.workflow.merge_stages import Bench

    git = common.open_repository(repo)
    refuse_credentials(common.load_config(git, config_file)[0].forge)
    layout = common.layout(git, out)
    layout.candidate.unlink(missing_ok=True)
    truth = records.read_model(layout.merge_truth, MergeTruth)
    shallow.bring(git, truth.base)
    config = base_config(git, truth.base, config_file)
    refuse_credentials(config.forge)
    layout.prepare()
    with heartbeat.beating("the tests of the candidate run"):
        found = Bench(git, layout, config, SystemClock()).result(truth)
    records.write_model(layout.candidate, found)
    if as_json:
        common.print_json(found.model_dump(mode="json"))
    else:
        click.echo(plain(f"{found.tests.outcome.value}: {found.tests.reason}", _WIDTH))
    return int(_status(found.tests.outcome, in_the_way=bool(found.breaking)))


def _status(outcome: Outcome, *, in_the_way: bool) -> ExitCode:
    return _EXIT.get(outcome, ExitCode.JUDGED_FAILED if in_the_way else ExitCode.OK)


def _print(truth: MergeTruth, *, as_json: bool) -> None:
    if as_json:
        figures = {"conflict_rate": truth.conflict_rate, "pairs": truth.pairs}
        common.print_json(truth.model_dump(mode="json") | figures)
    else:
        show(truth)


def show(truth: MergeTruth) -> None:
    """The answer, what is in the way, and the suggested order."""
    from ci_factory.metrics.merge_report import answer

    click.echo(answer(truth))
    tests = f": {truth.tests.reason}" if truth.tests.reason else ""
    click.echo(
        plain(f"tests of {len(truth.candidate.merged)} together {truth.tests.outcome.value}{tests}", _WIDTH)
    )
    for clash in truth.clashes:
        if clash.through is None:
            _indented(f"!{clash.first} and !{clash.second} conflict in {', '.join(clash.files)}")
    for broken in truth.breaking:
        changes = " and ".join(f"!{each}" for each in broken.changes) or "changes that were not found"
        _indented(f"{changes}: {', '.join(broken.tests)}{f' ({broken.reason})' if broken.reason else ''}")
    if truth.order:
        _table(truth)


def _indented(text: str) -> None:
    click.echo(f"  {plain(text, _WIDTH)}")


def _table(truth: MergeTruth) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, title="suggested order", title_justify="left")
    for heading in ("", "change", "ticket", "do"):
        table.add_column(heading, no_wrap=True)
    table.add_column("why", overflow="fold", ratio=1)
    for line in truth.order:
        cells = (str(line.place), f"!{line.merge_request}", line.ticket_id, line.advice.value, line.reason)
        table.add_row(*(Text(plain(cell, _WIDTH)) for cell in cells))
    common.console().print(table)
