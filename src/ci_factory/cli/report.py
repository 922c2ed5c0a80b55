"""`ci-factory report`: the morning report."""

from pathlib import Path

import click

from ci_factory.cli import common, forges
from ci_factory.model.review import ReviewQueue
from ci_factory.system import records
from ci_factory.system.clock import SystemClock


@click.command(epilog="Example: ci-factory report --repo . > morning.md")
@common.repo_option
@common.out_option
@common.config_option
@click.option("--batch", "batch_id", help="A batch by id.  [default: the last one]")
@click.option("--openmetrics", is_flag=True, help="Print the figures as OpenMetrics text instead.")
@common.json_option
def command(
    repo: Path,
    out: Path | None,
    config_file: Path | None,
    batch_id: str | None,
    *,
    openmetrics: bool,
    as_json: bool,
) -> None:
    """Print the morning report of a batch as Markdown; with --json every fact and figure."""
    from ci_factory.metrics import figures, morning
    from ci_factory.metrics.collect import collect
    from ci_factory.metrics.openmetrics import openmetrics as as_openmetrics

    git = common.open_repository(repo)
    config, _ = common.load_config(git, config_file)
    layout, now = common.layout(git, out), SystemClock().now()
    history = collect(forges.open_forge(git, config), layout, config)
    if as_json:
        numbers = [figure.model_dump(mode="json") for figure in figures.figures(history, now)]
        common.print_json({"facts": history.model_dump(mode="json"), "figures": numbers})
    elif openmetrics:
        click.echo(as_openmetrics(figures.figures(history, now)), nl=False)
    else:
        queue = records.read_if_valid(layout.review, ReviewQueue)
        click.echo(morning.morning_report(history, batch_id, queue, now), nl=False)
