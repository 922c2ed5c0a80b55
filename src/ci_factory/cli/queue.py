"""`ci-factory queue`: what waits in all projects of a group."""

from collections import defaultdict
from pathlib import Path

import click

from ci_factory.cli import common, forges, heartbeat
from ci_factory.model.forge import Issue
from ci_factory.model.text import plain


@click.command(epilog="Example: ci-factory queue --group platform --json")
@click.option("--group", required=True, help="Path of a GitLab group; its subgroups count as well.")
@common.repo_option
@common.config_option
@common.json_option
def command(group: str, repo: Path, config_file: Path | None, *, as_json: bool) -> None:
    """Show the tickets that wait in the projects of a group, so that one factory can serve them all.

    Labels and the server come from the configuration of the repository. A control pipeline runs
    `CI_PROJECT_PATH=PROJECT ci-factory run --repo CLONE` for each project that is listed (docs/gitlab.md).
    """
    git = common.open_repository(repo)
    config, _ = common.load_config(git, config_file)
    found: dict[str, list[Issue]] = defaultdict(list)
    labels = (config.labels.ready, config.labels.approved)
    with heartbeat.beating("GitLab is asked"):
        for queued in forges.open_group(config, group).queue(any_label=labels):
            found[queued.project].append(queued.issue)
    if as_json:
        common.print_json([_row(project, issues) for project, issues in found.items()])
        return
    for project, issues in found.items():
        click.echo(f"{plain(project, limit=200)}: {len(issues)}")
        for issue in issues:
            click.echo(
                f"  #{issue.ticket.id:<8} {issue.ticket.priority.value:<9} {plain(issue.ticket.title, limit=80)}"
            )
    click.echo(f"{sum(map(len, found.values()))} tickets in {len(found)} projects")


def _row(project: str, issues: list[Issue]) -> dict[str, object]:
    tickets = [
        {"id": each.ticket.id, "title": each.ticket.title, "priority": each.ticket.priority.value}
        for each in issues
    ]
    return {"project": project, "tickets": tickets}
