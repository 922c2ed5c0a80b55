"""What became of each change, and which changes are old enough to say.

All changes count after the same time: `defect_days` after they were merged or closed. Were closed ones counted at once,
and merged ones after a month, the newest changes would look worse than they are.
"""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from ci_factory.metrics.calibration.values import Fate, LeftOut
from ci_factory.metrics.sample import Change

DAY = 86400.0


class Judged(NamedTuple):
    """A change whose score can be held against what became of it."""

    created: float
    score: float
    """In hundredths, as scores are given: there are only so many, however many changes."""
    fate: Fate
    components: tuple[float | None, ...]

    @property
    def good(self) -> bool:
        """Merged as it was first shown, and nothing bad came of it."""
        return self.fate is Fate.UNTOUCHED


class Outcomes(NamedTuple):
    """Changes that count, the oldest first, and those that do not."""

    judged: tuple[Judged, ...]
    left_out: tuple[LeftOut, ...]


def outcomes(changes: Iterable[Change], now: float, defect_days: float) -> Outcomes:
    """The fate of every change that has a score and is old enough; `now` in seconds since the epoch."""
    left: Counter[str] = Counter()
    judged = []
    for change in changes:
        found = _judge(change, now, defect_days)
        if isinstance(found, str):
            left[found] += 1
        else:
            judged.append(found)
    judged.sort(key=lambda each: each.created)
    reasons = sorted(left.items(), key=lambda item: (-item[1], item[0]))
    return Outcomes(tuple(judged), tuple(LeftOut(reason=reason, n=n) for reason, n in reasons))


def _judge(change: Change, now: float, defect_days: float) -> Judged | str:
    """The change with its fate, or why it does not count."""
    decided = change.decided
    if decided is None:
        return "still open"
    if change.score is None:
        return "without a score"
    if now - decided < defect_days * DAY:
        return f"merged or closed less than {defect_days:g} days ago"
    if change.merged is not None:
        if change.observed_until is None:
            return "merged, and nobody looked at what came of it"
        if change.observed_until - change.merged < defect_days * DAY:
            return f"merged, and watched for less than {defect_days:g} days"
    return Judged(change.created, round(change.score, 2), _fate(change, defect_days), change.components)


def _fate(change: Change, defect_days: float) -> Fate:
    if change.merged is None:
        return Fate.CLOSED
    moments = [at for at in (change.reverted, change.defect) if at is not None]
    if moments and min(moments) - change.merged <= defect_days * DAY:
        return Fate.DEFECT
    return Fate.REWORKED if change.reworked else Fate.UNTOUCHED
