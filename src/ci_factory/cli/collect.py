"""`ci-factory collect`: the facts behind every figure."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_factory.cli import common, facts, forges
from ci_factory.errors import UsageError
from ci_factory.forge.protocol import Forge
from ci_factory.system import ci_env
from ci_factory.system.git import Git
from ci_factory.system.layout import Layout

if TYPE_CHECKING:
    from ci_factory.metrics.facts import History
    from ci_factory.workflow.keeping import Keeping

STORE = "metrics.sqlite3"


@click.command(epilog="Example: ci-factory collect --repo . --store sqlite:///metrics.sqlite3")
@common.repo_option
@common.out_option
@common.config_option
@click.option(
    "--store",
    is_flag=False,
    flag_value="",
    default=None,
    metavar="[URL]",
    help=f"Also keep the facts in a database; without a URL in OUT/{STORE}. Needs 'ci-factory[metrics]'.",
)
@click.option(
    "--restore",
    metavar="JOB",
    help=f"First take OUT/{STORE} from the newest job of this name on the default branch; empty when there is none.",
)
@click.option(
    "--facts-of",
    "facts_of",
    multiple=True,
    metavar="JOB",
    help="Also take the facts that jobs of this name left in their artifacts; may be repeated, or a JSON array.",
)
@common.json_option
def command(
    repo: Path,
    out: Path | None,
    config_file: Path | None,
    store: str | None,
    restore: str | None,
    facts_of: tuple[str, ...],
    *,
    as_json: bool,
) -> None:
    """Collect facts from the forge and the artifacts into OUT/facts.json. Collecting again never counts twice.

    With a store, facts.json also has what the store knew of nights whose artifacts are gone by now.
    """
    from ci_factory.metrics.collect import collect
    from ci_factory.metrics.store import save
    from ci_factory.system import records

    if restore and store != "":
        raise UsageError(f"it restores OUT/{STORE}", where="--restore", fix="add --store without a URL")
    git = common.open_repository(repo)
    config, _ = common.load_config(git, config_file)
    layout = common.layout(git, out)
    forge = forges.open_forge(git, config)
    history = collect(forge, layout, config)
    layout.prepare()
    url = None if store is None else store or f"sqlite:///{layout.root / STORE}"
    jobs = [name for given in facts_of for name in common.words(given)]
    keeping = _keeping(git, layout, forge) if restore or jobs else None
    if url or keeping:
        history = _completed(history, _before(url, keeping, restore, jobs), keeping)
    records.write_model(layout.root / facts.FILE, history)
    saved = save(history, url) if url is not None else None
    if as_json:
        common.print_json(history.model_dump(mode="json"))
        return
    click.echo(f"{_counts(history)}: {layout.root / facts.FILE}")
    if saved is not None:
        click.echo(f"{saved.added} of {saved.seen} facts were new to the store")
    for line in history.unreadable:
        click.echo(f"left out: {line}", err=True)


def _keeping(git: Git, layout: Layout, forge: Forge) -> "Keeping":
    from ci_factory.workflow.keeping import Keeping

    gitlab = forges.require_gitlab(forge, "--restore, --facts-of")
    if not layout.root.resolve().is_relative_to(git.folder.resolve()):
        raise UsageError(
            "artifacts of jobs lie within the project", where="--out", fix="choose a folder in the repository"
        )
    place = layout.root.resolve().relative_to(git.folder.resolve())
    return Keeping(gitlab, layout.root, place.as_posix(), ci_env.variable("CI_PIPELINE_SOURCE"))


def _before(url: str | None, keeping: "Keeping | None", restore: str | None, jobs: list[str]) -> "History":
    """What was known before this run."""
    from ci_factory.metrics.facts import History
    from ci_factory.metrics.store import load
    from ci_factory.metrics.together import together

    if keeping is not None and restore:
        job = keeping.restore(restore, STORE)
        click.echo(
            f"the store of job {job}" if job else f"no earlier store of {restore}: beginning anew", err=True
        )
    before = load(url) if url is not None else History()
    if keeping is None:
        return before
    for job_name in jobs:
        for history in keeping.facts(job_name, facts.FILE, {batch.id for batch in before.batches}):
            before = together(before, history)
    return before


def _completed(history: "History", before: "History", keeping: "Keeping | None") -> "History":
    from ci_factory.metrics.together import together

    whole = together(before, history)
    return whole.model_copy(
        update={"unreadable": (*whole.unreadable, *(keeping.left_out if keeping else ()))}
    )


def _counts(history: "History") -> str:
    counts = (
        f"{len(history.tickets)} tickets",
        f"{len(history.merge_requests)} merge requests",
        f"{len(history.batches)} batches",
        f"{len(history.attempts)} attempts",
    )
    return ", ".join(counts)
