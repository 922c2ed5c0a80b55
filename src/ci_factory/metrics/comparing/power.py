"""How many observations it takes to tell two agents apart."""

import math
from statistics import NormalDist

POWER = 0.8
_LEAST = 0.01
_TWO_SIDED = NormalDist().inv_cdf(0.975)
_POWER = NormalDist().inv_cdf(POWER)


def alike(one: float, other: float, *, share: bool) -> bool:
    """Whether two figures are less apart than anybody looks for: one point, or one hundredth of the larger."""
    return abs(one - other) < _LEAST * (1.0 if share else max(abs(one), abs(other))) or one == other


def shares(one: float, other: float) -> int | None:
    """Observations an arm that tell two shares apart 80 % of the time at 5 %, two-sided; 65 from 80 % takes 138.

    Fleiss, Levin and Paik 2003, "Statistical Methods for Rates and Proportions", 4.2, without the correction for
    continuity. `None` for shares less than a point apart.
    """
    if alike(one, other, share=True):
        return None
    middle = (one + other) / 2
    same = _TWO_SIDED * math.sqrt(2 * middle * (1 - middle))
    differ = _POWER * math.sqrt(one * (1 - one) + other * (1 - other))
    return math.ceil(((same + differ) / (one - other)) ** 2)


def means(one: float, other: float, variance: float) -> int | None:
    """The same for two means or ratios; `variance` is the sum of what one observation of either arm varies by."""
    if alike(one, other, share=False):
        return None
    return math.ceil(variance * ((_TWO_SIDED + _POWER) / (one - other)) ** 2)
