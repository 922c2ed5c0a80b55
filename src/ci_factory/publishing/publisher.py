"""The only writer to a forge. Every write is keyed by ticket and read before written: safe to kill anywhere.

What is decided before the first write is in `prepare`, the writes in their order in `deliver`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ci_factory.config import Config
from ci_factory.errors import Conflict, FactoryError, Superseded
from ci_factory.forge.protocol import Forge
from ci_factory.model import work_record
from ci_factory.model.attempt import Attempt, Ending
from ci_factory.model.batch import Batch, LeftOut
from ci_factory.model.forge import NoteTarget, Publication
from ci_factory.model.ticket import Priority, Readiness
from ci_factory.model.work_record import WorkRecord
from ci_factory.publishing import earlier_work, issue_notes, work_notes
from ci_factory.publishing.deliver import Delivery
from ci_factory.publishing.leases import Leases
from ci_factory.publishing.outcome import PUBLISHABLE, Drifted, Judged, Stopped, Withheld, publication
from ci_factory.publishing.prepare import Change, leaks, prepare
from ci_factory.system import ci_env
from ci_factory.system.clock import Clock
from ci_factory.system.git import Git, Person
from ci_factory.system.layout import TicketFolder

__all__ = ["PUBLISHABLE", "Halt", "Judged", "Publisher", "identity", "leaks"]

Halt = Callable[[str], str | None]
"""For a ticket's id: why nothing may be written about it now, `None` when it may."""
_STATE_OF_ENDING = {
    Ending.NO_CHANGE: "no-change",
    Ending.ESCALATED: "escalated",
    Ending.PARTIAL: "partial",
    Ending.TIMEOUT: "agent-failed",
    Ending.AGENT_FAILED: "agent-failed",
    Ending.DEFERRED: "deferred",
}


def never(_ticket_id: str) -> str | None:
    """A `Halt` that stops nothing."""
    return None


