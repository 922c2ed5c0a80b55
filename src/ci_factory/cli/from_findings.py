"""`ci-factory ticket from-findings`: tickets from a repository's own findings."""

from pathlib import Path

import click

from ci_factory.cli import common


@click.command(
    name="from-findings",
    epilog="Example: ci-factory ticket from-findings --repo . --out tickets/ --limit 10",
)
@common.repo_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder for the tickets; new, empty, or of an earlier call.",
)
@click.option("--limit", type=click.IntRange(min=1), default=None, help="At most so many tickets.")
@common.json_option
def command(repo: Path, out: Path, limit: int | None, *, as_json: bool) -> None:
    """Write a ticket for each portion of lint findings that ruff can mend safely.

    The agent `autofix` works on such tickets without a model. HEAD is what is looked at; the repository is not
    changed.
    """
    from ci_factory.work.from_findings import tickets_from_findings

    git = common.open_repository(repo)
    written = tickets_from_findings(git, out.absolute(), limit)
    if as_json:
        common.print_json({"tickets": [str(path) for path in written]})
    elif written:
        click.echo(
            f"{len(written)} tickets in {out}; try: ci-factory run --repo {repo} --tickets {out} --agent autofix"
        )
    else:
        click.echo("ruff has nothing that it can mend safely here; no ticket was written")
