"""`ci-factory init`: the files of a level of adoption, and what people do after that; `--schedule`: what the API can do."""

from dataclasses import dataclass
from pathlib import Path

import click

from ci_factory import __version__
from ci_factory import config as configuration
from ci_factory.adoption import components, pipeline_file, project, settings_file, steps, web, yaml_text
from ci_factory.adoption.components import Included, Kind, Source
from ci_factory.cli import common, forges, init_screen
from ci_factory.cli.init_screen import FileChange
from ci_factory.config import Config
from ci_factory.errors import ConfigError, ExitCode, UsageError
from ci_factory.model.project_setup import Outcome
from ci_factory.system import ci_env, records
from ci_factory.system.git import Git

_MAX_BYTES = 1024 * 1024
_BOM = "\ufeff"


@dataclass(frozen=True)
class Options:
    """What the command line asks for; `None` is left to what is there."""

    level: int | None
    kind: Kind | None
    source: str | None
    ref: str | None
    stage: str | None


@click.command(epilog="Example: ci-factory init --level 1 --source platform/ci-factory --dry-run")
@common.repo_option
@common.json_option
@click.option(
    "--level", type=click.IntRange(1, 3), help="1 gates, 2 with agents, 3 batches at night.  [default: 1]"
)
@click.option(
    "--from", "kind", type=click.Choice([kind.value for kind in Kind]), help="How to include the components."
)
@click.option("--source", metavar="PROJECT", help="Project of the components: GROUP/ci-factory.")
@click.option("--ref", metavar="VERSION", help="Its version; also for the components that are there already.")
@click.option("--stage", metavar="NAME", help="Stage of the jobs.  [default: test, or what fits]")
@click.option("--dry-run", is_flag=True, help="Show what would be done, and do nothing.")
@click.option(
    "--schedule", "on_forge", is_flag=True, help="Make schedule and labels through GitLab's API instead."
)
@click.option("--cron", help=f"With --schedule: when.  [default: {project.CRON}]")
@click.option("--timezone", help="With --schedule: of --cron.  [default: UTC]")
def command(
    repo: Path,
    level: int | None,
    kind: str | None,
    source: str | None,
    ref: str | None,
    stage: str | None,
    cron: str | None,
    timezone: str | None,
    *,
    as_json: bool,
    dry_run: bool,
    on_forge: bool,
) -> int:
    """Write or edit .gitlab-ci.yml and .ci-factory.yml for a level of adoption, and say what is left to do.

    Adds to an existing .gitlab-ci.yml and keeps everything that is there. Run again, it changes nothing; with a higher
    level it adds what that needs. With --schedule it makes the pipeline schedule and the labels that are not there yet.
    """
    git = common.open_repository(repo)
    if on_forge:
        return _equip(git, cron, timezone, as_json=as_json, dry_run=dry_run)
    if cron is not None or timezone is not None:
        raise UsageError("is for a schedule", where="--cron, --timezone", fix="add --schedule")
    return _adopt(
        git,
        Options(level, Kind(kind) if kind else None, source, ref, stage),
        as_json=as_json,
        dry_run=dry_run,
    )


# Files


def _adopt(git: Git, options: Options, *, as_json: bool, dry_run: bool) -> int:
    settings_path, pipeline_path = (
        git.folder / name for name in (configuration.FILE_NAME, pipeline_file.FILE_NAME)
    )
    before, settings_before = _read(pipeline_path), _read(settings_path)
    present = _present(before.removeprefix(_BOM) if before else None, options.source)
    level = options.level or max(1, components.level_of(each.name for each in present))
    adopted = pipeline_file.adopt(
        before, _wish(options, present, level), lambda path: _included_file(git, path)
    )
    _need_files(git, adopted.added, _source(options, present).kind)
    languages = _languages(git)
    settings = settings_before if settings_before is not None else settings_file.text(level, languages)
    config = configuration.parse(settings.removeprefix(_BOM), str(settings_path))
    changes = (
        FileChange(settings_path.name, settings_before, settings),
        FileChange(pipeline_path.name, before, adopted.text),
    )
    if not dry_run:
        for path, change in zip((settings_path, pipeline_path), changes, strict=True):
            if change.changed:
                records.write_text(path, change.after, durable=True)
    now = steps.Situation(
        level,
        config.forge.token_variable,
        languages,
        bool(config.agents),
        adopted.stage,
        adopted.stage_certain,
    )
    shown = init_screen.Result(
        level, languages, changes, steps.left(now, _pages(git, config)), dry_run=dry_run
    )
    (init_screen.print_json if as_json else init_screen.show)(shown)
    return int(ExitCode.OK)


