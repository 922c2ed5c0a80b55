"""The only writer to a forge. Every write is keyed by ticket and read before written: safe to kill anywhere.

Order for a change: branch, draft merge request, note, then ready or not, then the ticket's label. A kill between
any two leaves a draft that the next run completes; nothing is made twice because each step ensures a state.
"""

from dataclasses import dataclass

from ci_factory.config import Config
from ci_factory.errors import ArtifactError, Conflict, FactoryError
from ci_factory.forge.protocol import Forge
from ci_factory.model.attempt import Attempt, Ending
from ci_factory.model.batch import Batch, LeftOut, PlannedTicket
from ci_factory.model.forge import MergeRequest, MergeRequestSpec, MergeRequestState, NoteTarget, Publication
from ci_factory.model.gate import GateReport, Score, Verdict
from ci_factory.model.ticket import Readiness
from ci_factory.publishing import description, issue_notes, names, note, policy
from ci_factory.system.git import Git, Person
from ci_factory.system.layout import TicketFolder

_STATE_OF_ENDING = {
    Ending.NO_CHANGE: "no-change",
    Ending.ESCALATED: "escalated",
    Ending.PARTIAL: "partial",
    Ending.TIMEOUT: "agent-failed",
    Ending.AGENT_FAILED: "agent-failed",
}
PUBLISHABLE = frozenset({Ending.COMPLETED, Ending.PARTIAL})


@dataclass(frozen=True)
class Judged:
    """A worked ticket with its verdict; `report` and `score` are `None` when there was no change to judge."""

    planned: PlannedTicket
    attempt: Attempt
    report: GateReport | None
    score: Score | None


