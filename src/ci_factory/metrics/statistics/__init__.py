"""Statistics that keep small numbers honest, in plain Python; each says the source of its formula.

Pure functions of numbers: nothing here knows what the numbers are about.
"""

from ci_factory.metrics.statistics.proportions import Z95, newcombe, wilson
from ci_factory.metrics.statistics.quantiles import mean, median
from ci_factory.metrics.statistics.survival import Duration

__all__ = ["Z95", "Duration", "mean", "median", "newcombe", "wilson"]