def _present(before: str | None, source: str | None) -> tuple[Included, ...]:
    if before is None:
        return ()
    return components.included(yaml_text.parse(before, pipeline_file.FILE_NAME), source or "")


def _wish(options: Options, present: tuple[Included, ...], level: int) -> pipeline_file.Wish:
    return pipeline_file.Wish(level, _source(options, present), options.ref is not None, options.stage)


def _source(options: Options, present: tuple[Included, ...]) -> Source:
    """What was asked for; else as the components that are there."""
    there = present[0].source if present else Source(Kind.LOCAL)
    kind = options.kind or (there.kind if present else Kind.COMPONENT)
    if kind is Kind.LOCAL:
        return Source(Kind.LOCAL)
    default = there.project if there.kind is kind else ""
    return Source(kind, options.source or default, options.ref or there.ref or __version__)


def _need_files(git: Git, added: tuple[str, ...], kind: Kind) -> None:
    gone = [name for name in added if not (git.folder / "templates" / f"{name}.yml").is_file()]
    if kind is Kind.LOCAL and gone:
        raise UsageError(
            f"there is no templates/{gone[0]}.yml in the repository",
            where="--from local",
            fix="copy the factory's templates/ there, or use --from project",
        )


def _read(path: Path) -> str | None:
    """Text of a file with its line breaks as they are; `None` when there is none.

    Raises:
        ConfigError: it is a link, no file, too large, or not UTF-8.
    """
    if path.is_symlink():
        raise ConfigError(
            "is a symbolic link", where=str(path), fix="put a file in its place, or edit it by hand"
        )
    if not path.exists():
        return None
    try:
        if not path.is_file() or path.stat().st_size > _MAX_BYTES:
            raise ConfigError(
                f"is no file of at most {_MAX_BYTES} bytes", where=str(path), fix="edit it by hand"
            )
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"can't be read: {error}", where=str(path), fix="make it readable UTF-8") from error


def _included_file(git: Git, path: str) -> str | None:
    """A file of the repository as committed; links and what lies outside are not followed."""
    name = path.strip().lstrip("/")
    found = git.show("HEAD", name) if name and ".." not in name.split("/") else None
    return found if found is not None and len(found) <= _MAX_BYTES else None


def _languages(git: Git) -> tuple[str, ...]:
    from ci_factory.gates.presets.model import Files
    from ci_factory.gates.presets.registry import detected

    paths = frozenset(git.files("HEAD"))
    return tuple(preset.name for preset in detected(("auto",), Files(paths, paths, lambda _side, _path: "")))


def _pages(git: Git, config: Config) -> web.Pages:
    servers = tuple(server for server in (config.forge.url, ci_env.variable("CI_SERVER_URL")) if server)
    return web.pages(git.config("remote.origin.url") or "", servers)


# Schedule and labels


def _equip(git: Git, cron: str | None, timezone: str | None, *, as_json: bool, dry_run: bool) -> int:
    from ci_factory.workflow import equipment

    config, _ = common.load_config(git, None)
    wanted = project.schedule(cron, timezone)
    forge = forges.open_forge(git, config, hurried=True) if forges.place(config.forge) is not None else None
    if forge is None:
        raise UsageError(
            "the embedded forge has no schedules and needs no labels",
            where="--schedule",
            fix=f"for a GitLab set {', '.join(forges.missing(config.forge)) or 'forge.kind: gitlab'}",
        )
    made = equipment.equip(forge, wanted, project.labels(config.labels), write=not dry_run)
    if as_json:
        done = list(made)
        common.print_json([each.model_dump(mode="json") for each in done])
    else:
        done = init_screen.show_made(made)
    refused = any(each.outcome is Outcome.REFUSED for each in done)
    return int(ExitCode.FACTORY if refused else ExitCode.OK)
