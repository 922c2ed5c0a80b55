"""A batch as rows for people."""

from dataclasses import dataclass

from ci_factory.model.batch import Batch
from ci_factory.model.effort import WORK_MINUTES
from ci_factory.model.text import plain
from ci_factory.model.ticket import Priority, Size

_TITLE = 80


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
    reason: str

    @property
    def cells(self) -> tuple[str, ...]:
        """For a table: place, ticket, lane, minutes, agent, size, base, title, reason."""
        minutes = f"{self.start_minutes:g}-{self.end_minutes:g}"
        return (
            str(self.place),
            self.ticket_id,
            str(self.lane),
            minutes,
            self.agent,
            self.size.value,
            self.base,
            self.title,
            self.reason,
        )


def describe(batch: Batch) -> list[Row]:
    """Rows in start order, places counted from 1."""
    free: dict[int, float] = {}
    ends: dict[str, float] = {}
    rows = []
    for place, planned in enumerate(sorted(batch.tickets, key=lambda each: each.order), start=1):
        start = max([free.get(planned.lane, 0.0), *(ends.get(each, 0.0) for each in planned.waits_for)])
        free[planned.lane] = ends[planned.id] = start + WORK_MINUTES[planned.size]
        rows.append(
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
                end_minutes=ends[planned.id],
                reason=planned.reason,
            )
        )
    return rows
