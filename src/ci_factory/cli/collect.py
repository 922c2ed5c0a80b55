"""`ci-factory collect`: the facts behind every figure."""

from pathlib import Path

import click

from ci_factory.cli import common, forges

FACTS = "facts.json"
STORE = "metrics.sqlite3"


@click.command(epilog="Example: ci-factory collect --repo . --store sqlite:///metrics.sqlite3")
@common.repo_option
@common.out_option
@common.config_option
@click.option(
    "--store",
    is_flag=False,
    flag_value="",
    default=None,
    metavar="[URL]",
    help=f"Also keep the facts in a database; without a URL in OUT/{STORE}. Needs 'ci-factory[metrics]'.",
)
@common.json_option
def command(
    repo: Path, out: Path | None, config_file: Path | None, store: str | None, *, as_json: bool
) -> None:
    """Collect facts from the forge and the artifacts into OUT/facts.json. Collecting again never counts twice."""
    from ci_factory.metrics.collect import collect
    from ci_factory.metrics.store import save
    from ci_factory.system import records

    git = common.open_repository(repo)
    config, _ = common.load_config(git, config_file)
    layout = common.layout(git, out)
    history = collect(forges.open_forge(git, config), layout, config)
    layout.prepare()
    records.write_model(layout.root / FACTS, history)
    saved = save(history, store or f"sqlite:///{layout.root / STORE}") if store is not None else None
    if as_json:
        common.print_json(history.model_dump(mode="json"))
        return
    counts = (
        f"{len(history.tickets)} tickets",
        f"{len(history.merge_requests)} merge requests",
        f"{len(history.batches)} batches",
        f"{len(history.attempts)} attempts",
    )
    click.echo(f"{', '.join(counts)}: {layout.root / FACTS}")
    if saved is not None:
        click.echo(f"{saved.added} of {saved.seen} facts were new to the store")
    for line in history.unreadable:
        click.echo(f"left out: {line}", err=True)
