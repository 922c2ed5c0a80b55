"""Alerts over the last weeks as lines for a terminal or a job log. Pure."""

from collections.abc import Iterable, Iterator

from ci_factory.metrics.alerts import Alert, Level
from ci_factory.metrics.live_words import value_of

_SIGNS = {Level.ALERT: "ALERT", Level.WATCH: "watch", Level.OK: "ok", Level.UNKNOWN: "?"}


def lines(alerts: Iterable[Alert]) -> Iterator[str]:
    """A line each, what is on first with its evidence and what to do; texts are safe already."""
    for alert in sorted(alerts, key=lambda each: not each.on):
        severity = f" {alert.severity.value}" if alert.on else ""
        note = f"; {alert.note}" if alert.note else ""
        of = f" (n = {alert.n})" if alert.n else ""
        yield f"{_SIGNS[alert.level] + severity:<13}{alert.name}: {value_of(alert)}{of}, bounds {alert.target}{note}"
        if alert.on:
            yield from (f"{'':13}- {each}" for each in alert.evidence)
            yield f"{'':13}{alert.action}"
