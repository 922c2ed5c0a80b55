"""What the score is worth: judged by what became of the changes that were given it."""

from ci_factory.metrics.calibration.calibrate import calibrate
from ci_factory.metrics.calibration.values import Calibration

__all__ = ["Calibration", "calibrate"]
