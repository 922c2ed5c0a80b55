"""`ci-factory collect`: the facts behind every figure."""

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_factory.cli import common, facts, forges, heartbeat
from ci_factory.config import Config
from ci_factory.errors import UsageError
from ci_factory.forge.protocol import Forge
from ci_factory.system import ci_env
from ci_factory.system.git import Git
from ci_factory.system.layout import Layout

if TYPE_CHECKING:
    from ci_factory.metrics.collecting import Collected, Known
    from ci_factory.metrics.facts import History
    from ci_factory.workflow.collecting import Collecting
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
@click.option("--complete", is_flag=True, help="Read everything again, not only what looks different.")
@click.option(
    "--rebuild",
    is_flag=True,
    help="Make the store anew from the forge, our notes there and the artifacts, and put it in the old one's place.",
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
    complete: bool,
    rebuild: bool,
    as_json: bool,
) -> None:
    """Collect facts from the forge and the artifacts into OUT/facts.json. Collecting again never counts twice.

    With a store, only what changed since the last run is read, and facts.json also has what the store knew of nights
    whose artifacts are gone by now.
    """
    _check(store, restore, rebuild=rebuild)
    git = common.open_repository(repo)
    config, _ = common.load_config(git, config_file)
    layout = common.layout(git, out)
    forge = forges.open_forge(git, config)
    layout.prepare()
    jobs = [name for given in facts_of for name in common.words(given)]
    keeping = _keeping(git, layout, forge) if restore or jobs else None
    if keeping is not None and restore:
        _restore(keeping, restore)
    run = _Run(git, forge, layout, config, keeping, tuple(jobs), complete=complete)
    with heartbeat.beating("facts are collected"):
        if store is None:
            found, history, told = run.without_store()
        else:
            url = store or f"sqlite:///{layout.root / STORE}"
            found, history, told = run.with_store(url, own=not store, rebuild=rebuild)
    if as_json:
        common.print_json(history.model_dump(mode="json"))
    else:
        click.echo(f"{_counts(history)}: {layout.root / facts.FILE}")
        for line in told:
            click.echo(line)
    _remark(found, history, as_json=as_json)


def _check(store: str | None, restore: str | None, *, rebuild: bool) -> None:
    if restore and store != "":
        raise UsageError(f"it restores OUT/{STORE}", where="--restore", fix="add --store without a URL")
    if rebuild and store is None:
        raise UsageError("there is no store to make anew", where="--rebuild", fix="add --store")
    if rebuild and restore:
        raise UsageError("one takes what was kept, the other does without", where="--rebuild --restore",
                         fix="leave out one of them")  # fmt: skip


def _remark(found: "Collected", history: "History", *, as_json: bool) -> None:
    """On stderr, so that it is in nobody's data: what it took, and what could not be believed."""
    click.echo(
        f"{found.requests} requests to the forge; read {found.merge_requests_read} merge requests"
        f" and {found.tickets_read} tickets that were new or looked different",
        err=True,
    )
    if not as_json:
        for line in history.unreadable:
            click.echo(f"left out: {line}", err=True)


@dataclass(frozen=True)
class _Run:
    """One run of the command."""

    git: Git
    forge: Forge
    layout: Layout
    config: Config
    keeping: "Keeping | None"
    jobs: tuple[str, ...]
    complete: bool

    def without_store(self) -> "tuple[Collected, History, tuple[str, ...]]":
        from ci_factory.metrics.collecting import Known

        found, history = self._collected(Known())
        return found, history, ()

    def with_store(
        self, url: str, *, own: bool, rebuild: bool
    ) -> "tuple[Collected, History, tuple[str, ...]]":
        from ci_factory.metrics import storing
        from ci_factory.metrics.collecting import Known
        from ci_factory.workflow.collecting import replacement

        with replacement(url) if rebuild else nullcontext(url) as place, storing.opened(place) as store:
            known = self._collecting.known(store, own=own)
            found, history = self._collected(Known() if rebuild else known, patient=rebuild)
            told = self._collecting.keep(store, known, found, history, own=own, anew=rebuild)
            return found, history, told

    @property
    def _collecting(self) -> "Collecting":
        from ci_factory.workflow.collecting import Collecting
        from ci_factory.workflow.factory import project_name

        return Collecting(self.git, self.forge, self.layout, self.config, project_name(self.git, self.config))

    def _collected(self, before: "Known", *, patient: bool = False) -> "tuple[Collected, History]":
        from ci_factory.system import records

        keeping, known = self.keeping, {batch.id for batch in before.history.batches}
        others = [keeping.facts(job, facts.FILE, known) for job in self.jobs] if keeping else []
        found, history = self._collecting.run(
            before,
            tuple(each for some in others for each in some),
            complete=self.complete,
            patient=patient or self.complete,
        )
        if keeping is not None:
            left_out = (*history.unreadable, *keeping.left_out)
            history = history.model_copy(update={"unreadable": left_out})
        records.write_model(self.layout.root / facts.FILE, history)
        return found, history


def _keeping(git: Git, layout: Layout, forge: Forge) -> "Keeping":
    from ci_factory.workflow.keeping import Keeping

    gitlab = forges.require_gitlab(forge, "--restore, --facts-of")
    if not layout.root.resolve().is_relative_to(git.folder.resolve()):
        raise UsageError(
            "artifacts of jobs lie within the project", where="--out", fix="choose a folder in the repository"
        )
    place = layout.root.resolve().relative_to(git.folder.resolve())
    return Keeping(gitlab, layout.root, place.as_posix(), ci_env.variable("CI_PIPELINE_SOURCE"))


def _restore(keeping: "Keeping", restore: str) -> None:
    job = keeping.restore(restore, STORE)
    click.echo(
        f"the store of job {job}" if job else f"no earlier store of {restore}: beginning anew", err=True
    )


def _counts(history: "History") -> str:
    counts = (
        f"{len(history.tickets)} tickets",
        f"{len(history.merge_requests)} merge requests",
        f"{len(history.batches)} batches",
        f"{len(history.attempts)} attempts",
    )
    return ", ".join(counts)