@dataclass(frozen=True)
class Publisher:
    """Brings what a batch made to a forge."""

    forge: Forge
    repo: Git
    config: Config
    identity: Person

    def mark(self, ticket_id: str, state: str) -> tuple[str, ...]:
        """Give a ticket one state label, taking away the others and the trigger label."""
        labels = self.config.labels
        wanted = labels.state(state)
        others = [name for name in labels.states if name != wanted]
        if state == "escalated":  # a yes to the last question is no yes to this one
            others.append(labels.approved)
        return self.forge.change_labels(ticket_id, add=(wanted,), remove=(*others, labels.ready))

    def return_to_queue(self, ticket_id: str) -> tuple[str, ...]:
        """Give a ticket its trigger label back and take every state label away."""
        labels = self.config.labels
        return self.forge.change_labels(ticket_id, add=(labels.ready,), remove=labels.states)

    def leave_out(self, left_out: LeftOut, readiness: Readiness | None = None) -> None:
        """Tell a ticket's people why it is not worked on, in one note updated in place, and show it as a label.

        `readiness` says what a ticket that `needs-info` is missing; the others stay in the queue.
        """
        key, body = _why(left_out, readiness)
        self.forge.ensure_note(NoteTarget.ISSUE, left_out.ticket_id, key, body)
        if left_out.state in {"needs-info", "deferred", "review"}:
            self.mark(left_out.ticket_id, left_out.state)
        elif left_out.state != "hold":
            self.return_to_queue(left_out.ticket_id)

    def has_told(self, left_out: LeftOut, readiness: Readiness | None = None) -> bool:
        """Whether a ticket's people know already what `leave_out` would tell them."""
        _, body = _why(left_out, readiness)
        notes = self.forge.notes(NoteTarget.ISSUE, left_out.ticket_id)
        return any(written.author == self.forge.user and body.strip() in written.body for written in notes)

    def publish(self, judged: Judged, batch: Batch, folder: TicketFolder) -> Publication:
        """Bring one worked ticket to the forge; doing it again changes nothing.

        Raises:
            ArtifactError: bundle, attempt and verdict do not speak of the same tree, or policy forbids the change.
            Conflict: the branch moved, or the change no longer merges into the target.
        """
        attempt = judged.attempt
        if attempt.ending == Ending.SKIPPED:
            return self._skipped(attempt)
        if attempt.ending in PUBLISHABLE and judged.report and judged.score:
            return self._merge_request(judged, judged.report, judged.score, batch, folder)
        return self._no_merge_request(attempt)

    def refuse(self, attempt: Attempt, error: FactoryError) -> Publication:
        """Tell people why a finished change was not published; the work stays with the batch."""
        moved = isinstance(error, Conflict)
        body = issue_notes.refusal_note(attempt, error.what, redone=moved)
        written = self.forge.ensure_note(NoteTarget.ISSUE, attempt.ticket_id, issue_notes.STATUS_KEY, body)
        state = "deferred" if moved else "escalated"
        return _publication(attempt, state, note_id=written.id, labels=self.mark(attempt.ticket_id, state))

    def _skipped(self, attempt: Attempt) -> Publication:
        left_out = LeftOut(ticket_id=attempt.ticket_id, state="waiting", reason=attempt.reason)
        self.leave_out(left_out)
        return _publication(attempt, "skipped", labels=(self.config.labels.ready,))

    def _no_merge_request(self, attempt: Attempt) -> Publication:
        key, body = issue_notes.STATUS_KEY, issue_notes.ending_note(attempt)
        if attempt.escalation is not None:
            key = issue_notes.ESCALATION_KEY
            body = issue_notes.escalation_note(attempt.escalation, has_work=attempt.head is not None)
        written = self.forge.ensure_note(NoteTarget.ISSUE, attempt.ticket_id, key, body)
        labels = self.mark(attempt.ticket_id, _STATE_OF_ENDING[attempt.ending])
        return _publication(attempt, attempt.ending.value, note_id=written.id, labels=labels)

    def _merge_request(
        self, judged: Judged, report: GateReport, score: Score, batch: Batch, folder: TicketFolder
    ) -> Publication:
        planned, attempt = judged.planned, judged.attempt
        if leaks(report):
            raise ArtifactError(
                "the change contains a secret and may not leave this machine", where=planned.id
            )
        commit = self._commit(planned, attempt, report, score, folder)
        behind = self._behind(commit, attempt, batch)
        branch = names.branch(planned.candidate.ticket)
        self._push(branch, commit)
        spec = MergeRequestSpec(
            ticket_id=planned.id,
            source_branch=branch,
            target_branch=self._target(attempt, batch),
            title=description.title(planned),
            description=description.description(planned, attempt, report, score, behind=behind),
            labels=self._merge_request_labels(planned, score),
        )
        merge_request = self._ensure(spec, draft=score.verdict != Verdict.PASS)
        written = self.forge.ensure_note(
            NoteTarget.MERGE_REQUEST,
            str(merge_request.iid),
            note.NOTE_KEY,
            note.score_note(planned, attempt, report, score),
        )
        final = self._ensure(spec, draft=score.verdict != Verdict.PASS, noted=True)
        body = issue_notes.merge_request_note(final, score.verdict.value, note.points(score))
        self.forge.ensure_note(NoteTarget.ISSUE, planned.id, issue_notes.STATUS_KEY, body)
        labels = self.mark(planned.id, "partial" if attempt.ending == Ending.PARTIAL else "review")
        return _publication(
            attempt,
            "merge-request",
            branch=branch,
            merge_request=final.iid,
            note_id=written.id,
            head=commit,
            tree=score.tree,
            labels=labels,
            behind=behind,
        )

    def _ensure(self, spec: MergeRequestSpec, *, draft: bool, noted: bool = False) -> MergeRequest:
        """A merge request without its note is a draft, whatever the verdict; people's reviewer stays."""
        existing = [
            mr
            for mr in self.forge.merge_requests(ticket_id=spec.ticket_id)
            if mr.source_branch == spec.source_branch
        ]
        was_ready = bool(existing) and not existing[0].draft
        reviewer = existing[0].reviewer if existing else None
        as_draft = draft or not (noted or was_ready)
        return self.forge.ensure_merge_request(
            spec.model_copy(update={"draft": as_draft, "reviewer": reviewer})
        )

    def _commit(
        self, planned: PlannedTicket, attempt: Attempt, report: GateReport, score: Score, folder: TicketFolder
    ) -> str:
        """Our own commit of the judged tree: the agent's commits, authors and dates are not taken over."""
        head = self.repo.unbundle(folder.bundle)
        tree = self.repo.tree_of(head)
        if {attempt.tree, report.tree, score.tree} != {tree}:
            raise ArtifactError(
                "bundle, attempt and verdict do not speak of the same tree",
                where=planned.id,
                fix="gate the change again",
            )
        if found := policy.problems(self.repo.changes(attempt.base, head, renames=False)):
            raise ArtifactError(f"the change may not be published: {'; '.join(found[:5])}", where=planned.id)
        return self.repo.commit_tree(
            tree,
            parents=(attempt.base,),
            message=names.commit_message(planned.candidate.ticket, attempt, score),
            author=self.identity,
            committer=self.identity,
            when=attempt.finished_at,
        )

    def _behind(self, commit: str, attempt: Attempt, batch: Batch) -> int:
        """How far the target moved since the change's base; a change that no longer merges is refused."""
        target = self.forge.branch(batch.target_branch)
        if target is None or self.repo.is_ancestor(target, commit):
            return 0
        merge = self.repo.merge(target, commit)
        if not merge.clean:
            raise Conflict(
                f"no longer merges into {batch.target_branch}: {', '.join(merge.conflicts[:10])}",
                where=attempt.ticket_id,
                fix="it is redone in the next batch",
            )
        return self.repo.count(commit, target)

    def _push(self, branch: str, commit: str) -> None:
        present = self.forge.branch(branch)
        if present != commit:
            self.forge.push(branch, commit, expected=present)

    def _target(self, attempt: Attempt, batch: Batch) -> str:
        """A stacked change targets the open merge request whose head is its base."""
        for merge_request in self.forge.merge_requests(state=MergeRequestState.OPENED):
            if merge_request.head == attempt.base:
                return merge_request.source_branch
        return batch.target_branch

    def _merge_request_labels(self, planned: PlannedTicket, score: Score) -> tuple[str, ...]:
        risk = planned.candidate.risk
        # Scoped labels exclude each other, so categories, of which there may be several, have no scope.
        categories = tuple(f"risk-{category.value}" for category in risk.categories)
        return (
            f"risk::{risk.level.value}",
            *categories,
            self.config.labels.state(f"gates-{score.verdict.value}"),
        )


