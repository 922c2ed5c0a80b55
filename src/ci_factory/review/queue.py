"""The order in which people should look (SPEC 8)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from ci_factory.config import Config
from ci_factory.model.gate import Verdict
from ci_factory.model.review import ReviewItem, ReviewQueue, ReviewTier
from ci_factory.model.ticket import Priority
from ci_factory.review import blocking, limits, pace
from ci_factory.review.desks import Desks
from ci_factory.review.limits import TimeLimit
from ci_factory.review.pace import Expected, Pace
from ci_factory.review.reviewers import Choice, choose, moved
from ci_factory.review.subject import ReviewSubject

QUICK_WIN_SCORE = 90
"""A change that passed with more than this is quickly approved."""


@dataclass(frozen=True)
class _Entry:
    """A subject, what a review of it takes, and on a clock its time limit and urgency."""

    subject: ReviewSubject
    expected: Expected
    limit: TimeLimit
    urgency: float
    choice: Choice

    @property
    def place(self) -> tuple[int, float, datetime, str, int]:
        """Tier, urgency, age; then what makes the order one."""
        subject = self.subject
        number = subject.merge_request or 0
        return tier(subject)[0].rank, -self.urgency, subject.opened_at, subject.ticket.id, number


def build_queue(
    subjects: Sequence[ReviewSubject],
    *,
    config: Config,
    now: datetime,
    strangers: Collection[str] = frozenset(),
    known: Pace = Pace(),  # noqa: B008 - frozen
) -> ReviewQueue:
    """Security findings first, then high priority, quick wins, escalations and the rest; within these by urgency and age.

    Reviewers named on the forge already stay; the others are named from the top of the queue down, by the team's clock, so
    that the load of each counts what stands above. Then each item stands where its own reviewer's clock puts it.

    `strangers`: names for comparing (`bare`) that nobody with a role in the project has. `known`: how fast people here are.
    """
    desks = Desks(config, now, strangers)
    by_team = (_entry(each, Choice(None, ""), config, now, known) for each in subjects)
    waiting = [_Waits.of(each, desks, config) for each in sorted(by_team, key=lambda each: each.place)]
    for each in waiting:
        each.stay(desks)
    chosen = [(each.entry.subject, each.choose(desks, config)) for each in waiting]
    entries = (_entry(subject, choice, config, now, known) for subject, choice in chosen)
    ordered = sorted(entries, key=lambda each: each.place)
    items = tuple(_item(entry, place, config) for place, entry in enumerate(ordered, start=1))
    return ReviewQueue(made_at=now, items=items, reviewers=desks.tell())


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


@dataclass(frozen=True)
class _Waits:
    """An entry that has no reviewer yet."""

    entry: _Entry
    why_moved: str | None

    @classmethod
    def of(cls, entry: _Entry, desks: Desks, config: Config) -> "_Waits":
        """Whether whom the forge names stays is told by that person's own clock."""
        subject = entry.subject
        due = limits.due(config.review, subject.ticket.priority, subject.opened_at, subject.reviewer)
        return cls(entry, moved(subject, desks, due))

    def stay(self, desks: Desks) -> None:
        """What somebody has already counts before anything is handed out."""
        if self.why_moved == "" and self.entry.subject.reviewer is not None:
            self._put(desks, self.entry.subject.reviewer)

    def choose(self, desks: Desks, config: Config) -> Choice:
        """Name a reviewer, and put the thing on the desks of all who have to look."""
        choice = choose(self.entry.subject, desks, config, self.why_moved)
        if self.why_moved != "" and choice.reviewer is not None:
            self._put(desks, choice.reviewer)
        for further in choice.also_needed:
            if further.name is not None:
                self._put(desks, further.name)
        return choice

    def _put(self, desks: Desks, name: str) -> None:
        is_change = self.entry.subject.merge_request is not None
        desks.assign(name, self.entry.expected.minutes, merge_request=is_change)


def _entry(subject: ReviewSubject, choice: Choice, config: Config, now: datetime, known: Pace) -> _Entry:
    """On the clock of the chosen reviewer, or the team's."""
    priority, expected = subject.ticket.priority, _expected(subject, known)
    limit = limits.limit(config.review, priority, subject.opened_at, choice.reviewer, now)
    urgency = limits.urgency(priority, expected.minutes, limit.slack_minutes)
    return _Entry(subject, expected, limit, urgency, choice)


def _expected(subject: ReviewSubject, known: Pace) -> Expected:
    if subject.merge_request is None:
        return Expected(pace.QUESTION_MINUTES, "a question")
    return pace.expected(subject.size, subject.lines, known)


def _item(entry: _Entry, place: int, config: Config) -> ReviewItem:
    subject, limit, choice = entry.subject, entry.limit, entry.choice
    belongs, why = tier(subject)
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
        due=limit.due,
        expected_minutes=entry.expected.minutes,
        minutes_from=entry.expected.source,
        reviewer=choice.reviewer,
        reviewer_reason=choice.reason,
        also_needed=choice.also_needed,
        reason=f"{why}; {limit.words}",
        slack_minutes=round(limit.slack_minutes, 2),
        urgency=round(entry.urgency, 6),
        waits_for=blocking.blocked(subject, choice, config.review),
    )
