"""Intervals of shares, for every room that must not claim more than it has seen."""

import math

Z95 = 1.959963984540054
"""The 97.5 % point of the normal distribution: two-sided 95 %."""


def wilson(hits: float, of: float, z: float = Z95) -> tuple[float, float] | None:
    """Wilson's score interval for a share (Wilson 1927), `None` when there is nothing to take a share of.

    Unlike the textbook interval it stays within 0 and 1 and is not empty for 0 or all hits.
    """
    if of == 0:
        return None
    share, spread = hits / of, z * z / of
    centre = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(max(0.0, share * (1 - share)) / of + spread / (4 * of)) / (1 + spread)
    # Rounding must not put the share itself outside.
    return min(share, max(0.0, centre - half)), max(share, min(1.0, centre + half))
