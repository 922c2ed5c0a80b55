"""`ci-factory report`: what happened, as text, as data, for other programs; printed or posted."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_factory.cli import common, facts, forges, heartbeat
from ci_factory.system.memory import uncollected

if TYPE_CHECKING:
    from ci_factory.metrics.sample import Wanted

_ISSUE, _SNIPPET = "issue", "snippet"


@click.command(epilog="Example: ci-factory report --weekly --post issue")
@common.repo_option
@common.out_option
@common.config_option
@click.option("--batch", "batch_id", help="A batch by id.  [default: the last one]")
@click.option("--weekly", is_flag=True, help="An ISO week instead of a batch.")
@click.option("--monthly", is_flag=True, help="A calendar month instead.")
@click.option(
    "--ending",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="The week or month that this day is in.  [default: the newest that is over]",
)
@click.option("--alerts", is_flag=True, help="Alerts over the last weeks instead.")
@click.option(
    "--fail-on",
    type=click.Choice(["high", "medium", "low"]),
    help="Exit with 1 when an alert as bad as this or worse is on, with 4 when none can be judged.",
)
@click.option(
    "--post",
    is_flag=False,
    flag_value=_ISSUE,
    default=None,
    type=click.Choice([_ISSUE, _SNIPPET]),
    help="Also post it: on the factory's report issue, or, of a week or month, as a project snippet.  [issue when bare]",
)
@click.option(
    "--calibration", is_flag=True, help="What the score is worth, and agents like with like, instead."
)
@click.option("--openmetrics", is_flag=True, help="The figures as OpenMetrics text instead.")
@click.option("--grafana", "board", is_flag=True, help="A Grafana dashboard of those figures instead.")
@click.option("--export", type=click.Choice(["csv", "json"]), help="The rows of one table instead.")
@click.option(
    "--what",
    type=click.Choice(["changes", "tickets", "work", "gates", "questions", "batches", "figures"]),
    help="Which table.  [default: figures]",
)
@facts.facts_option
@facts.store_option
@facts.part_options
@common.json_option
def command(
    repo: Path,
    out: Path | None,
    config_file: Path | None,
    batch_id: str | None,
    ending: datetime | None,
    fail_on: str | None,
    post: str | None,
    export: str | None,
    what: str | None,
    store: str | None,
    wanted: "Wanted",
    *,
    weekly: bool,
    monthly: bool,
    alerts: bool,
    calibration: bool,
    openmetrics: bool,
    board: bool,
    kept: bool,
    as_json: bool,
) -> int:
    """Print the morning report of a batch as Markdown, and keep it as OUT/report.md; with --json every fact and figure.

    --post makes one issue of the project say it, which is updated in place every morning and is no ticket. The report of a
    week or month becomes a note on that issue, once for each; or a snippet for members. --alerts --post writes one note for
    each alert, updated while it lasts, and labels the issue.

    --since, --until, --project, --agent and --area restrict the figures, but not the story of the last batch.
    """
    from ci_factory.cli.report_kinds import Asked, grafana, run
    from ci_factory.cli.report_wish import Kind, Wish, kind_of

    kinds = {
        Kind.WEEKLY: weekly,
        Kind.MONTHLY: monthly,
        Kind.ALERTS: alerts,
        Kind.CALIBRATION: calibration,
        Kind.OPENMETRICS: openmetrics,
        Kind.GRAFANA: board,
        Kind.EXPORT: export is not None,
    }
    day = ending.date() if ending else None
    wish = Wish(kind_of(kinds), batch_id, day, fail_on, post, export, what, wanted, as_json).checked()
    if wish.kind is Kind.GRAFANA:
        return int(grafana())
    git = common.open_repository(repo)
    config, _ = common.load_config(git, config_file)
    layout = common.layout(git, out)
    forge = forges.open_forge(git, config) if post or not (kept or store is not None) else None
    with uncollected():
        with heartbeat.beating("facts become figures"):
            told = facts.told(git, config, layout, kept=kept, forge=forge, store=store, wanted=wanted)
        return int(run(Asked(wish, told, layout, forge, store)))
