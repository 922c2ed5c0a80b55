"""`ci-factory audit`: where a line or a change comes from, and proof that what is known was not tampered with."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_factory.cli import common, facts, forges, heartbeat
from ci_factory.config import Config
from ci_factory.errors import ArtifactError, ExitCode, ForgeError, UsageError
from ci_factory.forge.protocol import Forge
from ci_factory.model.text import plain
from ci_factory.system.clock import SystemClock
from ci_factory.system.git import Git
from ci_factory.system.layout import Layout

if TYPE_CHECKING:
    from ci_factory.metrics.audit.values import Story
    from ci_factory.metrics.storing.store import Store
    from ci_factory.metrics.storing.values import Head
    from ci_factory.workflow.auditing import Sources
    from ci_factory.workflow.proof import Verdict

_CELL = 2_000


@dataclass(frozen=True)
class _Wish:
    """How the answer is wanted."""

    markdown: bool
    as_json: bool
    prompt: bool
    export: Path | None


@click.command(epilog="Example: ci-factory audit src/app.py:12   ci-factory audit '!7' --export audit.jsonl")
@click.argument("what", required=False, metavar="FILE:LINE|!MR|#TICKET|GENERATION|COMMIT")
@common.repo_option
@common.out_option
@common.config_option
@click.option("--revision", default="HEAD", show_default=True, help="Whose files and history are looked at.")
@facts.facts_option
@facts.store_option
@click.option("--project", help="Which of the store's projects.  [default: this one]")
@click.option("--prompt", is_flag=True, help="Also print what the agent was told, while it is kept.")
@click.option("--markdown", is_flag=True, help="Print Markdown.")
@click.option(
    "--export",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write a bundle that can be checked offline.",
)
@click.option(
    "--verify",
    is_flag=False,
    flag_value="",
    default=None,
    metavar="[FILE]",
    help="Check a bundle; without a file, the store (--store).",
)
@click.option(
    "--head",
    "heads",
    multiple=True,
    metavar="HASH",
    help="What --verify compares with beside the anchors on the forge: a bundle's last hash, or a store's head as"
    " `collect --store` printed it; may be repeated.",
)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only anchors of this day (UTC) or later.")
@click.option("--offline", is_flag=True, help="Ask no forge.")
@common.json_option
def command(
    what: str | None,
    repo: Path,
    out: Path | None,
    config_file: Path | None,
    revision: str,
    store: str | None,
    project: str | None,
    export: Path | None,
    verify: str | None,
    heads: tuple[str, ...],
    since: object,
    *,
    kept: bool,
    prompt: bool,
    markdown: bool,
    offline: bool,
    as_json: bool,
) -> int:
    """Tell who asked for a line or a change, which agent wrote it, what judged it, who approved and merged it, and what became of it.

    A line goes by git blame; trailers in commits are believed only when the forge or the artifacts confirm them. With
    --facts or --store no forge is asked. --verify exits with 1 when something was tampered with, and with 4 when that
    can't be checked.
    """
    if (what is None) == (verify is None):
        raise UsageError(
            "name what to audit, or --verify what to check", where="audit", fix="ci-factory audit --help"
        )
    git = common.open_repository(repo)
    config, _ = common.load_config(git, config_file)
    layout = common.layout(git, out)
    if verify is not None:
        return _verify(git, config, layout, verify, store, heads, since, asked=not offline, as_json=as_json)
    wish = _Wish(markdown, as_json, prompt, export)
    forge = None if offline or kept or store is not None else forges.open_forge(git, config)
    with _opened(store, layout) as opened:
        from ci_factory.workflow.audit import Audit
        from ci_factory.workflow.auditing import Sources

        name = _project(opened, project, git, config) if opened else None
        sources = Sources(config, layout, forge, opened, name)
        with heartbeat.beating("the story is put together"):
            story = Audit(git, sources, SystemClock().now(), revision, Path.cwd()).tell(what or "")
        _show(story, sources, wish)
    return ExitCode.OK


@contextmanager
def _opened(url: str | None, layout: Layout) -> "Iterator[Store | None]":
    if url is None:
        yield None
        return
    from ci_factory.metrics import storing

    file = layout.root / facts.STORE
    if not url and not file.is_file():
        raise UsageError("nothing was collected yet", where=str(file), fix="ci-factory collect --store")
    with storing.opened(url or f"sqlite:///{file}", create=False) as store:
        yield store


def _project(store: "Store", wanted: str | None, git: Git, config: Config) -> str | None:
    """The project's name in the store; numbers of merge requests mean nothing without it."""
    from ci_factory.workflow.factory import project_name

    known = store.projects()
    if wanted is None and len(known) <= 1:
        return known[0] if known else None
    name = wanted or project_name(git, config)
    if name not in known:
        raise UsageError(
            f"the store knows no project {name!r}", where="--project", fix=f"one of {', '.join(known[:20])}"
        )
    return name


