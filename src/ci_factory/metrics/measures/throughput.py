"""How much was merged."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from ci_factory.metrics import definitions
from ci_factory.metrics.figure import Figure, measure
from ci_factory.metrics.sample import Change

WEEK = timedelta(days=7)


def weekly(changes: Sequence[Change], now: datetime) -> Iterator[Figure]:
    """What was merged in the 7 days before `now`; unknown while no merge request is known at all."""
    until = now.timestamp()
    since, known = until - WEEK.total_seconds(), len(changes)
    recent = [each for each in changes if each.merged is not None and since < each.merged <= until]
    tickets = float(len({(each.project, each.ticket) for each in recent})) if known else None
    yield measure(definitions.TICKETS_PER_WEEK, tickets, known)
    sizes = [lines for each in recent if (lines := net_lines(each)) is not None]
    lost = len(recent) - len(sizes)
    total = float(sum(sizes)) if known and not lost else None
    note = f"size unknown for {lost} of {len(recent)}" if lost else ""
    yield measure(definitions.LINES_PER_WEEK, total, known, note=note)


def net_lines(change: Change) -> int | None:
    """Lines added minus lines removed, `None` when either is unknown."""
    return None if change.added is None or change.removed is None else change.added - change.removed
