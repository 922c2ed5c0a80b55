"""The state of a night on a terminal: a summary, what is to be looked at, agents, tickets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ci_factory.metrics import live_words, words
from ci_factory.metrics.alerts import Alert, Level
from ci_factory.metrics.figure import Unit
from ci_factory.metrics.live import Live, LiveAgent, LiveTicket, OpenQuestion
from ci_factory.metrics.night import Tone
from ci_factory.metrics.pictures import SIGNS
from ci_factory.model.text import plain

ALL = 60
"""Tickets that are shown unless the screen has room for fewer; the rest is counted."""
_WIDE = 110
"""Columns from which on there is room for what is left out below."""
_LEAST, _QUESTIONS, _DAMAGED = 3, 8, 3
_LOW = 36
"""Lines below which a screen is low."""
_CELL = 24
"""Columns that a cell may have, but for the last one of a row, which has what is left."""
_TONES = {Tone.GOOD: "green", Tone.ASK: "yellow", Tone.BAD: "red", Tone.QUIET: ""}
_LEVELS = {Level.WATCH: "yellow", Level.ALERT: "bold red"}

Row = tuple[Text, ...]


@dataclass(frozen=True)
class Screen:
    """A night on so many columns, and so many lines where there are not enough for all."""

    live: Live
    width: int
    height: int | None = None

    def drawn(self) -> RenderableType:
        """All of it; what has no room is counted."""
        lines = [*self._summary()]
        tables = [part for part in (self._alerts(), self._agents(), self._questions()) if part is not None]
        blank = [] if self._is_low else [Text("")]
        parts: list[RenderableType] = [*lines]
        for table in tables:
            parts += [*blank, table]
        room = ALL
        if self.height is not None:
            head = 1 + len(blank)
            taken = len(lines) + sum(table.row_count + head for table in tables) + head + 1
            room = max(_LEAST, self.height - taken)
        return Group(*parts, *blank, *self._tickets(room))

    @property
    def _is_low(self) -> bool:
        """Whether every line counts: questions are in the summary's numbers, and blank lines go."""
        return self.height is not None and self.height < _LOW

    @property
    def _is_wide(self) -> bool:
        return self.width >= _WIDE

    def _summary(self) -> Iterator[Text]:
        live = self.live
        yield Text(live_words.headline(live), style="bold")
        where = f"{live.batch}, {live.project} on {live.target_branch}"
        yield self._line("batch", f"{where}, {live_words.lasted(live)}")
        if live.reason:
            yield self._line("why", live.reason, "yellow")
        yield self._line("tickets", ", ".join(f"{number} {word}" for word, number in live.counts().items()))
        if not live.state.over:
            yield self._line("end", live_words.ends(live))
        yield self._line("spent", live_words.spent(live))
        yield self._line("lanes", _lanes(live))
        yield self._line("review", live_words.queue(live))
        if live.conflicts is not None:
            yield self._line("together", live_words.together(live.conflicts))
        for sleeper in live.sleepers:
            yield self._line("quota", live_words.sleeps(sleeper, live.now), "yellow")
        yield self._line("alerts", live_words.counted(live.alerts))
        for damaged in live.damaged[:_DAMAGED]:
            yield self._line("damaged", damaged, "red")

    def _line(self, name: str, said: str, style: str = "") -> Text:
        line = Text.assemble((f"{name:<9}", "dim"), (plain(said, limit=400), style))
        line.no_wrap, line.overflow = self.height is not None, "ellipsis"
        return line

    def _alerts(self) -> Table | None:
        """What is wrong, the worst first; what is well, or can't be told, is in the summary."""
        said = [alert for alert in self.live.alerts if alert.level in _LEVELS]
        rows = [_alert(alert) for alert in sorted(said, key=lambda each: each.level is not Level.ALERT)]
        return _table(("", "figure", "value", "bounds, and why"), rows) if rows else None

    def _agents(self) -> Table | None:
        headings = ("agent", "for", "ended", *(("used", "seen") if self._is_wide else ()), "doing")
        agents = sorted(self.live.agents, key=lambda agent: not agent.busy)
        shown = agents[:_LEAST] if self._is_low else agents
        return _table(headings, [self._agent(agent) for agent in shown]) if shown else None

    def _agent(self, agent: LiveAgent) -> Row:
        now = self.live.now
        seen = f"{live_words.ago(agent.last_sign, now)} ago" if agent.last_sign else "-"
        more = (live_words.money(agent.used), seen) if self._is_wide else ()
        ended = f"{agent.ended}, {agent.waiting} to come" if agent.waiting else str(agent.ended)
        return _cells(agent.name, live_words.ago(agent.since, now), ended, *more, agent.doing)

    def _questions(self) -> Table | None:
        asked = () if self._is_low else self.live.questions
        rows = [self._question(each) for each in asked[:_QUESTIONS]]
        if len(asked) > _QUESTIONS:
            rows.append(_cells("", "", "", f"… and {len(asked) - _QUESTIONS} more"))
        return _table(("question", "waits", "for", "about"), rows) if rows else None

    def _question(self, asked: OpenQuestion) -> Row:
        waits = live_words.ago(asked.asked_at, self.live.now)
        return _cells(asked.ticket, waits, asked.who or "nobody named", asked.summary)

    def _tickets(self, room: int) -> Iterator[RenderableType]:
        shown = self.live.chosen(room)
        headings = (
            "ticket",
            "state",
            "time",
            *(("reached",) if self._is_wide else ()),
            "score",
            "MR",
            "what",
        )
        yield _table(headings, [self._ticket(ticket) for ticket in shown])
        if left := len(self.live.tickets) - len(shown):
            yield Text(f"… and {left} more", style="dim")

    def _ticket(self, ticket: LiveTicket) -> Row:
        sign = f"{SIGNS[ticket.tone]} " if ticket.outcome is not None else ""
        style = "cyan" if ticket.state.at_work else _TONES[ticket.tone]
        score = words.points(ticket.score) if ticket.score is not None else ""
        request = f"!{ticket.merge_request}" if ticket.merge_request else ""
        reached = _cells(live_words.progress(ticket)) if self._is_wide else ()
        time = live_words.duration(ticket, self.live.now)
        return (
            Text(ticket.id),
            Text(f"{sign}{live_words.state_of(ticket)}", style=style),
            *(*_cells(time), *reached, *_cells(score, request)),
            _what(ticket),
        )


