"""Settings of alerts: what each figure of a night, or of the last weeks, should be, and beyond what it is an alert."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from ci_factory.model.base import Value


class Severity(StrEnum):
    """How soon somebody has to look, the worst first."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Bounds(Value):
    """Two bounds of one figure; `null` switches that level off, a key that is left out keeps its default."""

    target: float | None = Field(default=None, ge=0)
    """Beyond it the figure is to be watched."""
    alert: float | None = Field(default=None, ge=0)
    """Beyond it the figure is an alert."""
    severity: Severity = Severity.MEDIUM
    """Of that alert."""


def _rising(bounds: Bounds) -> Bounds:
    if bounds.target is not None and bounds.alert is not None and bounds.alert < bounds.target:
        msg = "the alert must not be below the target: lower is better here"
        raise ValueError(msg)
    return bounds


def _falling(bounds: Bounds) -> Bounds:
    if bounds.target is not None and bounds.alert is not None and bounds.alert > bounds.target:
        msg = "the alert must not be above the target: higher is better here"
        raise ValueError(msg)
    return bounds


Below = Annotated[Bounds, AfterValidator(_rising)]
"""Of a figure that should stay below its target."""
Above = Annotated[Bounds, AfterValidator(_falling)]
"""Of a figure that should stay above its target."""


class _Bounded(Value):
    """Settings whose figures have bounds: one of them may be set without repeating the other."""

    @model_validator(mode="before")
    @classmethod
    def _keep_the_other_bound(cls, given: object) -> object:
        if not isinstance(given, Mapping):
            return given
        return {name: _completed(cls, str(name), value) for name, value in given.items()}


class PeriodAlerts(_Bounded):
    """Bounds of figures over the last weeks; shares are 0 to 1."""

    days: int = Field(default=28, ge=1, le=366)
    """What the figures look back on."""
    at_least: int = Field(default=10, ge=2, le=1000)
    """Observations below which a share, a mean or a median is not judged."""
    score: Above = Bounds(alert=70, severity=Severity.HIGH)
    """Mean score of judged changes."""
    defect_rate: Below = Bounds(alert=0.1, severity=Severity.HIGH)
    """Merged changes with a revert or a linked bug."""
    rework_ratio: Below = Bounds(alert=0.5)
    first_pass: Above = Bounds(alert=0.5)
    cycle_hours: Below = Bounds(alert=48)
    """Median hours from the trigger label to the merge."""
    review_queue: Below = Bounds(alert=10)
    """Items in the review queue."""
    idle_hours: Below = Bounds(alert=2, severity=Severity.LOW)
    """Longest that an agent had nothing to do while tickets of its batch waited."""
    daily_cost_usd: Below = Bounds(alert=50, severity=Severity.HIGH)
    """Of the dearest day."""
    cost_ratio: Below = Bounds(alert=2)
    """Cost per ticket, as a multiple of what it was before."""


class AlertsConfig(_Bounded):
    """Bounds of every figure that may raise an alert (SPEC 3); shares are 0 to 1."""

    at_least: int = Field(default=5, ge=1, le=1000)
    """Observations below which a share or a mean is not judged."""
    in_progress: Below = Bounds(target=2, alert=3)
    """Tickets in progress for each agent slot."""
    completion_minutes: Below = Bounds(target=30, alert=60)
    """Mean minutes from a ticket's start to its end."""
    escalation_rate: Below = Bounds(target=0.2, alert=0.4)
    conflict_rate: Below = Bounds(target=0.05, alert=0.15)
    utilisation: Above = Bounds(target=0.7, alert=0.4)
    score: Above = Bounds(target=85, alert=70, severity=Severity.HIGH)
    """Mean score of the night's changes."""
    cost_usd: Below = Bounds(alert=50, severity=Severity.HIGH)
    """What the night cost so far."""
    review_queue: Below = Bounds(alert=10)
    """Items in the review queue."""
    idle_hours: Below = Bounds(target=2, severity=Severity.LOW)
    """Longest that an agent has had nothing to do while tickets wait."""
    silent_minutes: Below = Bounds(target=10, alert=45)
    """Since the last sign of life of a night that is not over."""
    period: PeriodAlerts = PeriodAlerts()
    """Of the last weeks rather than of one night."""


def _completed(kind: type[_Bounded], name: str, value: object) -> object:
    field = kind.model_fields.get(name)
    if field is None or not isinstance(field.default, Bounds) or not isinstance(value, Mapping):
        return value
    return {**field.default.model_dump(), **value}
