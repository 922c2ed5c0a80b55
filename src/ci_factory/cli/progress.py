"""What a person sees while the line runs: a live table on a terminal, plain lines elsewhere."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from ci_factory.cli import heartbeat
from ci_factory.model.text import plain
from ci_factory.system.clock import Clock
from ci_factory.workflow.factory import Progress, Silence

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

_WIDTH = 100


class PlainLines:
    """One line a step, for logs."""

    def stage(self, name: str, detail: str = "") -> None:
        """Print the stage's name."""
        click.echo(f"[{name}] {plain(detail, limit=_WIDTH * 3)}", err=True)

    def waiting(self, tickets: Mapping[str, str]) -> None:
        """A log needs no list of what has not happened."""

    def ticket(self, ticket_id: str, state: str, detail: str = "") -> None:
        """Print where the ticket is."""
        click.echo(f"  {ticket_id:<12} {state:<14} {plain(detail, limit=_WIDTH * 2)}".rstrip(), err=True)


@dataclass
class _Row:
    state: str
    detail: str
    since: float


class LiveTable:
    """A table of tickets that is drawn again as they move."""

    def __init__(self, clock: Clock) -> None:
        """Start empty."""
        self._clock = clock
        self._rows: dict[str, _Row] = {}
        self._stages: dict[str, str] = {}
        self._lock = threading.Lock()
        self._live: Live | None = None

    def stage(self, name: str, detail: str = "") -> None:
        """Show the stage above the table."""
        with self._lock:
            self._stages[name] = plain(detail, limit=_WIDTH * 2)
        self._draw()

    def waiting(self, tickets: Mapping[str, str]) -> None:
        """Show what is still to come."""
        for ticket_id, title in tickets.items():
            self.ticket(ticket_id, "waiting", title)

    def ticket(self, ticket_id: str, state: str, detail: str = "") -> None:
        """Show where the ticket is, and since when."""
        with self._lock:
            self._rows[ticket_id] = _Row(state, plain(detail, limit=_WIDTH), self._clock.monotonic())
        self._draw()

    @contextmanager
    def shown(self) -> Iterator["LiveTable"]:
        """Draw on stderr until the end, then leave the last state standing."""
        from rich.console import Console
        from rich.live import Live

        with Live(
            self._table(), console=Console(stderr=True), refresh_per_second=4, get_renderable=self._table
        ) as live:
            self._live = live
            yield self
        self._live = None

    def _draw(self) -> None:
        if self._live is not None:
            self._live.refresh()

    def _table(self) -> "Table":
        from rich.table import Table
        from rich.text import Text

        with self._lock:
            rows, stages = dict(self._rows), dict(self._stages)
        caption = "\n".join(f"{name}: {detail}" for name, detail in stages.items())
        table = Table(box=None, pad_edge=False, title=Text(caption, justify="left"), title_justify="left")
        for heading in ("ticket", "state", "for", ""):
            table.add_column(heading, no_wrap=True, overflow="ellipsis")
        for ticket_id, row in rows.items():
            moving = row.state in {"running", "gates"}
            age = f"{self._clock.monotonic() - row.since:.0f} s" if moving else ""
            table.add_row(Text(ticket_id), Text(row.state, style=_style(row)), age, Text(row.detail))
        return table


def _style(row: _Row) -> str:
    if row.state in {"running", "gates"}:
        return "cyan"
    if row.state == "waiting":
        return "dim"
    if row.detail.startswith("pass"):
        return "green"
    return "yellow" if row.state.startswith("!") else "red" if "fail" in row.state else ""


@contextmanager
def watching(clock: Clock, *, quiet: bool = False) -> Iterator[Progress]:
    """The right kind of progress for where we run."""
    if quiet:
        yield Silence()
    elif heartbeat.is_watched():
        with LiveTable(clock).shown() as table:
            yield table
    else:
        yield PlainLines()
