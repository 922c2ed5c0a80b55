"""`ci-factory dashboard`: one page that shows the last night and the figures."""

from pathlib import Path

import click

from ci_factory.cli import common, facts


@click.command(epilog="Example: ci-factory dashboard --repo . --output public/index.html")
@common.repo_option
@common.out_option
@common.config_option
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The page.  [default: OUT/dashboard.html]",
)
@facts.facts_option
@common.json_option
def command(
    repo: Path,
    out: Path | None,
    config_file: Path | None,
    output: Path | None,
    *,
    kept: bool,
    as_json: bool,
) -> None:
    """Write the dashboard: one HTML file that needs no network and no script."""
    git = common.open_repository(repo)
    config, _ = common.load_config(git, config_file)
    layout = common.layout(git, out)
    told = facts.told(git, config, layout, kept=kept)
    if output is None:
        layout.prepare()
    target = output or layout.dashboard
    told.write_page(target)
    if as_json:
        common.print_json({"dashboard": str(target)})
    else:
        click.echo(str(target))