def _show(story: "Story", sources: "Sources", wish: _Wish) -> None:
    from ci_factory.metrics.audit import markdown_text

    if wish.export is not None:
        click.echo(f"{wish.export}: the last hash is {_export(story, sources, wish.export)}", err=True)
    if wish.as_json:
        common.print_json(story.model_dump(mode="json"))
    elif wish.markdown:
        click.echo(markdown_text.report(story), nl=False)
    else:
        _print(story)
    if wish.prompt and not wish.as_json:
        for generation in story.generations:
            _print_prompt(generation.id, generation.prompt)


def _export(story: "Story", sources: "Sources", path: Path) -> str:
    from ci_factory.workflow import proof

    known = proof.kept_anchors(sources.forge) if sources.forge else ()
    return proof.write(path, proof.exported(story, sources, SystemClock().now(), known))


def _print(story: "Story") -> None:
    """For a terminal: nothing that a title or a message holds has any effect there."""
    from rich.table import Table
    from rich.text import Text

    from ci_factory.metrics.audit import wording

    console = common.console()
    for section in wording.sections(story):
        console.print(Text(plain(section.title, _CELL), style="bold"))
        table = Table.grid(padding=(0, 2))
        table.add_column(style="cyan", no_wrap=True, max_width=36)
        table.add_column(overflow="fold")
        for name, text in section.rows:
            table.add_row(Text(f"  {plain(name, _CELL)}"), Text(plain(text, _CELL) or "-"))
        console.print(table, "")
    for generation in story.generations:
        console.print(Text(plain(f"Timeline of {generation.id} (UTC)", _CELL), style="bold"))
        table = Table.grid(padding=(0, 2))
        for each in wording.timeline(generation):
            table.add_row(
                Text(f"  {wording.when(each.at)}"),
                Text(plain(each.who, _CELL), style="cyan"),
                Text(plain(each.what, _CELL)),
            )
        console.print(table, "")
    for note in story.notes:
        console.print(Text(plain(note, _CELL)))
    console.print(Text(f"Looked at: {', '.join(story.sources)}.", style="dim"))


def _print_prompt(name: str, text: str | None) -> None:
    from ci_factory.model.text import plain_lines

    click.echo(f"\nPrompt of {plain(name, _CELL)}:")
    click.echo("\n".join(plain_lines(text)) if text else "It is not kept here.")


def _verify(
    git: Git,
    config: Config,
    layout: Layout,
    what: str,
    store: str | None,
    heads: Sequence[str],
    since: object,
    *,
    asked: bool,
    as_json: bool,
) -> int:
    from ci_factory.metrics.storing.values import Head
    from ci_factory.workflow import proof

    url = what if "://" in what else store
    if not what and url is None:
        raise UsageError(
            "what is to be checked?", where="--verify", fix="name a bundle's file, or --store [URL]"
        )
    found, problems = _anchors(git, config, since) if asked else ((), ())
    known: list[Head] = [*found, *(Head.parse(each) for each in heads if ":" in each)]
    hashes = [each for each in heads if ":" not in each]
    try:
        verdict = (
            proof.check_file(Path(what), known, hashes[0] if hashes else None)
            if url is None
            else _verified(url, layout, known)
        )
    except ArtifactError as error:
        verdict = proof.Verdict(ExitCode.INCONCLUSIVE, (), (str(error).split("\n", 1)[0],))
    _say(verdict, problems, as_json=as_json)
    return verdict.exit_code


def _verified(url: str, layout: Layout, known: "Sequence[Head]") -> "Verdict":
    from ci_factory.workflow import proof

    with _opened(url, layout) as opened:
        assert opened is not None  # noqa: S101 - a URL was given
        return proof.check_store(opened, known)


def _anchors(git: Git, config: Config, since: object) -> "tuple[tuple[Head, ...], tuple[str, ...]]":
    """Heads that our notes on the forge carry; why not, where it can't be read."""
    from datetime import UTC, datetime

    from ci_factory.workflow import proof

    try:
        forge: Forge = forges.open_forge(git, config)
        found = proof.kept_anchors(forge)
    except (ForgeError, UsageError) as error:
        return (), (f"the anchors on the forge can't be read: {error.what}",)
    first = since.replace(tzinfo=UTC) if isinstance(since, datetime) else None
    return tuple(each.head for each in found if first is None or each.at >= first), ()


def _say(verdict: "Verdict", problems: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        common.print_json(
            {
                "faults": list(verdict.faults),
                "notes": [*verdict.notes, *problems],
                "exit_code": int(verdict.exit_code),
            }
        )
        return
    words = {
        ExitCode.OK: "nothing was tampered with",
        ExitCode.JUDGED_FAILED: "tampered with",
        ExitCode.INCONCLUSIVE: "can't be checked",
    }
    click.echo(words[verdict.exit_code])
    for line in (*verdict.faults, *verdict.notes, *problems):
        click.echo(f"- {plain(line, _CELL)}")
