"""`ci-factory review`: what waits for people, in the order in which they should look."""

from collections.abc import Callable, Sequence
from pathlib import Path

import click

from ci_factory.cli import common, forges, heartbeat
from ci_factory.config import Config
from ci_factory.errors import UsageError
from ci_factory.model.merge_truth import MergeTruth
from ci_factory.model.review import ReviewItem, ReviewQueue
from ci_factory.system import records
from ci_factory.system.layout import Layout


@click.command(epilog="Example: ci-factory review --reviewer alice")
@common.repo_option
@click.option("--reviewer", help="Only what waits for this person.")
@click.option(
    "--by",
    type=click.Choice(["tier", "reviewer"]),
    default="tier",
    show_default=True,
    help="How the queue is grouped.",
)
@click.option(
    "--reassign",
    type=click.IntRange(min=1),
    multiple=True,
    metavar="IID",
    help="Name somebody else as the reviewer of this merge request.",
)
@click.option("--last", is_flag=True, help="Show the queue as it was made last; no forge is asked.")
@common.out_option
@common.config_option
@common.json_option
def command(
    repo: Path,
    reviewer: str | None,
    by: str,
    reassign: tuple[int, ...],
    out: Path | None,
    config_file: Path | None,
    *,
    last: bool,
    as_json: bool,
) -> None:
    """Build the review queue from the forge, name reviewers, remind who blocks, and show it."""
    if last and reassign:
        raise UsageError("the last queue is only shown", where="--last", fix="leave out --reassign")
    git = common.open_repository(repo)
    config, layout = common.load_config(git, config_file)[0], common.layout(git, out)
    queue = _kept(layout) if last else _built(repo, out, config_file, reassign)
    items = _of(queue, reviewer)
    if as_json:
        common.print_json(queue.model_copy(update={"items": tuple(items)}).model_dump(mode="json"))
    elif items:
        _show(queue, items, by, config, layout)
    else:
        click.echo(f"nothing waits for {reviewer}" if reviewer else "nothing waits for review")


def _built(repo: Path, out: Path | None, config_file: Path | None, reassign: Sequence[int]) -> ReviewQueue:
    from ci_factory.cli import wiring
    from ci_factory.workflow import morning

    factory = wiring.factory(repo, out, config_file)
    with factory.exclusively(), heartbeat.beating("the queue is made"):
        return morning.review(factory, reassign)


def _kept(layout: Layout) -> ReviewQueue:
    if not layout.review.is_file():
        raise UsageError("no queue was made yet", where=str(layout.review), fix="ci-factory review")
    return records.read_model(layout.review, ReviewQueue)


def _of(queue: ReviewQueue, reviewer: str | None) -> list[ReviewItem]:
    from ci_factory.cli.review_screen import concerns

    return [item for item in queue.items if reviewer is None or concerns(item, reviewer)]


def _show(queue: ReviewQueue, items: list[ReviewItem], by: str, config: Config, layout: Layout) -> None:
    from ci_factory.cli.review_screen import Screen

    console = common.console()
    truth = records.read_if_valid(layout.merge_truth, MergeTruth)
    screen = Screen(queue, items, console.width, by, _address(config), truth)
    console.print(screen.drawn(), highlight=False, soft_wrap=False)


def _address(config: Config) -> Callable[[int], str | None]:
    """Where merge requests are shown; nowhere on the embedded forge."""
    try:
        place = forges.place(config.forge)
    except UsageError:
        place = None
    if place is None:
        return lambda _: None
    return lambda iid: f"{place.url.rstrip('/')}/{place.project.strip('/')}/-/merge_requests/{iid}"
