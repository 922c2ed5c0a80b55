"""A batch as rows for people."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from ci_factory.model.batch import Arrangement, Batch
from ci_factory.model.effort import WORK_MINUTES
from ci_factory.model.text import plain
from ci_factory.model.ticket import Priority, Size

_TITLE = 80
HEADINGS = ("", "ticket", "lane", "time", "agent", "size", "USD", "base", "title", "why")


@dataclass(frozen=True)
class Row:
    """One planned ticket; minutes are expected ones, counted from the batch's start."""

    place: int
    ticket_id: str
    title: str
    """One line without control characters."""
    size: Size
    priority: Priority
    agent: str
    lane: int
    base: str
    """The ticket that it is stacked on, else the target branch."""
    start_minutes: float
    end_minutes: float
    cost_usd: float | None
    """Expected; `None`: unknown."""
    reason: str

    def when(self, start: datetime | None = None) -> str:
        """Its time by the clock when the batch's start is known, else in minutes."""
        return when(self.start_minutes, self.end_minutes, start)

    def cells(self, start: datetime | None = None) -> tuple[str, ...]:
        """One for each of `HEADINGS`."""
        return (
            str(self.place),
            self.ticket_id,
            str(self.lane + 1),
            self.when(start),
            self.agent,
            self.size.value,
            "?" if self.cost_usd is None else f"{self.cost_usd:.2f}",
            self.base,
            self.title,
            self.reason,
        )


def describe(batch: Batch) -> list[Row]:
    """Rows in start order, places counted from 1."""
    return [
        Row(
            place=place,
            ticket_id=planned.id,
            title=plain(planned.candidate.ticket.title, _TITLE),
            size=planned.size,
            priority=planned.candidate.ticket.priority,
            agent=planned.agent,
            lane=planned.lane,
            base=planned.stacked_on or batch.target_branch,
            start_minutes=start,
            end_minutes=end,
            cost_usd=planned.cost_usd,
            reason=planned.reason,
        )
        for place, (planned, (start, end)) in enumerate(
            zip(sorted(batch.tickets, key=lambda each: each.order), _times(batch), strict=True), start=1
        )
    ]


def when(start_minutes: float, end_minutes: float, start: datetime | None) -> str:
    """`0-8.5`, or `18:00-18:09` with days where it is not the first."""
    if start is None:
        return f"{round(start_minutes, 1):g}-{round(end_minutes, 1):g}"
    moments = (start + timedelta(minutes=minutes) for minutes in (start_minutes, end_minutes))
    return "-".join(clock(moment, start) for moment in moments)


def clock(moment: datetime, start: datetime) -> str:
    """Hours and minutes; how many days later as `+1`."""
    days = (moment.date() - start.date()).days
    return f"{moment:%H:%M}" + (f"+{days}" if days else "")


def summary(batch: Batch) -> str:
    """What the plan comes to: lateness, length, cost, and what is unknown of them."""
    parts = []
    if batch.arrangement is not None and batch.tickets:
        parts += [_arrangement_words(batch.arrangement)]
    known = [ticket.cost_usd for ticket in batch.tickets if ticket.cost_usd is not None]
    unknown = len(batch.tickets) - len(known)
    if known:
        more = f" and {unknown} of unknown cost" if unknown else ""
        parts.append(f"expected cost {sum(known):.2f} USD for {len(known)}{more}")
    elif batch.tickets:
        parts.append("expected cost unknown")
    return "; ".join(parts)


def _arrangement_words(told: Arrangement) -> str:
    late = f"{told.tardiness:g} weighted minutes late" if told.tardiness else "nothing late, begun at once"
    words = f"done after {told.makespan_minutes:g} minutes, {late}"
    if told.method == "list" or (told.tardiness, told.makespan_minutes) == (
        told.greedy_tardiness,
        told.greedy_makespan_minutes,
    ):
        found = "by urgency alone"
    else:
        how = "by exact optimisation" if told.method == "exact" else "by search"
        found = f"{how}, from {told.greedy_makespan_minutes:g} minutes and {told.greedy_tardiness:g} late"
    proved = ", proved best" if told.proved else ", not proved best" if told.method == "exact" else ""
    return f"{words} ({found}{proved})"


def _times(batch: Batch) -> Iterator[tuple[float, float]]:
    """As planned; of a batch whose plan does not say, as early as lanes and predecessors let it."""
    free: dict[int, float] = {}
    ends: dict[str, float] = {}
    for planned in sorted(batch.tickets, key=lambda each: each.order):
        start, end = planned.start_minutes, planned.end_minutes
        if start is None or end is None:
            start = max([free.get(planned.lane, 0.0), *(ends.get(each, 0.0) for each in planned.waits_for)])
            end = start + WORK_MINUTES[planned.size]
        free[planned.lane] = ends[planned.id] = end
        yield start, end
