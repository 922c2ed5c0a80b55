"""The plan as a picture: lanes as rows, tickets as bars. Geometry only: the template draws it, so no text is markup here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ci_factory.config import Config
from ci_factory.model.batch import Batch, PlannedTicket
from ci_factory.model.ticket import Priority
from ci_factory.planning import table, urgency
from ci_factory.planning.table import Row

WIDTH = 1080.0
_GUTTER, _EDGE, _AXIS = 58.0, 18.0, 34.0
_ROW, _BAR = 40.0, 26.0
_CHARACTER, _PADDING = 7.3, 12.0
"""Width of a letter at the size that labels have, and the air around a label."""
_SHORTEST = 3
"""Letters of an id below which none is shown; the bar's title and the table have it."""
_STEPS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 720, 1440, 2880, 10080)
_MAX_TICKS = 10
_BEND = 13.0
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Bar:
    """One ticket's time on its lane."""

    row: Row
    x: float
    y: float
    width: float
    height: float
    label: str
    """Its id, or as much of it as the bar holds; empty when that is too little."""
    when: str
    due: datetime
    late_minutes: float
    """After the due date; at most zero when it is in time."""
    due_x: float | None
    """Where the due date lies, `None` outside of the picture."""

    @property
    def middle(self) -> float:
        """Height at which a label's middle is."""
        return self.y + self.height / 2


@dataclass(frozen=True)
class Arrow:
    """From a ticket to one that waits for it."""

    before: str
    after: str
    path: str
    """As SVG's `d`."""
    stacked: bool
    """Whether the later is based on the earlier's change."""


@dataclass(frozen=True)
class Lane:
    """A row."""

    number: int
    y: float
    height: float = _ROW


@dataclass(frozen=True)
class Tick:
    """A moment on the axis."""

    x: float
    label: str


@dataclass(frozen=True)
class Gantt:
    """The whole picture."""

    height: float
    lanes: tuple[Lane, ...]
    bars: tuple[Bar, ...]
    arrows: tuple[Arrow, ...]
    ticks: tuple[Tick, ...]
    window_x: float | None
    """Where the night's window ends; `None` without one."""
    window_label: str
    width: float = WIDTH
    left: float = _GUTTER
    right: float = WIDTH - _EDGE
    axis: float = _AXIS

    @property
    def priorities(self) -> list[Priority]:
        """Those that appear, the most important first."""
        return sorted({bar.row.priority for bar in self.bars}, key=lambda each: -each.rank)


def gantt(batch: Batch, config: Config, start: datetime | None = None) -> Gantt:
    """Lay a batch out; `start` is when the work begins, for times by the clock."""
    rows = table.describe(batch)
    window = config.batch.window_minutes
    length = max([1.0, *(row.end_minutes for row in rows), *([window] if window is not None else [])])
    scale = _Scale(length)
    lanes = max((row.lane for row in rows), default=0) + 1
    begins = start or batch.created_at
    due = {
        each.id: urgency.due(each.candidate, config.review.sla_hours, batch.created_at)
        for each in batch.tickets
    }
    bars = tuple(_bar(row, scale, due[row.ticket_id], begins, start) for row in rows)
    return Gantt(
        height=_AXIS + lanes * _ROW + 8,
        lanes=tuple(Lane(number + 1, _AXIS + number * _ROW) for number in range(lanes)),
        bars=bars,
        arrows=_arrows(batch.tickets, {bar.row.ticket_id: bar for bar in bars}),
        ticks=_ticks(length, scale, start),
        window_x=None if window is None else scale(window),
        window_label="" if window is None else f"window ends, {_moment(window, start)}",
    )


@dataclass(frozen=True)
class _Scale:
    minutes: float

    def __call__(self, minutes: float) -> float:
        return round(_GUTTER + minutes * (WIDTH - _EDGE - _GUTTER) / self.minutes, 1)


def _moment(minutes: float, start: datetime | None) -> str:
    return f"{minutes:g} min" if start is None else table.clock(start + minutes * _MINUTE, start)


def _bar(row: Row, scale: _Scale, due: datetime, begins: datetime, start: datetime | None) -> Bar:
    x, right = scale(row.start_minutes), scale(row.end_minutes)
    width = max(right - x - 1, 2.0)
    letters = int((width - _PADDING) / _CHARACTER)
    name = row.ticket_id
    label = name if len(name) <= letters else f"{name[: letters - 1]}…" if letters > _SHORTEST else ""
    due_minutes = (due - begins) / _MINUTE
    return Bar(
        row=row,
        x=x,
        y=_AXIS + row.lane * _ROW + (_ROW - _BAR) / 2,
        width=round(width, 1),
        height=_BAR,
        label=label,
        when=row.when(start),
        due=due,
        late_minutes=row.end_minutes - due_minutes,
        due_x=scale(due_minutes) if 0 <= due_minutes <= scale.minutes else None,
    )


def _arrows(tickets: Sequence[PlannedTicket], bars: Mapping[str, Bar]) -> tuple[Arrow, ...]:
    return tuple(
        Arrow(before, planned.id, _path(bars[before], bars[planned.id]), before == planned.stacked_on)
        for planned in tickets
        for before in planned.waits_for
    )


def _path(before: Bar, after: Bar) -> str:
    """From the end of one bar to the begin of another; between neighbours on a lane a bow below them."""
    x, y, to_x, to_y = before.x + before.width, before.middle, after.x, after.middle
    if before.row.lane == after.row.lane:
        y = to_y = before.y + before.height
        reach = min(10.0, before.width / 2, after.width / 2)
        x, to_x, low = x - reach, to_x + reach, y + 9
        return f"M{x:.1f} {y:.1f}C{x:.1f} {low:.1f} {to_x:.1f} {low:.1f} {to_x:.1f} {to_y:.1f}"
    return f"M{x:.1f} {y:.1f}C{x + _BEND:.1f} {y:.1f} {to_x - _BEND:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"


def _ticks(minutes: float, scale: _Scale, start: datetime | None) -> tuple[Tick, ...]:
    step = next((step for step in _STEPS if minutes / step <= _MAX_TICKS), int(minutes / _MAX_TICKS) + 1)
    return tuple(
        Tick(scale(at), _moment(at, start) if start is not None else f"{at}")
        for at in range(0, int(minutes) + 1, step)
    )