def _what(ticket: LiveTicket) -> Text:
    """What is going on, and the title; of one that ended well the title says enough."""
    title = Text(plain(ticket.title, limit=120), style="dim")
    if ticket.outcome is not None and ticket.tone is Tone.GOOD:
        return title
    return Text.assemble(plain(ticket.said, limit=120), "  ", title)


def _lanes(live: Live) -> str:
    busy = sum(lane.ticket is not None for lane in live.lanes)
    share = live.utilisation
    so_far = f", {words.amount(share, Unit.SHARE)} of the time so far" if share is not None else ""
    return f"{busy} of {len(live.lanes)} busy{so_far}"


def _alert(alert: Alert) -> Row:
    sign = f"{live_words.SIGNS[alert.level]} {live_words.LEVELS[alert.level]}"
    why = f"{alert.target}; {alert.note}" if alert.note else alert.target
    return (
        Text(sign, style=_LEVELS[alert.level]),
        *_cells(alert.name, live_words.value_of(alert), why),
    )


def _cells(*texts: str) -> Row:
    return tuple(Text(plain(text, limit=160)) for text in texts)


def _table(headings: Sequence[str], rows: Sequence[Row]) -> Table:
    """Every column as wide as it needs, within bounds; the last one takes what is left and is cut off."""
    table = Table(box=None, pad_edge=False, header_style="dim", expand=True)
    for place, heading in enumerate(headings[:-1]):
        widest = max([len(heading), *(row[place].cell_len for row in rows)])
        table.add_column(heading, no_wrap=True, overflow="ellipsis", width=min(widest, _CELL))
    table.add_column(headings[-1], no_wrap=True, overflow="ellipsis", ratio=1)
    for row in rows:
        table.add_row(*row)
    return table
