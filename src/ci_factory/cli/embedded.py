"""What `ticket` and `mr` share: acting on the embedded forge as a person, and showing strangers' text."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from ci_factory.cli import common
from ci_factory.forge.local import LocalForge
from ci_factory.forge.ticket_text import printable
from ci_factory.model.forge import Note
from ci_factory.model.text import plain
from ci_factory.system.clock import SystemClock
from ci_factory.system.git import Git

F = TypeVar("F", bound=Callable[..., Any])
_HIDDEN_LINE = re.compile(r"^<!-- ci-factory:.*-->\s*$", re.MULTILINE)
_FOLDED, _GAP = 36, 2
"""Characters of a column beyond which it takes several lines, and between two columns."""
CELL = 100
"""Characters of a table's cell."""


def person_option(function: F) -> F:
    """`--as NAME`."""
    return click.option("--as", "person", metavar="NAME", help="Who acts.  [default: git's user.name]")(
        function
    )


@contextmanager
def as_person(repo: Path, person: str | None) -> Iterator[LocalForge]:
    """The embedded forge of a repository, seen by the person named or by git's user.name.

    Raises:
        UsageError: nobody is named.
        RepositoryError: there is no repository.
        ConfigError: the repository's configuration is wrong.
    """
    git = common.open_repository(repo)
    with _opened(git, common.acting_person(git, person)) as forge:
        yield forge


@contextmanager
def as_reader(repo: Path) -> Iterator[LocalForge]:
    """The embedded forge for looking only, which needs no name."""
    git = common.open_repository(repo)
    with _opened(git, git.config("user.name") or "unknown") as forge:
        yield forge


@contextmanager
def _opened(git: Git, user: str) -> Iterator[LocalForge]:
    config, _ = common.load_config(git, None)
    forge = LocalForge.open(git, user=user, clock=SystemClock(), labels=config.labels)
    try:
        yield forge
    finally:
        forge.disconnect()


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, spare: Sequence[str] = ()) -> None:
    """A table on a terminal, aligned lines anywhere else; cells are made safe here.

    `spare` columns are left out, the first first, on a terminal that is too narrow for all.
    """
    safe = [[plain(cell, CELL) for cell in row] for row in rows]
    if common.for_eyes():
        _print_rich(*_fitting(headings, safe, spare, common.console().width))
        return
    widths = [max(map(len, column)) for column in zip(headings, *safe, strict=True)]
    for row in (headings, *safe):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def _fitting(
    headings: Sequence[str], rows: Sequence[Sequence[str]], spare: Sequence[str], width: int
) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """The columns for which there is room; a long one may take several lines."""
    longest = (max(map(len, column)) for column in zip(headings, *rows, strict=True))
    needed = sum(min(each, _FOLDED) + _GAP for each in longest) - _GAP
    if not spare or needed <= width:
        return headings, rows
    place = headings.index(spare[0])
    fewer = [[*row[:place], *row[place + 1 :]] for row in (headings, *rows)]
    return _fitting(fewer[0], fewer[1:], spare[1:], width)


def _print_rich(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    common.console().print(table)


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
        print_text(_HIDDEN_LINE.sub("", note.body))
