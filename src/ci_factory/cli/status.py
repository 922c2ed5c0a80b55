"""`ci-factory status`: where every ticket stands."""

from collections import Counter
from datetime import datetime
from pathlib import Path

import click

from ci_factory.cli import common, forges
from ci_factory.config import Config
from ci_factory.forge.protocol import Forge
from ci_factory.model.base import Json
from ci_factory.model.forge import Issue, IssueState
from ci_factory.model.text import plain
from ci_factory.system.clock import SystemClock
from ci_factory.system.layout import Layout


@click.command(epilog="Example: ci-factory status --repo . --json")
@common.repo_option
@common.out_option
@common.config_option
@common.json_option
def command(repo: Path, out: Path | None, config_file: Path | None, *, as_json: bool) -> None:
    """Show every ticket that carries a label of the factory, with its state and merge request."""
    git = common.open_repository(repo)
    config, _ = common.load_config(git, config_file)
    forge = forges.open_forge(git, config)
    delivered = {mr.ticket_id: mr.iid for mr in forge.merge_requests(state=None, details=False)}
    issues = forge.issues(any_label=config.labels.every, opened_only=False)
    rows = [_row(forge, config, issue, delivered.get(issue.ticket.id)) for issue in issues]
    if as_json:
        common.print_json(rows)
        return
    for row in rows:
        where = f"!{row['merge_request']}" if row["merge_request"] else ""
        title = plain(row["title"], limit=80)
        click.echo(f"{row['ticket']:<12} {row['state']:<16} {where:<5} {title}{_waiting(row)}")
    for words in _asleep(common.layout(git, out)):
        click.echo(words)
    counts = Counter(row["state"] for row in rows)
    click.echo(", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "no ticket yet")


def _asleep(layout: Layout) -> list[str]:
    """Credentials that the last batch found out to be refused for now."""
    from ci_factory.workflow import breakers

    return breakers.sleepers(layout, SystemClock().now())


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