@dataclass(frozen=True)
class Publisher:
    """Brings what a batch made to a forge."""

    forge: Forge
    repo: Git
    config: Config
    identity: Person
    halt: Halt = never
    """Asked before every single write."""
    clock: Clock | None = None
    """Waits for a forge that takes notice of a push in the background; without one, nobody waits."""
    leases: Leases | None = None
    """Prove before every write that the ticket still is ours; without them it is taken for granted."""

    def mark(self, ticket_id: str, state: str) -> tuple[str, ...]:
        """Give a ticket one state label, taking away the others and the trigger label; returns its labels now."""
        if self._why_not(ticket_id):
            return self.forge.issue(ticket_id).ticket.labels
        return self._mark(ticket_id, state)

    def return_to_queue(self, ticket_id: str) -> tuple[str, ...]:
        """Give a ticket its trigger label back and take every state label away; returns its labels now."""
        if self._why_not(ticket_id):
            return self.forge.issue(ticket_id).ticket.labels
        labels = self.config.labels
        return self.forge.change_labels(ticket_id, add=(labels.ready,), remove=labels.states)

    def keep_told(self, ticket_id: str, key: str, body: str) -> None:
        """Keep one note on a ticket up to date, unless nothing may be written about it."""
        if not self._why_not(ticket_id):
            self.forge.ensure_note(NoteTarget.ISSUE, ticket_id, key, body)

    def keep_told_beside(self, ticket_id: str, merge_request: int, key: str, body: str) -> None:
        """Keep one note on a ticket's merge request up to date, unless nothing may be written about it."""
        if not self._why_not(ticket_id):
            self.forge.ensure_note(NoteTarget.MERGE_REQUEST, str(merge_request), key, body)

    def hand_over(self, ticket_id: str) -> None:
        """Leave a ticket to the person who takes it over: only the label `hold` stays of the factory's."""
        if self._why_not(ticket_id):
            return
        labels = self.config.labels
        gone = (*labels.states, labels.approved, labels.ready)
        self.forge.change_labels(ticket_id, add=(labels.hold,), remove=gone)

    def leave_out(
        self,
        left_out: LeftOut,
        readiness: Readiness | None = None,
        *,
        answered: bool = False,
        work: WorkRecord | None = None,
    ) -> None:
        """Tell a ticket's people why it is not worked on, in one note updated in place, and show it as a label.

        `readiness` says what a ticket that `needs-info` is missing; the others stay in the queue. An `answered` one
        keeps the label of its question, so that the next batch finds question and answer. A ticket about which nothing
        may be written is left as it is.
        """
        if self._why_not(left_out.ticket_id):
            return
        key, body = _why(left_out, readiness)
        work_notes.ensure(self.forge, left_out.ticket_id, key, body, work)
        if answered and left_out.state != "needs-info":
            self.mark(left_out.ticket_id, "escalated")
        elif left_out.state in {"needs-info", "deferred", "review"}:
            self.mark(left_out.ticket_id, left_out.state)
        elif left_out.state != "hold":
            self.return_to_queue(left_out.ticket_id)

    def has_told(self, left_out: LeftOut, readiness: Readiness | None = None) -> bool:
        """Whether `leave_out` would tell a ticket's people nothing new: they know, or nothing may be written now."""
        if self.halt(left_out.ticket_id):
            return True
        _, body = _why(left_out, readiness)
        notes = self.forge.notes(NoteTarget.ISSUE, left_out.ticket_id)
        return any(written.author == self.forge.user and body.strip() in written.body for written in notes)

    def publish(self, judged: Judged, batch: Batch, folder: TicketFolder) -> Publication:
        """Bring one worked ticket to the forge; doing it again changes nothing.

        When a person stopped the factory or the ticket, the outcome is `stopped`, and the next call writes the rest. When
        another batch has taken the ticket over, it is `superseded`: what becomes of the ticket is told by that one.

        Raises:
            ArtifactError: bundle, attempt and verdict do not speak of the same tree, or policy forbids the change.
            Conflict: the branch moved, or the change no longer merges into the target.
        """
        attempt = judged.attempt
        try:
            if attempt.ending == Ending.SKIPPED:
                return self._skipped(judged, batch)
            if attempt.ending not in PUBLISHABLE or judged.report is None or judged.score is None:
                return self._no_merge_request(judged, batch)
            change = Change(judged.planned, attempt, judged.report, judged.score, folder)
            return self._deliver(change, batch)
        except Stopped as stop:
            return publication(attempt, "stopped", reason=stop.what)
        except Superseded as lost:
            return publication(attempt, "superseded", reason=lost.what)

    def refuse(
        self,
        attempt: Attempt,
        error: FactoryError,
        *,
        priority: Priority = Priority.MEDIUM,
        work: WorkRecord | None = None,
    ) -> Publication:
        """Tell people why a finished change was not published; the work stays with the batch.

        What is not redone by itself is a question to people, of the ticket's `priority`. `work` is what is to stay known
        of the attempt when its artifacts are gone.
        """
        moved = isinstance(error, Conflict)
        body = issue_notes.refusal_note(
            attempt,
            error.what,
            redone=moved,
            priority=priority,
            objections=error.objections if isinstance(error, Withheld) else (),
            excerpt=error.excerpt if isinstance(error, Withheld) else "",
            conflicts=error.conflicts if isinstance(error, Drifted) else (),
        )
        body = body if moved else _with_work(body, attempt, error.what)
        outcome = "deferred" if moved else "escalated"
        drift = {"conflicts": error.conflicts, "behind": error.behind} if isinstance(error, Drifted) else {}
        try:
            key = issue_notes.STATUS_KEY if moved else issue_notes.ESCALATION_KEY
            told = publication(attempt, outcome, reason=error.what, **drift)
            return self._ended(told, outcome, (key, body), work)
        except Stopped as stop:
            return publication(attempt, "stopped", reason=stop.what)
        except Superseded as lost:
            return publication(attempt, "superseded", reason=lost.what)

    def _deliver(self, change: Change, batch: Batch) -> Publication:
        ticket_id = change.planned.id
        self._may_write(ticket_id)
        delivery = Delivery(
            forge=self.forge,
            repo=self.repo,
            config=self.config,
            prepared=prepare(self.forge, self.repo, self.config.publishing, self.identity, change, batch),
            batch=batch,
            may_write=lambda: self._may_write(ticket_id),
            mark=lambda state: self._mark(ticket_id, state),
            clock=self.clock,
            leases=self.leases,
        )
        return delivery.run()

    def _skipped(self, judged: Judged, batch: Batch) -> Publication:
        attempt, labels = judged.attempt, self.config.labels
        self._may_write(attempt.ticket_id)
        left_out = LeftOut(ticket_id=attempt.ticket_id, state="waiting", reason=attempt.reason)
        answered = judged.planned.candidate.answer is not None
        self.leave_out(left_out, answered=answered, work=_work(judged, batch, "skipped"))
        stays = labels.state("escalated") if answered else labels.ready
        return publication(attempt, "skipped", labels=(stays,), reason=attempt.reason)

    def _no_merge_request(self, judged: Judged, batch: Batch) -> Publication:
        attempt = judged.attempt
        if attempt.escalation is not None:
            hosts = self.config.publishing.link_hosts
            key, body = (
                issue_notes.ESCALATION_KEY,
                _with_work(issue_notes.escalation_note(attempt.escalation, attempt, hosts), attempt),
            )
        else:
            key, body = issue_notes.STATUS_KEY, issue_notes.ending_note(attempt)
        state = _STATE_OF_ENDING[attempt.ending]
        if attempt.ending is Ending.DEFERRED and judged.planned.candidate.answer is not None:
            state = "escalated"  # so that the next batch finds question and answer
        told = publication(attempt, attempt.ending.value, reason=attempt.reason)
        return self._ended(told, state, (key, body), _work(judged, batch, told.outcome))

    def _ended(
        self, told: Publication, state: str, note: tuple[str, str], work: WorkRecord | None
    ) -> Publication:
        """A note on the ticket, key and body, then its label: what every ending without a merge request writes."""
        ticket_id = told.ticket_id
        if work is not None:
            work = work.model_copy(update={"published": told.outcome})
        written = work_notes.ensure(
            self.forge, ticket_id, *note, work, may_write=lambda: self._may_write(ticket_id)
        )
        self._may_write(ticket_id)
        labels = self._mark(ticket_id, state)
        return told.model_copy(update={"note_id": written.id, "labels": labels})

    def _may_write(self, ticket_id: str) -> None:
        if why := self.halt(ticket_id):
            raise Stopped(why, where=ticket_id, fix="run again once the reason is gone")
        if self.leases and (why := self.leases.why_not(ticket_id)):
            raise Superseded(why, where=ticket_id)

    def _why_not(self, ticket_id: str) -> str | None:
        return self.halt(ticket_id) or (self.leases.why_not(ticket_id) if self.leases else None)

    def _mark(self, ticket_id: str, state: str) -> tuple[str, ...]:
        labels = self.config.labels
        wanted = labels.state(state)
        others = [name for name in labels.states if name != wanted]
        if state == "escalated":  # a yes to the last question is no yes to this one
            others.append(labels.approved)
        return self.forge.change_labels(ticket_id, add=(wanted,), remove=(*others, labels.ready))


