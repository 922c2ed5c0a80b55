"""`ci-factory dashboard`: one page that shows the last night and the figures."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_factory.cli import common, facts, heartbeat
from ci_factory.system.memory import uncollected

if TYPE_CHECKING:
    from ci_factory.metrics.sample import Wanted


@click.command(
    epilog="Example: ci-factory dashboard --repo . --store --since 2026-01-01 --output public/index.html"
)
@common.repo_option
@common.out_option
@common.config_option
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The page.  [default: OUT/dashboard.html]",
)
@facts.facts_option
@facts.store_option
@facts.part_options
@common.json_option
def command(
    repo: Path,
    out: Path | None,
    config_file: Path | None,
    output: Path | None,
    *,
    kept: bool,
    store: str | None,
    wanted: "Wanted",
    as_json: bool,
) -> None:
    """Write the dashboard: one HTML file that needs no network, and a script for its filters only.

    --since, --until, --project, --agent and --area make a page of that part, for those without scripts.
    """
    git = common.open_repository(repo)
    config, _ = common.load_config(git, config_file)
    layout = common.layout(git, out)
    if output is None:
        layout.prepare()
    target = output or layout.dashboard
    with uncollected(), heartbeat.beating("facts become figures"):
        facts.told(git, config, layout, kept=kept, store=store, wanted=wanted).write_page(target)
    if as_json:
        common.print_json({"dashboard": str(target)})
    else:
        click.echo(str(target))
