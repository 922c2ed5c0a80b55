"""Settings of the trial that asks whether the open changes work together."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from ci_factory.model import modes
from ci_factory.model.base import Value


class IntegrationConfig(Value):
    """Whether the candidate of all changes is tested, and how long a search for what breaks may take."""

    tests: Annotated[Literal["auto", "off"], BeforeValidator(modes.off)] = "auto"
    """`auto`: when there is something that was not tested together yet; `off`: git merges, and nothing is run."""
    timeout_minutes: float = Field(default=30, gt=0, le=24 * 60)
    """After that no further test run is started."""
    max_runs: int = Field(default=20, ge=1, le=1000)
    """Test runs in all, those of the search for changes that break together included."""
