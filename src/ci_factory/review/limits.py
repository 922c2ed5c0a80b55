"""The clock of a time limit: when it ends, what is left of it, and how urgent that makes a thing. Pure.

Urgency is the logarithm of the apparent tardiness cost, `weight / p x exp(-max(0, slack - p) / (k x 15))` with p the expected
minutes of review, slack the minutes of the reviewer's clock that are left, weights 1, 2, 4, 8 for low to critical, and
k = 3 (Vepsalainen and Morton, 1987; planning orders tickets by the same rule). While there is time, what is due sooner
comes first; what is late goes by weight and by how quickly it is done. The mean of p is SPEC's target of 15 minutes, so
that one more item never turns two others round.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from ci_factory.model.review_settings import MAX_HOURS, ReviewConfig
from ci_factory.model.ticket import Priority
from ci_factory.review import working_time
from ci_factory.review.desks import TARGET_MINUTES
from ci_factory.review.working_time import ALWAYS, Calendar

_LOOK_AHEAD = 3
_MINUTE = timedelta(minutes=1)
_HOUR_MINUTES = 60


@dataclass(frozen=True)
class TimeLimit:
    """A time limit on one clock."""

    clock: Calendar
    due: datetime
    slack_minutes: float
    """Left on that clock; negative: late by so many."""
    late: bool
    """Whether it has ended; on a working clock that may be no working time ago."""

    @property
    def words(self) -> str:
        """When it ends, and what is left: `due 2026-03-03 17:00 Europe/Berlin, 3.5 working h left`."""
        shown = self.due.astimezone(self.clock.zone)
        return f"due {shown:%Y-%m-%d %H:%M} {self.clock.zone}, {self._left()}"

    def _left(self) -> str:
        kind = "" if self.clock == ALWAYS else "working "
        minutes = abs(self.slack_minutes)
        amount = (
            f"{round(minutes / _HOUR_MINUTES, 1):g} {kind}h"
            if minutes >= _HOUR_MINUTES
            else f"{minutes:.0f} {kind}min"
        )
        return f"late by {amount}" if self.late else f"{amount} left"


def hours(settings: ReviewConfig, priority: Priority) -> float:
    """The time limit of a priority; the longest that is configured where this one has none."""
    given = settings.sla_hours
    return min(given.get(priority, max(given.values(), default=0.0)), MAX_HOURS)


def due(settings: ReviewConfig, priority: Priority, since: datetime, name: str | None) -> datetime:
    """When the time limit ends on the clock of a person, or the team's (`None`)."""
    clock = working_time.clock(settings, name)
    return working_time.add(clock, since, timedelta(hours=hours(settings, priority)))


def limit(
    settings: ReviewConfig, priority: Priority, since: datetime, name: str | None, now: datetime
) -> TimeLimit:
    """The time limit as it stands now."""
    clock, ends = working_time.clock(settings, name), due(settings, priority, since, name)
    left = working_time.working_time(clock, now, ends) - working_time.working_time(clock, ends, now)
    return TimeLimit(clock, ends, left / _MINUTE, ends < now)


def urgency(priority: Priority, minutes: int, slack_minutes: float) -> float:
    """Larger is more urgent."""
    weight = 2**priority.rank
    return math.log(weight / minutes) - max(0.0, slack_minutes - minutes) / (_LOOK_AHEAD * TARGET_MINUTES)
