"""`ci-factory status`: where every ticket stands."""

from collections import Counter
from pathlib import Path

import click

from ci_factory.cli import common, forges
from ci_factory.config import Config
from ci_factory.model.forge import Issue, IssueState
from ci_factory.model.text import plain


@click.command(epilog="Example: ci-factory status --repo . --json")
@common.repo_option
@common.config_option
@common.json_option
def command(repo: Path, config_file: Path | None, *, as_json: bool) -> None:
    """Show every ticket that carries a label of the factory, with its state and merge request."""
    git = common.open_repository(repo)
    config, _ = common.load_config(git, config_file)
    forge = forges.open_forge(git, config)
    delivered = {mr.ticket_id: mr.iid for mr in forge.merge_requests(state=None, details=False)}
    rows = [
        (issue.ticket.id, state_of(issue, config), delivered.get(issue.ticket.id), issue.ticket.title)
        for issue in forge.issues(any_label=config.labels.every, opened_only=False)
    ]
    if as_json:
        keys = ("ticket", "state", "merge_request", "title")
        common.print_json([dict(zip(keys, row, strict=True)) for row in rows])
        return
    for ticket_id, state, merge_request, title in rows:
        where = f"!{merge_request}" if merge_request else ""
        click.echo(f"{ticket_id:<12} {state:<16} {where:<5} {plain(title, limit=80)}")
    counts = Counter(state for _, state, _, _ in rows)
    click.echo(", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "no ticket yet")


def state_of(issue: Issue, config: Config) -> str:
    """What a person wants to know: held, the factory's state, or at least whether the issue is open."""
    labels = issue.ticket.labels
    if config.labels.hold in labels:
        return "hold"
    return config.labels.state_of(labels) or ("closed" if issue.state == IssueState.CLOSED else "open")
