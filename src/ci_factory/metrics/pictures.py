"""Geometry of the dashboard's pictures. Numbers only: the template draws them, so no text is ever markup here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from ci_factory.metrics.figure import Figure, Unit
from ci_factory.metrics.night import Tone
from ci_factory.metrics.overview import Ticket

WIDTH = 1000.0
_GUTTER, _EDGE = 64.0, 8.0
_ROW, _BAR, _AXIS = 30.0, 22.0, 28.0
_CHARACTER, _PADDING = 7.4, 8.0
"""Width of a letter at the size the labels have, and the air around a label."""
_STEPS = (
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400,
)  # fmt: skip
_MAX_TICKS = 8
SIGNS = {Tone.GOOD: "✓", Tone.ASK: "?", Tone.BAD: "✕", Tone.QUIET: "–"}


@dataclass(frozen=True)
class Bar:
    """One ticket's time in its lane."""

    ticket: Ticket
    label: str
    x: float
    width: float
    y: float = 0.0
    height: float = _BAR
    text_x: float = 0.0
    anchor: str = "start"
    inside: bool = True
    """Whether the label stands in the bar, or beside it."""

    @property
    def extent(self) -> tuple[float, float]:
        """From where to where bar and label reach."""
        if self.inside:
            return self.x, self.x + self.width
        reach = _label_width(self.label)
        if self.anchor == "start":
            return self.x, self.text_x + reach
        return self.text_x - reach, self.x + self.width


@dataclass(frozen=True)
class Lane:
    """One agent slot; its bars may need several rows to not hide each other."""

    number: int
    y: float
    height: float


@dataclass(frozen=True)
class Tick:
    """A moment on the axis."""

    x: float
    label: str


@dataclass(frozen=True)
class Gantt:
    """The night as a picture."""

    height: float
    lanes: tuple[Lane, ...]
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    width: float = WIDTH
    left: float = _GUTTER
    right: float = WIDTH - _EDGE
    axis: float = _AXIS


@dataclass(frozen=True)
class Slice:
    """A part of a stacked bar, or a column of a histogram."""

    name: str
    count: int
    x: float
    width: float
    y: float = 0.0
    height: float = 0.0


@dataclass(frozen=True)
class Span:
    """A share and its interval on a line from 0 to `width`."""

    at: float
    low: float
    high: float


def gantt(tickets: Sequence[Ticket]) -> Gantt | None:
    """The night's attempts on their lanes, `None` when nothing ran."""
    ran = [(each, each.ran.lane, each.ran.started_at, each.ran.finished_at) for each in tickets if each.ran]
    if not ran:
        return None
    start = min(began for *_, began, _ in ran)
    end = max(*(ended for *_, ended in ran), start + timedelta(seconds=1))
    scale = _scale(start, end)
    lanes: dict[int, list[Bar]] = {}
    for ticket, lane, began, ended in ran:
        x = scale(began)
        lanes.setdefault(lane, []).append(_bar(ticket, x, scale(ended) - x))
    return _stack(lanes, _ticks(start, end, scale))


def _scale(start: datetime, end: datetime) -> Callable[[datetime], float]:
    per_second = (WIDTH - _EDGE - _GUTTER) / (end - start).total_seconds()
    return lambda at: _GUTTER + (at - start).total_seconds() * per_second


def _label_width(label: str) -> float:
    return len(label) * _CHARACTER + _PADDING


def _bar(ticket: Ticket, x: float, width: float) -> Bar:
    label = f"{SIGNS[Tone(ticket.tone)]} {ticket.id[:20]}"
    bar = Bar(ticket, label, x, max(width, 3.0))
    if bar.width >= _label_width(label):
        return replace(bar, text_x=x + _PADDING / 2)
    beside = x + bar.width + _PADDING / 2
    if beside + _label_width(label) <= WIDTH:
        return replace(bar, inside=False, text_x=beside)
    return replace(bar, inside=False, text_x=x - _PADDING / 2, anchor="end")


def _stack(lanes: Mapping[int, list[Bar]], ticks: tuple[Tick, ...]) -> Gantt:
    """Give every bar the first row of its lane where it hides nothing."""
    y, placed, drawn = _AXIS, [], []
    for number, bars in sorted(lanes.items()):
        row_ends: list[float] = []
        for bar in sorted(bars, key=lambda bar: bar.extent):
            left, right = bar.extent
            row = next((row for row, end in enumerate(row_ends) if end <= left), len(row_ends))
            row_ends[row:] = [right, *row_ends[row + 1 :]]
            placed.append(replace(bar, y=y + row * _ROW + (_ROW - _BAR) / 2))
        height = len(row_ends) * _ROW
        drawn.append(Lane(number + 1, y, height))
        y += height
    return Gantt(y + 4, tuple(drawn), tuple(placed), ticks)


def _ticks(start: datetime, end: datetime, scale: Callable[[datetime], float]) -> tuple[Tick, ...]:
    seconds = (end - start).total_seconds()
    step = next((step for step in _STEPS if seconds / step <= _MAX_TICKS), _STEPS[-1] * 7)
    pattern = "%H:%M:%S" if step < 60 else "%H:%M" if step < _STEPS[-1] else "%m-%d"  # noqa: PLR2004 - a minute
    first = -(-start.timestamp() // step) * step
    moments = (datetime.fromtimestamp(first + step * index, UTC) for index in range(_MAX_TICKS + 1))
    return tuple(Tick(scale(at), f"{at:{pattern}}") for at in moments if at <= end)


def stacked(counts: Mapping[str, int], width: float) -> tuple[Slice, ...]:
    """Counts side by side on one bar; what is zero is left out."""
    total = sum(counts.values())
    slices, x = [], 0.0
    for name, count in counts.items():
        if count:
            slices.append(Slice(name, count, x, width * count / total))
            x += width * count / total
    return tuple(slices)


def histogram(bins: Sequence[int], width: float, height: float) -> tuple[Slice, ...]:
    """Columns of ten points each; the last takes 100 in."""
    tallest = max(bins) or 1
    column = width / len(bins)
    return tuple(
        Slice(
            f"{index * 10}–{100 if index == len(bins) - 1 else index * 10 + 9}",
            count,
            index * column,
            column,
            y=height - height * count / tallest,
            height=height * count / tallest,
        )
        for index, count in enumerate(bins)
    )


def span(figure: Figure, width: float) -> Span | None:
    """Where a share stands between 0 and 100 %, at the end when it is more; `None` for anything else."""
    if figure.unit is not Unit.SHARE or figure.value is None or figure.interval is None:
        return None
    low, high = figure.interval
    at, low, high = (min(max(end, 0.0), 1.0) * width for end in (figure.value, low, high))
    return Span(at, low, high)


def aim(figure: Figure, width: float) -> float | None:
    """Where the target of a share stands."""
    if figure.unit is not Unit.SHARE or figure.target is None:
        return None
    bounds = (figure.target.above, figure.target.below)
    return next((bound * width for bound in bounds if bound is not None), None)
