"""Facts for a command: from a store, from the file that `ci-factory collect` left, or collected now; and which part of them."""

import functools
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ci_factory.cli import common, forges
from ci_factory.config import Config
from ci_factory.errors import UsageError
from ci_factory.forge.protocol import Forge
from ci_factory.system import records
from ci_factory.system.clock import SystemClock
from ci_factory.system.git import Git
from ci_factory.system.layout import Layout

if TYPE_CHECKING:
    from ci_factory.metrics.facts import History
    from ci_factory.metrics.sample import Sample, Wanted
    from ci_factory.workflow.morning import Told

FILE = "facts.json"
STORE = "metrics.sqlite3"
"""The store in the output folder."""
NIGHTS = 30
"""Newest nights whose whole facts are taken from a store; of all others come the figures."""
LIMIT = 256 * 1024 * 1024
"""Bytes of facts that are read: some 100,000 tickets."""


def facts_option(function: common.F) -> common.F:
    """`--facts`."""
    return click.option(
        "--facts",
        "kept",
        is_flag=True,
        help=f"Take the facts that `ci-factory collect` wrote to OUT/{FILE}, and ask no forge.",
    )(function)


def store_option(function: common.F) -> common.F:
    """`--store [URL]`."""
    return click.option(
        "--store",
        is_flag=False,
        flag_value="",
        default=None,
        metavar="[URL]",
        help=f"Take the facts from a database, and ask no forge; without a URL from OUT/{STORE}. Needs 'ci-factory[metrics]'.",
    )(function)


def part_options(function: common.F) -> common.F:
    """`--since`, `--until`, `--project`, `--agent`, `--area`; the command gets them as one `wanted`."""

    @functools.wraps(function)
    def command(**given: Any) -> Any:  # noqa: ANN401 - whatever the command takes and gives
        from ci_factory.metrics.sample import Wanted

        since, until = (_seconds(given.pop(name)) for name in ("since", "until"))
        names = {name: given.pop(name) for name in ("project", "agent", "area")}
        return function(wanted=Wanted(since, until, **names), **given)

    for option in reversed(_PART):
        command = option(command)
    return command  # type: ignore[return-value] # the same command with other options


_DAY = click.DateTime(["%Y-%m-%d"])
_PART = (
    click.option(
        "--since", type=_DAY, metavar="DAY", help="Only what began on this day (2026-01-31, UTC) or later."
    ),
    click.option("--until", type=_DAY, metavar="DAY", help="Only what began before this day (UTC)."),
    click.option("--project", help="Only this project."),
    click.option("--agent", help="Only this agent."),
    click.option("--area", help="Only this area of the code: a top folder as the figures name it."),
)


def _seconds(day: datetime | None) -> float | None:
    return None if day is None else day.replace(tzinfo=UTC).timestamp()


def told(
    git: Git,
    config: Config,
    layout: Layout,
    *,
    kept: bool,
    forge: Forge | None = None,
    store: str | None = None,
    wanted: "Wanted | None" = None,
) -> "Told":
    """What reports tell of; `kept`: from OUT/facts.json; `store`: from this database, or "" for OUT's own.

    `wanted` restricts the figures to a part; the story of the last night stays whole.

    Raises:
        UsageError: nothing was collected yet (when `kept` or with a store), no such project, agent or area is known,
            or GitLab can't be reached as it is configured.
        ArtifactError: the file is damaged.
    """
    if kept and store is not None:
        raise UsageError("facts come from one place", where="--facts --store", fix="leave out one of them")
    from ci_factory.workflow import morning

    now = SystemClock().now()
    if store is not None:
        found = _of_store(config, layout, store, wanted.project if wanted else None, now)
    elif kept:
        found = _of_file(config, layout, now)
    else:
        found = morning.tell(git, forge or forges.open_forge(git, config), layout, config, now)
    return found.of(wanted) if wanted else found


def _of_file(config: Config, layout: Layout, now: datetime) -> "Told":
    from ci_factory.metrics.gathering import of_history

    history = _read(layout.root / FILE)
    return _told(config, layout, now, history, of_history(history))


def _of_store(config: Config, layout: Layout, url: str, project: str | None, now: datetime) -> "Told":
    from ci_factory.metrics import storing

    file = layout.root / STORE
    if not url and not file.is_file():
        raise UsageError("nothing was collected yet", where=str(file), fix="ci-factory collect --store")
    with storing.opened(url or f"sqlite:///{file}", create=False) as opened:
        sample = opened.sample()
        known = project if project is None or project in opened.projects() else None
        history = opened.load(project=known, newest_batches=NIGHTS)
    return _told(config, layout, now, history, sample)


def _told(config: Config, layout: Layout, now: datetime, history: "History", sample: "Sample") -> "Told":
    from ci_factory.metrics.live_night import last_alerts
    from ci_factory.model.review import ReviewQueue
    from ci_factory.workflow import morning, simulation

    queue = records.read_if_valid(layout.review, ReviewQueue)
    outlook = simulation.outlook(layout, history, now)
    return morning.Told(history, queue, now, sample, config, outlook, last_alerts(layout, config, now))


def _read(path: Path) -> "History":
    from ci_factory.metrics.facts import History

    if not path.is_file():
        raise UsageError("nothing was collected yet", where=str(path), fix="ci-factory collect")
    return records.read_model(path, History, limit=LIMIT)
