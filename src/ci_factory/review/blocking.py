"""Who blocks a thing, as the forge's facts say, and when that person is reminded. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ci_factory.model.review import Blocked, ReviewItem, Waiting
from ci_factory.model.review_settings import ReviewConfig
from ci_factory.model.ticket import Priority
from ci_factory.review import limits, working_time
from ci_factory.review.reviewers import Choice
from ci_factory.review.subject import ReviewSubject


@dataclass(frozen=True)
class Reminder:
    """One reminder that is due now."""

    who: str
    number: int
    """Which one of the same wait, from 1; earlier ones that nobody wrote are left out."""
    moment: datetime
    """When it fell due."""


def blocked(subject: ReviewSubject, choice: Choice, settings: ReviewConfig) -> Waiting:
    """Whom a thing waits for now, and since when."""
    kind, who, why, since = _facts(subject, choice)
    due = limits.due(settings, subject.ticket.priority, since, who)
    return Waiting(kind=kind, who=who, why=why, since=since, due=due)


def reminder(item: ReviewItem, settings: ReviewConfig, now: datetime) -> Reminder | None:
    """The newest reminder of the person who blocks a merge request whose moment has come.

    `None` before the first, outside of that person's working hours, while they are absent, after the last one, when nobody
    in particular blocks it, and for questions, which have reminders of their own.
    """
    waits, rules = item.waits_for, settings.reminders
    if waits is None or waits.who is None or item.merge_request is None or not rules.enabled:
        return None
    there = working_time.next_moment(working_time.calendar(settings, waits.who), now)
    passed = _passed(waits, settings, item.priority, now)
    if there != now or not passed:
        return None
    return Reminder(waits.who, len(passed), passed[-1]) if len(passed) <= rules.most else None


def _facts(subject: ReviewSubject, choice: Choice) -> tuple[Blocked, str | None, str, datetime]:
    if subject.merge_request is None:
        return Blocked.ANSWER, choice.reviewer, "a question waits for an answer", subject.opened_at
    if subject.asked is not None:
        return Blocked.CHANGES, *_changes(subject, subject.asked.user), subject.asked.at
    since = subject.moved_at or subject.opened_at
    if not subject.approvals:
        return Blocked.REVIEW, choice.reviewer, "nobody has reviewed it yet", since
    if missing := next(iter(choice.also_needed), None):
        return Blocked.REVIEW, missing.name, f"a further review is {missing.reason}", since
    approved = max(approval.at for approval in subject.approvals)
    if subject.stacked_on is not None:
        why = f"approved, and on top of !{subject.stacked_on}, which is not merged"
        return Blocked.PREDECESSOR, None, why, approved
    return Blocked.MERGE, choice.reviewer, "approved, and not merged", approved


def _changes(subject: ReviewSubject, asking: str) -> tuple[str | None, str]:
    """Nobody takes such a change up by itself: who asked for the work decides how it goes on."""
    why = f"{asking} asked for changes: make them, or close it and give the ticket back"
    return subject.ticket.author or None, why


def _passed(waits: Waiting, settings: ReviewConfig, priority: Priority, now: datetime) -> list[datetime]:
    """Moments of reminders that have come, in order, and at most one more than are ever used."""
    clock = working_time.clock(settings, waits.who)
    allowed = timedelta(hours=limits.hours(settings, priority))
    shares = sorted(set(settings.reminders.at))
    moments = [working_time.add(clock, waits.since, allowed * share) for share in shares]
    found = [moment for moment in moments if moment <= now]
    if settings.reminders.daily:
        found += _days_after(waits, settings, now)
    return sorted(set(found))


def _days_after(waits: Waiting, settings: ReviewConfig, now: datetime) -> list[datetime]:
    """The beginning of each working day after the time limit, as many as may be used."""
    who, day = working_time.calendar(settings, waits.who), waits.due
    found: list[datetime] = []
    while True:
        following = working_time.next_day(who, day)
        if following is None or following > now or len(found) > settings.reminders.most:
            return found
        found.append(following)
        day = following
