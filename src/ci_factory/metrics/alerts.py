"""Figures of a night, or of a period, against their bounds. Never an alert on too few data: that is said instead.

A share is compared by its Wilson interval: only when the whole interval lies beyond a bound is the bound called passed.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ci_factory.metrics import words
from ci_factory.metrics.figure import Target, Unit
from ci_factory.metrics.statistics import mean, wilson
from ci_factory.model.alert_settings import AlertsConfig, Bounds, PeriodAlerts, Severity
from ci_factory.model.base import Value


class Level(StrEnum):
    """How a figure stands to its bounds."""

    OK = "ok"
    WATCH = "watch"
    ALERT = "alert"
    UNKNOWN = "unknown"
    """Not known, or too few to tell."""


class Alert(Value):
    """One figure with its level."""

    key: str
    """As in the configuration, under `alerts`."""
    name: str
    level: Level
    value: float | None
    unit: Unit
    n: int | None = None
    """Observations that it rests on; `None`: it is a fact, not a sample."""
    interval: tuple[float, float] | None = None
    target: str
    """Its bounds in words."""
    note: str = ""
    """Why it has this level, where the numbers alone do not say it."""
    definition: str
    severity: Severity = Severity.MEDIUM
    """How soon somebody has to look when it is an alert."""
    evidence: tuple[str, ...] = ()
    """What it is made of, the worst first: changes, tickets, agents, days."""
    action: str = ""
    """What to do about it."""

    @property
    def on(self) -> bool:
        """Whether it is an alert now."""
        return self.level is Level.ALERT


@dataclass(frozen=True)
class Rule:
    """What a figure is; the bounds are configured."""

    key: str
    name: str
    unit: Unit
    definition: str
    falling: bool = False
    """Whether higher is better."""
    action: str = ""
    """What to do when it is an alert."""


IN_PROGRESS = Rule(
    "in_progress", "In progress per slot", Unit.COUNT,
    "Tickets that were started and have not ended / agent slots (lanes) of the batch.",
)  # fmt: skip
COMPLETION = Rule(
    "completion_minutes", "Mean time to complete", Unit.MINUTES,
    "Mean minutes from a ticket's start to its end, waits and fresh starts included, of tickets that ended tonight. "
    "What was put off or not started is left out.",
)  # fmt: skip
ESCALATION = Rule(
    "escalation_rate", "Escalation rate", Unit.SHARE,
    "Tickets that ended with a question to a person / tickets that ended tonight and were not put off or left unstarted.",
)  # fmt: skip
CONFLICT = Rule(
    "conflict_rate", "Conflict rate", Unit.SHARE,
    "Pairs of the night's changes that do not merge together / pairs that git was asked to merge.",
)  # fmt: skip
UTILISATION = Rule(
    "utilisation", "Agent utilisation", Unit.SHARE,
    "Time that lanes were busy / (lanes x time from the first start until now, or until the last end).", falling=True,
)  # fmt: skip
SCORE = Rule(
    "score", "Mean score", Unit.POINTS,
    "Mean score of the changes that were judged tonight, 0 to 100. A change without a score is left out.", falling=True,
)  # fmt: skip
COST = Rule(
    "cost_usd", "Cost of the night", Unit.USD,
    "What the agents' calls are known to have cost so far, failed ones too.",
)  # fmt: skip
QUEUE = Rule(
    "review_queue", "Review queue", Unit.COUNT, "Items that waited for a person when the queue was last made."
)
IDLE = Rule(
    "idle_hours", "Longest idle agent", Unit.SECONDS,
    "Longest time that an agent in service has had nothing to do while the night runs and tickets wait.",
)  # fmt: skip
SILENT = Rule(
    "silent_minutes", "Last sign of life", Unit.SECONDS,
    "Time since anything was written about a night that has begun and is not over.",
)  # fmt: skip


@dataclass(frozen=True)
class Judge:
    """Makes alerts by the configured bounds."""

    settings: AlertsConfig | PeriodAlerts

    def fact(self, rule: Rule, value: float | None, *, note: str = "", scale: float = 1) -> Alert:
        """Something that is as it is; `scale` is how many units of `value` one unit of the bounds has."""
        bounds = _scaled(self._bounds(rule), scale)
        level = Level.UNKNOWN if value is None else _level(rule, bounds, value)
        return _alert(rule, bounds, level, value, note=note)

    def mean_of(self, rule: Rule, values: Iterable[float], *, note: str = "") -> Alert:
        """A mean; of fewer than `at_least` values nothing is said."""
        known = tuple(values)
        value, bounds = mean(known), self._bounds(rule)
        if value is None or len(known) < self.settings.at_least:
            return self._too_few(rule, value, len(known))
        return _alert(rule, bounds, _level(rule, bounds, value), value, n=len(known), note=note)

    def share(self, rule: Rule, hits: int, of: int) -> Alert:
        """A share; what its interval leaves open is left open here."""
        interval, bounds = wilson(hits, of), self._bounds(rule)
        if interval is None or of < self.settings.at_least:
            return self._too_few(rule, hits / of if of else None, of, interval)
        sure = interval[1] if rule.falling else interval[0]
        level, value, note = _level(rule, bounds, sure), hits / of, ""
        if level is Level.OK and _level(rule, bounds, value) is not Level.OK:
            level, note = Level.UNKNOWN, "too few to tell: the interval includes the target"
        return _alert(rule, bounds, level, value, n=of, interval=interval, note=note)

    def estimate(
        self,
        rule: Rule,
        value: float | None,
        n: int,
        interval: tuple[float, float] | None,
        *,
        signal: str = "",
        note: str = "",
        scale: float = 1,
    ) -> Alert:
        """A mean, median or ratio with its interval; beyond a bound only when the whole interval is, or a control chart says so.

        `signal`: what the chart says, empty when it says nothing.
        """
        bounds = _scaled(self._bounds(rule), scale)
        if value is None or interval is None or n < self.settings.at_least:
            found = self._too_few(rule, value, n, None, bounds)
            return found.model_copy(update={"note": _join(note, found.note)})
        level = _level(rule, bounds, interval[1] if rule.falling else interval[0])
        at_value = _level(rule, bounds, value)
        if level is Level.OK and at_value is not Level.OK:
            level = at_value if signal else Level.UNKNOWN
            note = _join(signal or "too few to tell: the interval includes the bound", note)
        shown = interval if math.isfinite(interval[1]) else None
        return _alert(rule, bounds, level, value, n=n, interval=shown, note=note)

    def ratio(self, rule: Rule, value: float | None, n: int, *, note: str = "") -> Alert:
        """A ratio that needs `at_least` observations behind it to mean anything."""
        bounds = self._bounds(rule)
        if value is None or n < self.settings.at_least:
            return self._too_few(rule, value, n)
        return _alert(rule, bounds, _level(rule, bounds, value), value, n=n, note=note)

    def _bounds(self, rule: Rule) -> Bounds:
        found = getattr(self.settings, rule.key)
        assert isinstance(found, Bounds)  # noqa: S101 - every rule has a key of the settings
        return found

    def _too_few(
        self,
        rule: Rule,
        value: float | None,
        n: int,
        interval: tuple[float, float] | None = None,
        bounds: Bounds | None = None,
    ) -> Alert:
        note = f"too few to tell: {n} of at least {self.settings.at_least}"
        shown, bounds = interval if n else None, bounds or self._bounds(rule)
        return _alert(rule, bounds, Level.UNKNOWN, value, n=n, interval=shown, note=note)


def _level(rule: Rule, bounds: Bounds, value: float) -> Level:
    """A target is reached below it, an alert raised beyond it; what stands exactly on a bound is not better than it."""
    sign = -1 if rule.falling else 1
    if bounds.alert is not None and sign * value > sign * bounds.alert:
        return Level.ALERT
    if bounds.target is not None and sign * value >= sign * bounds.target:
        return Level.WATCH
    return Level.OK


def _join(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _scaled(bounds: Bounds, scale: float) -> Bounds:
    both = {name: getattr(bounds, name) for name in ("target", "alert")}
    scaled = {name: None if value is None else value * scale for name, value in both.items()}
    return bounds.model_copy(update=scaled)


def _alert(
    rule: Rule,
    bounds: Bounds,
    level: Level,
    value: float | None,
    *,
    n: int | None = None,
    interval: tuple[float, float] | None = None,
    note: str = "",
) -> Alert:
    return Alert(
        key=rule.key,
        name=rule.name,
        level=level,
        value=value,
        unit=rule.unit,
        n=n,
        interval=interval,
        target=_target(rule, bounds),
        note=note,
        definition=rule.definition,
        severity=bounds.severity,
        action=rule.action,
    )


def _target(rule: Rule, bounds: Bounds) -> str:
    """`< 30 min, alert > 60 min`."""

    def bound(value: float, *, good: bool) -> str:
        both = Target(above=value) if good is rule.falling else Target(below=value)
        return words.target(both, rule.unit)

    aim = bound(bounds.target, good=True) if bounds.target is not None else ""
    alarm = f"alert {bound(bounds.alert, good=False)}" if bounds.alert is not None else ""
    return ", ".join(filter(None, (aim, alarm))) or "none"
