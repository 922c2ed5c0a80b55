"""What a batch is expected to bring, written when it is planned, and how that compares with what happened."""

from pydantic import Field, model_validator

from ci_factory.model.base import Artifact, Moment, Value


class Spread(Value):
    """Of many simulated nights: one in ten is below the first value, half below the second, nine in ten below the third."""

    p10: float
    p50: float
    p90: float

    @model_validator(mode="after")
    def _in_order(self) -> "Spread":
        if not self.p10 <= self.p50 <= self.p90:
            msg = "quantiles must not fall"
            raise ValueError(msg)
        return self

    def covers(self, value: float) -> bool:
        """Whether a value lies from P10 to P90."""
        return self.p10 <= value <= self.p90


class Forecast(Artifact):
    """forecast.json: what a night is expected to bring."""

    batch: str = Field(max_length=64)
    made_at: Moment
    deadline: Moment
    seed: int
    runs: int = Field(ge=1)
    ready: Spread
    """Merge requests that are ready by the deadline."""
    spend: Spread | None = None
    """USD; `None`: prices are unknown."""
    conflicts: Spread
    """Pairs of changes that do not merge together."""
    sources: dict[str, str] = {}
    """Of each assumption whether it was stated or measured, and on how many attempts."""


class Scored(Value):
    """One figure of a forecast against what happened."""

    figure: str
    forecast: Spread
    actual: float
    inside: bool
    """Whether it lies from P10 to P90."""
    pinball: float = Field(ge=0)
    """Mean pinball loss of the three quantiles, in the figure's unit; twice its value approximates the CRPS."""


class ForecastScore(Value):
    """All figures of one night that are known by now."""

    batch: str
    deadline: Moment
    figures: tuple[Scored, ...] = ()
    unknown: tuple[str, ...] = ()
    """Figures that were forecast, and of which nobody knows what happened."""


class Outlook(Value):
    """All forecasts of a project by now."""

    forecasts: dict[str, Forecast] = {}
    """By batch."""
    scores: tuple[ForecastScore, ...] = ()
    """Of those whose deadline has passed, oldest first."""


class Coverage(Value):
    """Of one figure over all scored nights."""

    figure: str
    nights: int
    inside: int
    pinball: float
    """Mean over the nights."""
