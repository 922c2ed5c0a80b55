"""Facts for a command: those that `ci-factory collect` left in a file, or collected now."""

from pathlib import Path
from typing import TYPE_CHECKING

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
    from ci_factory.workflow.morning import Told

FILE = "facts.json"
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


def told(git: Git, config: Config, layout: Layout, *, kept: bool, forge: Forge | None = None) -> "Told":
    """What reports tell of; `kept`: from OUT/facts.json.

    Raises:
        UsageError: nothing was collected yet (when `kept`), or GitLab can't be reached as it is configured.
        ArtifactError: the file is damaged.
    """
    from ci_factory.metrics.live_night import last_alerts
    from ci_factory.metrics.sample import of_history
    from ci_factory.model.review import ReviewQueue
    from ci_factory.workflow import morning, simulation

    now = SystemClock().now()
    if not kept:
        return morning.tell(forge or forges.open_forge(git, config), layout, config, now)
    queue = records.read_if_valid(layout.review, ReviewQueue)
    history = _read(layout.root / FILE)
    outlook = simulation.outlook(layout, history, now)
    return morning.Told(
        history, queue, now, of_history(history), outlook, alerts=last_alerts(layout, config, now)
    )


def _read(path: Path) -> "History":
    from ci_factory.metrics.facts import History

    if not path.is_file():
        raise UsageError("nothing was collected yet", where=str(path), fix="ci-factory collect")
    return records.read_model(path, History, limit=LIMIT)