def _publication(attempt: Attempt, outcome: str, **known: object) -> Publication:
    return Publication.model_validate(
        {"ticket_id": attempt.ticket_id, "batch_id": attempt.batch_id, "outcome": outcome, **known}
    )


def _why(left_out: LeftOut, readiness: Readiness | None) -> tuple[str, str]:
    """Key and body of the note. A ticket that is ready by itself may still wait for itself, in a circle."""
    if left_out.state != "needs-info":
        return issue_notes.STATUS_KEY, issue_notes.left_out_note(left_out)
    if readiness is None or not readiness.missing:
        readiness = Readiness(ready=False, missing=(left_out.reason,))
    return issue_notes.READINESS_KEY, issue_notes.readiness_note(readiness)


def leaks(report: GateReport) -> bool:
    """Whether the change brings a secret; pushing it would publish it, so a person must look first."""
    secrets = [gate for gate in report.gates if gate.gate == "secrets"]
    return any(finding.is_new and not finding.suppressed for gate in secrets for finding in gate.findings)


def identity(config: Config, repo: Git) -> Person | None:
    """Who the factory commits as: the configuration's identity, else git's own, else `None`."""
    name = config.identity.name or repo.config("user.name")
    email = config.identity.email or repo.config("user.email")
    return Person(name, email) if name and email else None
