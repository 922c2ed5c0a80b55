"""How many minutes of review people have in the next review window. Pure.

Of each reviewer whom the configuration names (`review.reviewers`, `review.people`, members of `review.groups`): on each
working day in the window `minutes_per_day`, at most the working time that is left of that day, less what is open on their
desk already. Whoever is at `max_open` takes nothing, and whoever has few places left takes at most SPEC's target of 15
minutes for each.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from ci_factory.config import Config
from ci_factory.model.review import ReviewQueue
from ci_factory.model.review_settings import ReviewConfig, bare
from ci_factory.review import working_time
from ci_factory.review.desks import TARGET_MINUTES

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)


def next_window(config: Config, now: datetime) -> tuple[datetime, datetime]:
    """First and last moment of the team's next whole working day; today's when that has not begun yet.

    Where no day is a working day within ten years, the next 24 hours.
    """
    team = working_time.calendar(config.review)
    today = working_time.day_window(team, now.astimezone(team.zone).date())
    begins = now if today and now <= today[0] else working_time.next_day(team, now)
    begins = working_time.next_moment(team, begins) if begins else None
    window = working_time.day_window(team, begins.astimezone(team.zone).date()) if begins else None
    return window or (now.astimezone(UTC), now.astimezone(UTC) + _DAY)


def open_minutes(queue: ReviewQueue) -> dict[str, list[float]]:
    """Reviewer -> expected minutes of each thing that waits for them, as `minutes_available` takes it."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    for item in queue.items:
        if item.reviewer is not None:
            found[item.reviewer].append(item.expected_minutes)
    return dict(found)


def minutes_available(
    config: Config, now: datetime, until: datetime, open_minutes_by_reviewer: Mapping[str, Sequence[float]]
) -> float | None:
    """Minutes of review that people have for more from `now` to `until`.

    `None`: unknown, as nobody is named or somebody's minutes a day are not configured.
    """
    settings = config.review
    waiting = {bare(name): minutes for name, minutes in open_minutes_by_reviewer.items()}
    people = _people(settings)
    if not people or any(settings.minutes(name) is None for name in people.values()):
        return None
    return sum(_left(settings, name, (now, until), waiting.get(key, ())) for key, name in people.items())


def _people(settings: ReviewConfig) -> dict[str, str]:
    """Reviewers by the name for comparing; a group stands for its members."""
    named: Iterable[str] = (*settings.reviewers, *settings.people)
    members = (member for group in settings.groups.values() for member in group)
    direct = (name for name in named if not settings.members(name) and "/" not in name)
    return {bare(name): name.removeprefix("@") for name in (*members, *direct)}


def _left(
    settings: ReviewConfig, name: str, window: tuple[datetime, datetime], waiting: Sequence[float]
) -> float:
    """Minutes of one person."""
    has = _minutes(settings, name, window) - sum(waiting)
    limit = settings.limit(name)
    if limit is not None:
        has = min(has, TARGET_MINUTES * float(limit - len(waiting)))
    return max(0.0, has)


def _minutes(settings: ReviewConfig, name: str, window: tuple[datetime, datetime]) -> float:
    """Minutes for reviews that a person's working days in a window hold."""
    who, a_day = working_time.calendar(settings, name), settings.minutes(name) or 0.0
    day, total = window[0].astimezone(who.zone).date(), 0.0
    while day <= window[1].astimezone(who.zone).date():
        if found := working_time.day_window(who, day):
            first, last = max(found[0], window[0]), min(found[1], window[1])
            total += min(a_day, working_time.working_time(who, first, last) / _MINUTE)
        day += _DAY
    return total
