"""A series as one line of text. Pure."""

from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"
_UNKNOWN = "·"


def of(values: Sequence[float | None], limits: Sequence[float | None] = ()) -> str:
    """One bar for each value, a dot for what is unknown; from the least to the greatest of values and limits.

    With the control limits of the series its usual noise is of middling height, and only news reaches the ends.
    """
    known = [value for value in (*values, *limits) if value is not None]
    if not known:
        return _UNKNOWN * len(values)
    low, high = min(known), max(known)
    return "".join(_UNKNOWN if value is None else _bar(value, low, high) for value in values)


def _bar(value: float, low: float, high: float) -> str:
    if high <= low:
        return _BARS[len(_BARS) // 2]
    return _BARS[min(len(_BARS) - 1, int((value - low) / (high - low) * len(_BARS)))]
