"""A plan on a terminal: who is in, where and when; who is not; and why."""

from datetime import UTC, datetime, time, timedelta

from rich.table import Table
from rich.text import Text

from ci_factory.cli import common
from ci_factory.errors import UsageError
from ci_factory.model.batch import Batch
from ci_factory.model.text import plain
from ci_factory.planning.table import Row, describe, summary

_ID, _WORD, _REASON = 64, 40, 600


def moment(text: str | None, now: datetime) -> datetime | None:
    """When the work begins: `18:00` is the next such time in UTC, else a date with time as ISO 8601 writes it.

    Raises:
        UsageError: it is neither.
    """
    if text is None:
        return None
    try:
        if len(text) <= len("18:00"):
            found = datetime.combine(now.date(), time.fromisoformat(text), UTC)
            return found if found >= now else found + timedelta(days=1)
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"is no time: {plain(text, _WORD)}", where="--start", fix="write 18:00 or 2026-03-02T18:00+01:00"
        ) from error


def show(batch: Batch, start: datetime | None) -> None:
    """Print two tables and one line of totals."""
    console, rows = common.console(), describe(batch)
    clock = f", from {start:%Y-%m-%d %H:%M} UTC" if start else ""
    console.print(Text(f"batch {batch.id} on {plain(batch.target_branch, _ID)}{clock}", style="bold"))
    if rows:
        console.print(_planned(rows, start))
    if batch.left_out:
        console.print(_left_out(batch))
    line = f"{len(rows)} in, {len(batch.left_out)} out"
    console.print(Text("; ".join(filter(None, (line, summary(batch))))))


def _planned(rows: list[Row], start: datetime | None) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("", justify="right")
    table.add_column("ticket", overflow="fold", ratio=3)
    table.add_column("lane", justify="right")
    table.add_column("UTC" if start else "minutes", no_wrap=True)
    table.add_column("agent", overflow="fold")
    table.add_column("size", no_wrap=True)
    table.add_column("USD", justify="right", no_wrap=True)
    table.add_column("why", overflow="fold", ratio=5)
    for row in rows:
        ticket = Text(plain(row.ticket_id, _ID), style="bold")
        ticket.append(f" {row.title}", style="not bold")
        table.add_row(
            str(row.place),
            ticket,
            str(row.lane + 1),
            row.when(start),
            Text(plain(row.agent, _ID)),
            row.size.value,
            "?" if row.cost_usd is None else f"{row.cost_usd:.2f}",
            Text(plain(row.reason, _REASON)),
        )
    return table


def _left_out(batch: Batch) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", style="dim", padding=(0, 2, 0, 0))
    table.add_column("not in it", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("why", overflow="fold", ratio=1)
    for each in batch.left_out:
        cells = (plain(each.ticket_id, _ID), plain(each.state, _WORD), plain(each.reason, _REASON))
        table.add_row(*map(Text, cells))
    return table
