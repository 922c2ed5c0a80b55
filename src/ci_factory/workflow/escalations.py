"""Questions on escalated tickets: who answered, what goes on with the answer, whom to remind. Nothing is assumed."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from ci_factory.config import Config, Labels
from ci_factory.forge import kept_notes
from ci_factory.forge.protocol import Forge
from ci_factory.model.forge import Issue, IssueState, Note
from ci_factory.model.ticket import Agreed, Decision, IntakeReport
from ci_factory.publishing import answers, reminders
from ci_factory.publishing.answers import Answer, Question
from ci_factory.publishing.issue_notes import REMINDER_KEY
from ci_factory.system import records
from ci_factory.workflow.factory import Factory

_WORKED = ("queued", "running", "agent-failed", "no-change", "partial", "closed")
"""States of tickets in the queue that were taken before: what was asked and answered then still holds."""


@dataclass(frozen=True)
class Asked:
    """A ticket as far as questions to people go."""

    issue: Issue
    notes: tuple[Note, ...]
    question: Question | None
    """The newest; `None` when the label stands there without one of ours."""
    answer: Answer | None
    escalated: bool
    """Whether the ticket stands still because of it."""
    approved: bool
    """Whether a person said yes by label, which needs no reply."""
    partly: Answer | None = None
    """Replies that leave some of several questions open."""

    @property
    def id(self) -> str:
        """The ticket's id."""
        return self.issue.ticket.id

    @property
    def waits(self) -> bool:
        """Whether people have to say something before it goes on."""
        return self.escalated and not self.approved and self.answer is None

    @property
    def by_hand(self) -> bool:
        """Whether the answer takes it out of the factory's hands."""
        return bool(self.question and self.answer and answers.by_hand(self.question, self.answer))

    @property
    def decision(self) -> Decision | None:
        """The answer as the next attempt is given it."""
        if self.question is None or self.answer is None or self.by_hand:
            return None
        return answers.decision(self.question, self.answer)

    @property
    def agreed(self) -> tuple[Agreed, ...]:
        """What people agreed to, as far as the question tells; it goes on to hold when the next one is asked."""
        if self.question is None or self.by_hand:
            return ()
        if self.answer is not None or self.approved:
            return answers.agreed(self.question, self.answer)
        return self.question.agreed


def escalated(forge: Forge, config: Config) -> list[Asked]:
    """All open tickets that stand still because of a question."""
    return look(forge, config, forge.issues(labels=(config.labels.state("escalated"),)))


def look(forge: Forge, config: Config, issues: Iterable[Issue]) -> list[Asked]:
    """Read what was asked and answered on tickets; only people with the configured role are believed."""
    wanted = list(issues)
    notes = forge.notes_of(issue.ticket.id for issue in wanted) if wanted else {}
    return [_asked(forge, config, issue, tuple(notes.get(issue.ticket.id, ()))) for issue in wanted]


def _asked(forge: Forge, config: Config, issue: Issue, notes: tuple[Note, ...]) -> Asked:
    question = answers.question(notes, ours=forge.user)
    given = _answer(forge, config, notes, question) if question else None
    labels, now = config.labels, issue.ticket.labels
    is_escalated = labels.state("escalated") in now and issue.state is IssueState.OPENED
    whole, partly = (None, given) if given and given.open else (given, None)
    if partly and question and answers.by_hand(question, partly):
        whole, partly = partly, None  # who does it by hand needs no further answer
    return Asked(issue, notes, question, whole, is_escalated, labels.approved in now, partly)


def _answer(forge: Forge, config: Config, notes: tuple[Note, ...], question: Question) -> Answer | None:
    least, ours = config.escalation.answer_role, forge.user
    roles = {user: forge.role_of(user) for user in answers.repliers(notes, question, ours=ours)}
    may = [user for user, role in roles.items() if role is not None and role.rank >= least.rank]
    bots = {user for user in may if forge.is_bot(user)}
    return answers.answer(notes, question, roles, least=least, ours=ours, bots=bots)


def read(factory: Factory, issues: Iterable[Issue]) -> dict[str, Asked]:
    """Those of the queue about which people were asked, by id. A ticket that people hold is left alone.

    Whether the forge is asked for a ticket's notes is told from its labels, and from the attempts kept here.
    """
    labels, tried = factory.config.labels, _tried(factory)
    wanted = [
        issue
        for issue in issues
        if labels.hold not in issue.ticket.labels and (issue.ticket.id in tried or _was_worked(labels, issue))
    ]
    return {each.id: each for each in look(factory.forge, factory.config, wanted)}


def _was_worked(labels: Labels, issue: Issue) -> bool:
    taken = {labels.approved, *(labels.state(state) for state in ("escalated", *_WORKED))}
    return not taken.isdisjoint(issue.ticket.labels)


def _tried(factory: Factory) -> set[str]:
    """Tickets with an attempt in any batch that is kept here."""
    found = (folder.path.glob("tickets/*/attempt.json") for folder in factory.layout.batches())
    return {path.parent.name for paths in found for path in paths}


def acknowledge(factory: Factory, asked: Iterable[Asked]) -> None:
    """Say on every answered ticket that the answer was seen; who does it by hand gets the ticket."""
    labels = factory.config.labels
    for each in asked:
        if not each.escalated or each.answer is None:
            continue
        if each.by_hand:
            _tell(factory, each, reminders.taken_over(each.answer, hold=labels.hold, ready=labels.ready))
            factory.publisher.hand_over(each.id)
        else:
            _tell(factory, each, reminders.thanks(each.answer))


def remind(factory: Factory, asked: Iterable[Asked], blocking: Collection[str]) -> None:
    """Remind of every question whose time limit has passed. `blocking` has the tickets that others wait for."""
    limits, now = factory.config.escalation, factory.clock.now()
    for each in asked:
        if not each.waits or each.question is None:
            continue
        due = reminders.reminder(each.question, limits, now, blocking=each.id in blocking)
        if each.partly is not None:
            _tell(factory, each, reminders.still_open(each.partly))
        elif due is not None:
            _tell(factory, each, due)
        elif _kept(factory, each) is not None:
            _tell(factory, each, reminders.renewed(each.question))


def blocking(report: IntakeReport | None) -> frozenset[str]:
    """Tickets that another one of the queue depends on; nothing is known without a report."""
    candidates = report.candidates if report else ()
    return frozenset(ticket_id for each in candidates for ticket_id in each.ticket.depends_on)


def last_intake(factory: Factory) -> IntakeReport | None:
    """The queue as it was read last."""
    return records.read_if_valid(factory.layout.intake, IntakeReport)


def decisions(asked: Mapping[str, Asked]) -> dict[str, Decision]:
    """What people decided, by ticket."""
    return {ticket_id: each.decision for ticket_id, each in asked.items() if each.decision is not None}


def agreed(asked: Mapping[str, Asked]) -> dict[str, tuple[Agreed, ...]]:
    """What people agreed to so far, by ticket."""
    return {ticket_id: each.agreed for ticket_id, each in asked.items()}


def _tell(factory: Factory, asked: Asked, body: str) -> None:
    """Write the note beneath the question, unless it says so already."""
    kept = _kept(factory, asked)
    if kept is None or body.strip() not in kept.body:
        factory.publisher.keep_told(asked.id, REMINDER_KEY, body)


def _kept(factory: Factory, asked: Asked) -> Note | None:
    """Our note beneath the question."""
    ours = (note for note in asked.notes if note.author == factory.forge.user)
    return next((note for note in ours if kept_notes.carries(note.body, REMINDER_KEY)), None)
