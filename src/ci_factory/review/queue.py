"""The order in which people should look (SPEC 8)."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from ci_factory.config import Config
from ci_factory.model.effort import LINES_READ_PER_MINUTE, REVIEW_MINUTES
from ci_factory.model.gate import Verdict
from ci_factory.model.review import ReviewItem, ReviewQueue, ReviewTier
from ci_factory.model.ticket import Priority
from ci_factory.review.reviewers import Desk, choose
from ci_factory.review.subject import ReviewSubject

QUICK_WIN_SCORE = 90
"""A change that passed with more than this is quickly approved."""
_QUESTION_MINUTES = 5
"""To answer an escalation that has no change to read."""
_MAX_MINUTES = 8 * 60
_MAX_HOURS = 24 * 3650


def build_queue(subjects: Sequence[ReviewSubject], *, config: Config, now: datetime) -> ReviewQueue:
    """Security findings first, then high priority, quick wins, escalations and the rest; within these by due date and age.

    Reviewers are named from the top of the queue down, so that the load of each counts what stands above.
    """
    desk = Desk()
    ordered = sorted(subjects, key=lambda subject: _place(subject, config))
    items = tuple(_item(subject, place, desk, config) for place, subject in enumerate(ordered, start=1))
    return ReviewQueue(made_at=now, items=items)


def tier(subject: ReviewSubject) -> tuple[ReviewTier, str]:
    """The first tier that the subject belongs to, and why."""
    if subject.security_findings:
        plural = "s" if subject.security_findings > 1 else ""
        return ReviewTier.SECURITY, f"{subject.security_findings} security finding{plural}"
    if subject.ticket.priority.rank >= Priority.HIGH.rank:
        return ReviewTier.PRIORITY, f"priority {subject.ticket.priority}"
    if subject.verdict == Verdict.PASS and subject.score is not None and subject.score > QUICK_WIN_SCORE:
        return ReviewTier.QUICK_WIN, f"passed with {subject.score:g}, above {QUICK_WIN_SCORE}"
    if subject.escalated:
        return ReviewTier.ESCALATION, "a question waits for an answer"
    return ReviewTier.REST, "none of the tiers above"


def due(subject: ReviewSubject, config: Config) -> datetime:
    """When the time limit of the ticket's priority ends, counted from the opening."""
    hours = config.review.sla_hours
    longest = max(hours.values(), default=0.0)
    return subject.opened_at + timedelta(hours=min(hours.get(subject.ticket.priority, longest), _MAX_HOURS))


def expected_minutes(subject: ReviewSubject) -> int:
    """Minutes that a review should take: the table by size, more when there are more lines than that."""
    if subject.merge_request is None:
        return _QUESTION_MINUTES
    reading = math.ceil(subject.lines / LINES_READ_PER_MINUTE)
    return min(_MAX_MINUTES, max(1, REVIEW_MINUTES[subject.size], reading))


def _place(subject: ReviewSubject, config: Config) -> tuple[int, datetime, datetime, str, int]:
    return (
        tier(subject)[0].rank,
        due(subject, config),
        subject.opened_at,
        subject.ticket.id,
        subject.merge_request or 0,
    )


def _item(subject: ReviewSubject, place: int, desk: Desk, config: Config) -> ReviewItem:
    belongs, why = tier(subject)
    until, minutes, choice = due(subject, config), expected_minutes(subject), choose(subject, desk, config)
    if choice.reviewer is not None:
        desk.assign(choice.reviewer, minutes)
    return ReviewItem(
        place=place,
        tier=belongs,
        ticket_id=subject.ticket.id,
        merge_request=subject.merge_request,
        title=subject.ticket.title,
        priority=subject.ticket.priority,
        verdict=subject.verdict,
        score=subject.score,
        security_findings=subject.security_findings,
        risk=subject.risk,
        size=subject.size,
        lines=subject.lines,
        opened_at=subject.opened_at,
        due=until,
        expected_minutes=minutes,
        reviewer=choice.reviewer,
        reviewer_reason=choice.reason,
        reason=f"{why}; due {until:%Y-%m-%d %H:%M} UTC",
    )
