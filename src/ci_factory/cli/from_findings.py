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
@click.option("--offline", is_flag=True, help="Ask no package index for patch releases.")
@common.json_option
def command(repo: Path, out: Path, limit: int | None, *, offline: bool, as_json: bool) -> None:
    """Write a ticket for each portion of findings that tools can mend by themselves.

    Safe fixes of ruff, names that are gone (by built-in rules, with semgrep), and patch releases of what manifests pin.

    The agent `autofix` works on such tickets without a model. HEAD is what is looked at; the repository is not
    changed.
    """
    from ci_factory.work.from_findings import tickets_from_findings

    git = common.open_repository(repo)
    done = tickets_from_findings(git, out.absolute(), limit, offline=offline)
    written = done.paths
    for said in done.silent:
        click.echo(f"patch releases: {said}", err=True)
    if as_json:
        common.print_json({"tickets": [str(path) for path in written]})
    elif written:
        click.echo(
            f"{len(written)} tickets in {out}; try: ci-factory run --repo {repo} --tickets {out} --agent autofix"
        )
    else:
        click.echo("there is nothing that can be mended safely here; no ticket was written")
