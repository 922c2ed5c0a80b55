"""What recommendations are made of: the facts that rules look at, and what a rule finds in them. Pure."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final, NamedTuple

from ci_factory.config import Config
from ci_factory.metrics import calibration, comparison, gate_figures
from ci_factory.metrics.calibration import Calibration
from ci_factory.metrics.comparison import Comparison
from ci_factory.metrics.gate_figures import GateFigures
from ci_factory.metrics.sample import Sample, Wanted

DAYS: Final = 84
"""The most that they look back on: what one week shows of a gate or an agent is seldom more than noise."""
_FEWER: Final = 28
_MANY: Final = 40
"""Changes from which on so few days are enough; older ones would hide what is new."""
DAY: Final = 86400.0


class Found(NamedTuple):
    """What a rule found."""

    what: str
    """What to do, in a few words with the names it is about."""
    evidence: str
    """The figure with n and interval."""
    n: int
    interval: tuple[float, float] | None = None
    about: tuple[str, ...] = ()
    """Gates, agents, tickets."""


@dataclass(frozen=True)
class Known:
    """What rules look at: the rows up to the end of a period, and the moment at which they are read."""

    sample: Sample
    until: datetime
    now: datetime
    config: Config

    @cached_property
    def days(self) -> int:
        """What rules look back on that need no more: 28, or 84 where there were few changes in 28."""
        return _FEWER if len(self._last(_FEWER).changes) >= _MANY else DAYS

    @cached_property
    def recent(self) -> Sample:
        """The rows of the last `days`."""
        return self._last(self.days)

    @cached_property
    def quarter(self) -> Sample:
        """The rows of the last `DAYS` days."""
        return self._last(DAYS)

    def _last(self, days: float) -> Sample:
        end = self.until.timestamp()
        return self.sample.where(Wanted(since=end - days * DAY, until=end))

    @cached_property
    def gates(self) -> tuple[GateFigures, ...]:
        """Of the last `days`."""
        return gate_figures.gates(self.recent)

    @cached_property
    def comparisons(self) -> tuple[Comparison, ...]:
        """Agents, of the last `DAYS` days."""
        return comparison.compare(self.quarter, self.now, self.config.metrics)

    @cached_property
    def calibration(self) -> Calibration:
        """Of everything up to the end: thresholds need all the data that there is."""
        return calibration.calibrate(
            self.sample.where(Wanted(until=self.until.timestamp())), self.now, self.config
        )