def _work(judged: Judged, batch: Batch, outcome: str) -> WorkRecord:
    told = work_record.of(judged.attempt, judged.planned, batch, judged.report, judged.score)
    return told.model_copy(update={"published": outcome})


def _with_work(body: str, attempt: Attempt, refused: str = "") -> str:
    """A note that asks people, with what the attempt that goes on with their answer needs."""
    return f"{body.rstrip()}\n{earlier_work.line(attempt, job=_job(), refused=refused)}".rstrip() + "\n"


def _job() -> int | None:
    """The CI job that publishes; it keeps what it publishes among its artifacts."""
    number = ci_env.variable("CI_JOB_ID") or ""
    return int(number) if number.isdecimal() and ci_env.in_job() else None


def _why(left_out: LeftOut, readiness: Readiness | None) -> tuple[str, str]:
    """Key and body of the note. A ticket that is ready by itself may still wait for itself, in a circle."""
    if left_out.state != "needs-info":
        return issue_notes.STATUS_KEY, issue_notes.left_out_note(left_out)
    if readiness is None or not readiness.missing:
        readiness = Readiness(ready=False, missing=(left_out.reason,))
    return issue_notes.READINESS_KEY, issue_notes.readiness_note(readiness)


def identity(config: Config, repo: Git) -> Person | None:
    """Who the factory commits as: the configuration's identity, else git's own, else `None`."""
    name = config.identity.name or repo.config("user.name")
    email = config.identity.email or repo.config("user.email")
    return Person(name, email) if name and email else None
