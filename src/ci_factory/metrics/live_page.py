"""The state of a night as a page: one HTML file that needs nothing else, no network, no script."""

from collections import Counter
from datetime import datetime

from ci_factory.metrics import live_words, pages, pictures
from ci_factory.metrics.alerts import Level
from ci_factory.metrics.live import Live
from ci_factory.metrics.night import Tone

_BAR_WIDTH = 640.0
_ORDER = (Level.ALERT, Level.WATCH, Level.OK, Level.UNKNOWN)
_TONES = {Level.ALERT: Tone.BAD, Level.WATCH: Tone.ASK, Level.OK: Tone.GOOD, Level.UNKNOWN: Tone.QUIET}


def render(live: Live | None, now: datetime, refresh: int | None = None) -> str:
    """The page as HTML text; with `refresh` a browser loads it again every so many seconds.

    The same state and moment give the same text.
    """
    style = pages.style("dashboard.css", "live.css")
    template = pages.environment().get_template("live.html.j2")
    return template.render(
        style=style.css,
        policy=style.policy,
        refresh=refresh,
        live=live,
        now=now,
        say=live_words,
        alerts=sorted(live.alerts, key=lambda alert: _ORDER.index(alert.level)) if live else (),
        level_tones=_TONES,
        levels=live_words.LEVELS,
        bar=_bar(live) if live else (),
        bar_width=_BAR_WIDTH,
        stack_width=_BAR_WIDTH,
        span_width=0.0,
        tones=Tone,
        signs=pictures.SIGNS,
    )


def _bar(live: Live) -> tuple[pictures.Slice, ...]:
    """Tickets by what they ask of people; those that have not ended are the plain rest."""
    tones = Counter(ticket.tone.value if ticket.outcome else "open" for ticket in live.tickets)
    return pictures.stacked(
        {name: tones[name] for name in (*(tone.value for tone in Tone), "open")}, _BAR_WIDTH
    )
