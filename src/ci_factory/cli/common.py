"""What several commands share: options, and opening what they name."""

import json
import shutil
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ci_factory import config as configuration
from ci_factory.config import Config
from ci_factory.errors import ConfigError, UsageError
from ci_factory.model.text import listed
from ci_factory.system import ci_env
from ci_factory.system.clock import Clock, SystemClock
from ci_factory.system.git import Git
from ci_factory.system.layout import Layout

if TYPE_CHECKING:
    from rich.console import Console

    from ci_factory.forge.local import LocalForge

F = TypeVar("F", bound=Callable[..., Any])

OUT_NAME = ".ci-factory"
"""Default output folder, inside of the repository and ignored by git."""
_WIDE = 140
"""Columns of a table that goes into a file or a pipe."""
FACTORY_USER = "ci-factory"
"""The bot's name on the embedded forge."""


def repo_option(function: F) -> F:
    """`--repo PATH`."""
    return click.option(
        "--repo",
        type=click.Path(path_type=Path),
        default=Path(),
        show_default="current folder",
        help="The git repository.",
    )(function)


def out_option(function: F) -> F:
    """`--out DIR`."""
    return click.option(
        "--out",
        type=click.Path(path_type=Path, file_okay=False),
        default=None,
        help=f"Folder for artifacts, report and page.  [default: REPO/{OUT_NAME}]",
    )(function)


def config_option(function: F) -> F:
    """`--config FILE`."""
    return click.option(
        "--config",
        "config_file",
        type=click.Path(path_type=Path, dir_okay=False),
        default=None,
        help=f"Configuration file.  [default: REPO/{configuration.FILE_NAME}]",
    )(function)


def json_option(function: F) -> F:
    """`--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")(function)


def open_repository(path: Path) -> Git:
    """The repository whose working tree holds `path`.

    Raises:
        RepositoryError: there is none, or it has no commit.
    """
    git = Git.open(path)
    top = git.run("rev-parse", "--show-toplevel")
    return Git(Path(top.stdout.strip())) if top.ok and top.stdout.strip() else git


def layout(git: Git, out: Path | None) -> Layout:
    """The output folder, absolute; not yet made."""
    return Layout((out if out is not None else git.folder / OUT_NAME).absolute())


def load_config(git: Git, path: Path | None) -> tuple[Config, Path]:
    """The configuration, and the folder that paths in it are relative to.

    Raises:
        ConfigError: it is wrong, or the file that was named does not exist.
    """
    if path is not None and not path.is_file():
        raise ConfigError(
            "there is no such file", where=str(path), fix="name an existing file, or leave --config out"
        )
    file = path or git.folder / configuration.FILE_NAME
    return configuration.load(file), file.absolute().parent


def open_forge(
    git: Git, config: Config, clock: Clock | None = None, *, user: str = FACTORY_USER
) -> "LocalForge":
    """The embedded forge of the repository; made when it does not exist yet."""
    from ci_factory.forge.local import LocalForge

    return LocalForge.open(git, user=user, clock=clock or SystemClock(), labels=config.labels)


def acting_person(git: Git, name: str | None) -> str:
    """Who does something on the embedded forge: the name given, or git's user.name.

    Raises:
        UsageError: neither is there.
    """
    who = name or git.config("user.name")
    if not who:
        raise UsageError(
            "nobody knows who you are",
            where="--as",
            fix="pass --as NAME, or: git config user.name 'Your Name'",
        )
    return who


def console() -> "Console":
    """Where tables are printed: as wide as the terminal, and wide enough for a table when it is none."""
    from rich.console import Console

    return Console() if _is_terminal() else Console(width=_WIDE)


def say(line: str, *, indent: int = 0) -> None:
    """Print a line; a terminal gets it broken between words, what is broken off indented."""
    width = shutil.get_terminal_size().columns
    if _is_terminal() and len(line) > width:
        more = " " * indent
        kept = textwrap.wrap(
            line, width, subsequent_indent=more, replace_whitespace=False, break_on_hyphens=False
        )
        line = "\n".join(kept)
    click.echo(line)


def for_eyes() -> bool:
    """Whether tables and bars are drawn: on a terminal, or where FORCE_COLOR asks for it."""
    return _is_terminal() or ci_env.colour() is True


def _is_terminal() -> bool:
    return click.get_text_stream("stdout").isatty()


def words(given: str) -> list[str]:
    """A JSON array, as array inputs of a CI component come, is what it lists; anything else is one word."""
    found = listed(given)
    return [given] if found is None else found


def print_json(value: object) -> None:
    """Print a value as indented JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
