"""`ci-factory status`: the night as it is now, and where every ticket stands."""

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_factory.cli import common, forges
from ci_factory.config import Config
from ci_factory.errors import ExitCode, FactoryError, UsageError
from ci_factory.forge.protocol import Forge
from ci_factory.model.base import Json
from ci_factory.model.forge import Issue, IssueState
from ci_factory.model.text import plain
from ci_factory.system.clock import SystemClock
from ci_factory.system.git import Git

if TYPE_CHECKING:
    from ci_factory.cli.live_night import Watcher
    from ci_factory.metrics.live import Live

_LEAST_SECONDS = 0.5


@click.command(epilog="Example: ci-factory status --repo . --night --watch")
@common.repo_option
@click.option(
    "--night", is_flag=True, help="Only the night, from its files: no forge is asked, no token needed."
)
@click.option("--batch", "batch_id", metavar="ID", help="Another night than the newest; implies --night.")
@click.option(
    "--watch",
    "every",
    type=click.FloatRange(_LEAST_SECONDS, 3600),
    is_flag=False,
    flag_value=2.0,
    default=None,
    metavar="[SECONDS]",
    help="Show the night again every so many seconds, until Ctrl-C; implies --night.  [without a number: 2]",
)
@click.option(
    "--html",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the night as a page that needs nothing else; implies --night.",
)
@click.option(
    "--refresh",
    type=click.IntRange(1, 3600),
    metavar="SECONDS",
    help="The page asks to be loaded again so often.",
)
@click.option("--fail-on-alert", is_flag=True, help="Exit with 1 when any figure of the night is an alert.")
@common.out_option
@common.config_option
@common.json_option
def command(
    repo: Path,
    batch_id: str | None,
    every: float | None,
    page: Path | None,
    refresh: int | None,
    out: Path | None,
    config_file: Path | None,
    *,
    night: bool,
    fail_on_alert: bool,
    as_json: bool,
) -> int:
    """Show the night as it is now, with its alerts, then every ticket that carries a label of the factory.

    The night is read from its files, while another process may be running it. With --json: the tickets of the forge; with
    --night the night.
    """
    from ci_factory.cli.live_night import Watcher

    if refresh and page is None:
        raise UsageError("--refresh is for the page", where="--refresh", fix="name the page with --html FILE")
    if every is not None and (page or as_json or fail_on_alert):
        fix = "leave it out with --html, --json and --fail-on-alert"
        raise UsageError("--watch shows on a terminal", where="--watch", fix=fix)
    git = common.open_repository(repo)
    config, _ = common.load_config(git, config_file)
    watcher = Watcher(common.layout(git, out), config, SystemClock(), batch_id)
    if every is not None:
        watcher.watch(every)
        return int(ExitCode.OK)
    only_night = night or batch_id is not None or page is not None
    live = watcher.look(must=batch_id is not None)
    if page is not None:
        watcher.write_page(live, page, refresh)
    if as_json and not only_night:
        common.print_json(_rows(forges.open_forge(git, config), config))
    elif as_json:
        common.print_json(live.model_dump(mode="json") if live else None)
    elif page is not None:
        click.echo(str(page))
    else:
        _show(git, config, watcher, live, only_night=only_night)
    return int(ExitCode.JUDGED_FAILED if fail_on_alert and _has_alert(live) else ExitCode.OK)


def _has_alert(live: "Live | None") -> bool:
    """Whether there is one; each is said, for the log of whoever asked."""
    from ci_factory.metrics.live_alerts import raised
    from ci_factory.metrics.live_words import value_of

    found = raised(live.alerts) if live else ()
    for alert in found:
        click.echo(f"alert: {alert.name} is {value_of(alert)}; bounds: {alert.target}", err=True)
    return bool(found)


def _show(git: Git, config: Config, watcher: "Watcher", live: "Live | None", *, only_night: bool) -> None:
    """The night, then the tickets; where the forge can't be asked, the night is shown all the same."""
    if live is not None:
        watcher.show(live)
    elif only_night:
        click.echo("no batch yet")
    if only_night:
        return
    try:
        rows = _rows(forges.open_forge(git, config), config)
    except FactoryError as error:
        if live is None:
            raise
        click.echo(f"the forge was not asked for its tickets: {plain(error.what, limit=300)}", err=True)
        return
    if live is not None:
        click.echo("")
    _show_tickets(rows)


def _show_tickets(rows: list[dict[str, Json]]) -> None:
    for row in rows:
        where = f"!{row['merge_request']}" if row["merge_request"] else ""
        title = plain(row["title"], limit=80)
        common.say(f"{row['ticket']:<12} {row['state']:<16} {where:<5} {title}{_waiting(row)}", indent=36)
    counts = Counter(row["state"] for row in rows)
    click.echo(", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "no ticket yet")


def _rows(forge: Forge, config: Config) -> list[dict[str, Json]]:
    """Every ticket that carries a label of the factory."""
    delivered = {mr.ticket_id: mr.iid for mr in forge.merge_requests(state=None, details=False)}
    issues = forge.issues(any_label=config.labels.every, opened_only=False)
    return [_row(forge, config, issue, delivered.get(issue.ticket.id)) for issue in issues]


def _row(forge: Forge, config: Config, issue: Issue, merge_request: int | None) -> dict[str, Json]:
    """One ticket; of an escalated one also since when it waits for people, or that they answered."""
    state = state_of(issue, config)
    row: dict[str, Json] = {"ticket": issue.ticket.id, "state": state, "merge_request": merge_request}
    row |= {"title": issue.ticket.title, "waiting_since": None, "answered": None}
    if state == "escalated" and issue.state is IssueState.OPENED:
        from ci_factory.workflow import escalations

        (asked,) = escalations.look(forge, config, [issue])
        row["answered"] = not asked.waits
        if asked.waits and asked.question:
            row["waiting_since"] = asked.question.asked_at.isoformat()
    return row


def _waiting(row: dict[str, Json]) -> str:
    if row["answered"] is None:
        return ""
    if row["answered"]:
        return " (answered; the next run goes by it)"
    if row["waiting_since"] is None:
        return " (waits for a person)"
    return f" (waits for an answer since {datetime.fromisoformat(row['waiting_since']):%Y-%m-%d %H:%M} UTC)"


def state_of(issue: Issue, config: Config) -> str:
    """What a person wants to know: held, the factory's state, or at least whether the issue is open."""
    labels = issue.ticket.labels
    if config.labels.hold in labels:
        return "hold"
    return config.labels.state_of(labels) or ("closed" if issue.state == IssueState.CLOSED else "open")
