"""What `ticket` and `mr` share: acting on the embedded forge as a person, and showing strangers' text."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

import click

from ci_factory.cli import common
from ci_factory.forge.local import LocalForge
from ci_factory.forge.ticket_text import printable
from ci_factory.model.forge import Note
from ci_factory.model.text import plain
from ci_factory.system.clock import SystemClock

F = TypeVar("F", bound=Callable[..., Any])
CELL = 100
"""Characters of a table's cell."""


def person_option(function: F) -> F:
    """`--as NAME`."""
    return click.option("--as", "person", metavar="NAME", help="Who acts.  [default: git's user.name]")(function)


def open_as_person(repo: Path, person: str | None) -> LocalForge:
    """The embedded forge of a repository, seen by the person named or by git's user.name.

    Raises:
        UsageError: nobody is named.
        RepositoryError: there is no repository.
        ConfigError: the repository's configuration is wrong.
    """
    git = common.open_repository(repo)
    config, _ = common.load_config(git, None)
    who = common.acting_person(git, person)
    return LocalForge.open(git, user=who, clock=SystemClock(), labels=config.labels)


def on_forge(repo: Path, person: str | None) -> AbstractContextManager[LocalForge]:
    """The forge for one command, disconnected afterwards."""
    return _Session(open_as_person(repo, person))


class _Session(AbstractContextManager[LocalForge]):
    def __init__(self, forge: LocalForge) -> None:
        self._forge = forge

    def __enter__(self) -> LocalForge:
        return self._forge

    def __exit__(self, *_: object) -> None:
        self._forge.disconnect()


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on a terminal, aligned lines anywhere else; cells are made safe here."""
    safe = [[plain(cell, CELL) for cell in row] for row in rows]
    if click.get_text_stream("stdout").isatty():
        _print_rich(headings, safe)
        return
    widths = [max(map(len, column)) for column in zip(headings, *safe, strict=True)]
    for row in (headings, *safe):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def _print_rich(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)


def print_fields(fields: dict[str, str]) -> None:
    """`name: value` lines; empty values are left out."""
    for name, value in fields.items():
        if value:
            click.echo(f"{name}: {plain(value, 1000)}")


def print_text(text: str) -> None:
    """Several lines by a stranger, without what a terminal would obey."""
    click.echo(printable(text).rstrip())


def print_notes(notes: Sequence[Note]) -> None:
    """Notes, oldest first."""
    for note in notes:
        click.echo(f"\n--- {plain(note.author, CELL)}, {note.updated_at:%Y-%m-%d %H:%M} UTC")
        print_text(note.body)
