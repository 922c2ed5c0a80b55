"""Settings of forecasts and simulations: the clock of a night."""

from datetime import time
from typing import Annotated

from pydantic import BeforeValidator, Field

from ci_factory.model.base import Json, Value

_MINUTES = 60


def _clock(given: Json) -> Json:
    """YAML reads a bare 18:30 as minutes in base 60."""
    return (
        f"{given // _MINUTES:02d}:{given % _MINUTES:02d}"
        if isinstance(given, int) and not isinstance(given, bool)
        else given
    )


Clock = Annotated[time, BeforeValidator(_clock)]
"""A time of day as HH:MM, on the clock of `review.timezone`."""


class SimulationConfig(Value):
    """The clock of a night, and whether each batch is forecast."""

    forecast: bool = True
    """Whether a planned batch gets its forecast.json, which is scored the next day."""
    runs: int = Field(default=100, ge=20, le=10_000)
    """Simulated nights of a forecast."""
    starts: Clock = time(18)
    """Of made-up nights; a real batch begins when it is planned."""
    closes: Clock = time(6)
    """After it no ticket starts, unless `batch.window_minutes` says so."""
    deadline: Clock = time(9)
    """By when merge requests are to be ready."""
    reviewers: int = Field(default=2, ge=0, le=10_000)
    """People who review, where `review` names none."""
