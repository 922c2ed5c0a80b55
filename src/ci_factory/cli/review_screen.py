"""The review queue on a terminal: what to look at, in order, then who has how much to do."""

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby

from rich.cells import cell_len, set_cell_size
from rich.console import Group, RenderableType
from rich.text import Text

from ci_factory.model.merge_truth import MergeTruth
from ci_factory.model.review import ReviewerDesk, ReviewItem, ReviewQueue
from ci_factory.model.review_settings import bare
from ci_factory.model.text import plain

BY = ("tier", "reviewer")
_INDENT = 14
_MOST_TITLE, _MOST_NAME, _LEAST_NAME = 100, 24, 8
_WIDEST = 120
"""Columns beyond which a line's end is too far from its beginning."""
_LIMIT = 400
_MINUTE, _HOUR, _TWO_DAYS = timedelta(minutes=1), timedelta(hours=1), timedelta(days=2)
_HOUR_MINUTES = 60
_PAIRS = 5
"""Conflicting pairs that are named."""
_TIERS = {
    "security": "security findings",
    "priority": "high priority",
    "quick-win": "quick wins",
    "escalation": "questions",
    "rest": "the rest",
}


@dataclass(frozen=True)
class Screen:
    """A queue on so many columns."""

    queue: ReviewQueue
    items: Sequence[ReviewItem]
    """Those to show."""
    columns: int
    by: str = "tier"
    address: Callable[[int], str | None] = field(default=lambda _: None)
    """Where a merge request is shown."""
    truth: MergeTruth | None = None

    @property
    def width(self) -> int:
        """Columns that are used."""
        return min(self.columns, _WIDEST)

    def drawn(self) -> RenderableType:
        """All of it."""
        parts: list[RenderableType] = [self._headline(), *self._together()]
        for heading, members in self._groups():
            parts += ["", Text(heading, style="bold cyan")]
            for item in members:
                parts += [self._line(item), *self._details(item)]
        return Group(*parts, *self._desks())

    def _headline(self) -> Text:
        minutes = sum(item.expected_minutes for item in self.items)
        late = sum(item.late(self.queue.made_at) for item in self.items)
        head = Text.assemble(("Review queue", "bold"), f"  {self.queue.made_at:%Y-%m-%d %H:%M} UTC  ")
        head.append(f"{len(self.items)} wait, about {_amount(minutes)}")
        if late:
            head.append(f", {late} late", style="bold red")
        return head

    def _together(self) -> Iterator[Text]:
        """What was found out about merging them together."""
        if self.truth is None:
            return
        for clash in self.truth.clashes[:_PAIRS]:
            files = plain(", ".join(clash.files), limit=120)
            yield Text(f"!{clash.first} and !{clash.second} do not merge together: {files}", style="yellow")
        if len(self.truth.clashes) > _PAIRS:
            yield Text(f"… and {len(self.truth.clashes) - _PAIRS} more pairs", style="yellow")
        for breaking in self.truth.breaking[:_PAIRS]:
            together = " and ".join(f"!{number}" for number in breaking.changes)
            yield Text(
                f"{together} break tests together: {plain(', '.join(breaking.tests), limit=120)}", style="red"
            )

    def _groups(self) -> Iterator[tuple[str, Sequence[ReviewItem]]]:
        if self.by == "tier":
            for tier, members in groupby(self.items, key=lambda item: item.tier.value):
                yield _TIERS[tier], tuple(members)
            return
        for desk in self.queue.reviewers:
            mine = tuple(
                item for item in self.items if item.reviewer and bare(item.reviewer) == bare(desk.name)
            )
            if mine:
                yield _desk_heading(desk, mine), mine
        nobody = tuple(item for item in self.items if item.reviewer is None)
        if nobody:
            yield "nobody named", nobody

    def _line(self, item: ReviewItem) -> Text:
        change = f"!{item.merge_request}" if item.merge_request is not None else "question"
        time, style = self._time(item)
        right = f"{item.expected_minutes:>4} min  {self._name(item)}  "
        line = Text(f"{item.place:>3}  ")
        url = self.address(item.merge_request) if item.merge_request is not None else None
        line.append(change, style=f"bold link {url}" if url else "bold")
        line.append(" " * max(1, _INDENT - 5 - len(change)))
        room = self.width - line.cell_len - cell_len(right) - self._time_width
        line.append(set_cell_size(_fitting(item.title, room - 1), room))
        line.append(right)
        line.append(f"{time:>{self._time_width}}", style=style)
        return line

    def _name(self, item: ReviewItem) -> str:
        name = plain(item.reviewer, limit=_MOST_NAME) if item.reviewer else "nobody"
        return set_cell_size(name, self._name_width)

    @property
    def _name_width(self) -> int:
        widest = max((cell_len(item.reviewer or "nobody") for item in self.items), default=_LEAST_NAME)
        return min(_MOST_NAME, max(_LEAST_NAME, widest), max(_LEAST_NAME, self.width // 5))

    @property
    def _time_width(self) -> int:
        return max((len(self._time(item)[0]) for item in self.items), default=0)

    def _time(self, item: ReviewItem) -> tuple[str, str]:
        """What is left of the time limit, and its style."""
        if item.slack_minutes is None:
            return "", ""
        amount = _amount(abs(item.slack_minutes))
        is_late = item.late(self.queue.made_at)
        return (f"late {amount}", "bold red") if is_late else (f"{amount} left", "")

    def _details(self, item: ReviewItem) -> Iterator[Text]:
        score = "score unknown" if item.score is None else f"score {item.score:g}"
        verdict = f"{item.verdict.value}, " if item.verdict else ""
        size = f"{item.size.value} ({_count(item.lines, 'line')})"
        facts = f"{item.ticket_id}  {verdict}{score}, {size}, risk {item.risk.value}"
        yield self._below(f"{facts}, {_age(self.queue, item)}", "dim")
        yield self._below(item.reason, "dim")
        yield self._below(
            f"{item.reviewer or 'nobody'}: {item.reviewer_reason}", "dim" if item.reviewer else "yellow"
        )
        for more in (item.further, item.held_up):
            if more:
                yield self._below(more, "yellow")

    def _below(self, text: str, style: str) -> Text:
        lines = textwrap.wrap(plain(text, limit=_LIMIT), max(_INDENT, self.width - _INDENT))
        return Text("\n".join(" " * _INDENT + line for line in lines), style=style)

    def _desks(self) -> Iterator[RenderableType]:
        shown = [desk for desk in self.queue.reviewers if desk.items or desk.absent]
        if not shown:
            return
        yield ""
        yield Text("reviewers", style="bold cyan")
        widest = min(_MOST_NAME, max(cell_len(desk.name) for desk in shown))
        for desk in shown:
            name = set_cell_size(plain(desk.name, limit=_MOST_NAME), widest)
            line = Text(f"     {name}  {_amount(desk.minutes):>10}  {_load(desk)}")
            if desk.absent:
                line.append(f"  {desk.absence}", style="yellow")
            yield line


def concerns(item: ReviewItem, name: str) -> bool:
    """Whether somebody is its reviewer, a further one that it needs, or who it waits for."""
    waits = item.waits_for.who if item.waits_for else None
    people = (item.reviewer, waits, *(each.name for each in item.also_needed))
    return bare(name) in {bare(person) for person in people if person}


def _fitting(title: str, room: int) -> str:
    """As much of a title as there are columns for; a wide character takes two."""
    room = max(8, min(_MOST_TITLE, room))
    shown = plain(title, limit=room)
    return shown if cell_len(shown) <= room else f"{set_cell_size(shown, room - 1)}…"


def _amount(minutes: float) -> str:
    return f"{round(minutes / _HOUR_MINUTES, 1):g} h" if minutes >= _HOUR_MINUTES else f"{minutes:.0f} min"


def _age(queue: ReviewQueue, item: ReviewItem) -> str:
    age = max(timedelta(), queue.made_at - item.opened_at)
    if age >= _TWO_DAYS:
        return f"open for {age.days} d"
    return f"open for {int(age / _HOUR)} h" if age >= _HOUR else f"open for {int(age / _MINUTE)} min"


def _desk_heading(desk: ReviewerDesk, mine: Sequence[ReviewItem]) -> str:
    minutes = sum(item.expected_minutes for item in mine)
    away = f"; {desk.absence}" if desk.absent else ""
    return f"{plain(desk.name, limit=_MOST_NAME)}: {len(mine)}, about {_amount(minutes)}{away}"


def _load(desk: ReviewerDesk) -> str:
    questions = desk.items - desk.merge_requests
    limit = f" of at most {desk.max_open}" if desk.max_open is not None else ""
    changes = f"{_count(desk.merge_requests, 'merge request')}{limit}"
    return changes + (f", {_count(questions, 'question')}" if questions else "")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
