"""`ci-factory review`: what waits for people, in the order in which they should look."""

from pathlib import Path

import click

from ci_factory.cli import common, wiring
from ci_factory.model.review import ReviewItem, ReviewQueue
from ci_factory.model.text import plain
from ci_factory.workflow import morning


@click.command(epilog="Example: ci-factory review --repo . --reviewer alice")
@common.repo_option
@click.option("--reviewer", help="Only what waits for this person.")
@common.out_option
@common.config_option
@common.json_option
def command(
    repo: Path, reviewer: str | None, out: Path | None, config_file: Path | None, *, as_json: bool
) -> None:
    """Build the review queue from the forge and show it."""
    factory = wiring.factory(repo, out, config_file)
    with factory.exclusively():
        queue = morning.review(factory)
    items = [item for item in queue.items if reviewer in {None, item.reviewer}]
    if as_json:
        common.print_json(queue.model_copy(update={"items": tuple(items)}).model_dump(mode="json"))
    elif items:
        _show(items, queue)
    else:
        click.echo("nothing waits for review")


def _show(items: list[ReviewItem], queue: ReviewQueue) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=None,
        pad_edge=False,
        title=f"review queue, {queue.made_at:%Y-%m-%d %H:%M} UTC",
        title_justify="left",
    )
    for heading in ("", "change", "ticket", "score", "verdict", "size", "minutes", "reviewer"):
        table.add_column(heading, no_wrap=True)
    table.add_column("title, and why it stands here", overflow="fold", ratio=1)
    for item in items:
        what = Text(plain(item.title, limit=120))
        what.append(f"\n{plain(item.reason, limit=120)}", style="dim")
        table.add_row(*(Text(plain(cell, limit=40)) for cell in _cells(item)), what)
    common.console().print(table)


def _cells(item: ReviewItem) -> tuple[str, ...]:
    return (
        str(item.place),
        f"!{item.merge_request}" if item.merge_request else "question",
        item.ticket_id,
        "-" if item.score is None else f"{item.score:g}",
        item.verdict.value if item.verdict else "-",
        item.size.value,
        str(item.expected_minutes),
        item.reviewer or "nobody",
    )
