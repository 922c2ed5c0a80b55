"""The alerts of a night in the morning report. Markdown."""

from collections.abc import Iterator, Sequence

from ci_factory.metrics.alerts import Alert, Level
from ci_factory.metrics.live_words import value_of
from ci_factory.metrics.markdown import say

_SAID = {Level.ALERT: "**Alert**", Level.WATCH: "Watch"}
_LONG = 300


def lines(alerts: Sequence[Alert]) -> Iterator[str]:
    """What is beyond its bounds, alerts first; nothing when nothing is."""
    found = [alert for level in _SAID for alert in alerts if alert.level is level]
    if not found:
        return
    yield "## Alerts"
    yield ""
    for alert in found:
        yield f"- {_SAID[alert.level]}: {named(alert)}. {alert.definition}"
    yield ""


def named(alert: Alert) -> str:
    """`Mean score is 64 (n = 40), bounds alert < 70`, with its note."""
    note = f"; {say(alert.note, _LONG)}" if alert.note else ""
    return f"{alert.name} is {value_of(alert)}, bounds {alert.target}{note}"
