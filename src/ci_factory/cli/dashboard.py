"""`ci-factory dashboard`: one page that shows the last night and the figures."""

from pathlib import Path

import click

from ci_factory.cli import common, forges
from ci_factory.model.review import ReviewQueue
from ci_factory.system import records
from ci_factory.system.clock import SystemClock


@click.command(epilog="Example: ci-factory dashboard --repo . --output public/index.html")
@common.repo_option
@common.out_option
@common.config_option
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The page.  [default: OUT/dashboard.html]",
)
@common.json_option
def command(
    repo: Path, out: Path | None, config_file: Path | None, output: Path | None, *, as_json: bool
) -> None:
    """Write the dashboard: one HTML file that needs no network and no script."""
    from ci_factory.metrics import dashboard, figures
    from ci_factory.metrics.collect import collect

    git = common.open_repository(repo)
    config, _ = common.load_config(git, config_file)
    layout, now = common.layout(git, out), SystemClock().now()
    history = collect(forges.open_forge(git, config), layout, config)
    queue = records.read_if_valid(layout.review, ReviewQueue)
    page = dashboard.render(history, figures.figures(history, now), queue, now)
    target = output or layout.dashboard
    if output is None:
        layout.prepare()
    records.write_text(target, page)
    if as_json:
        common.print_json({"dashboard": str(target)})
    else:
        click.echo(str(target))
