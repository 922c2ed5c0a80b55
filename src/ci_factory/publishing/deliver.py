"""The writes of a publication, in an order that survives a kill anywhere.

Branch, draft merge request, note, ready or not, the ticket's note, its label; for a change that does a part only, a draft
ticket about the rest before that note. A kill between any two leaves a draft that the next run completes. A merge request
that was ready goes back to draft before its branch moves. On a forge these are five writes beside the push; each is left
out when it would change nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from ci_factory.config import Config
from ci_factory.errors import Conflict, ForgeError
from ci_factory.forge.added_lines import commentable
from ci_factory.forge.protocol import Forge
from ci_factory.model import work_record
from ci_factory.model.attempt import Ending
from ci_factory.model.batch import Batch
from ci_factory.model.forge import MergeRequest, MergeRequestSpec, NoteTarget, Publication
from ci_factory.model.gate import Score, Verdict
from ci_factory.model.work_record import WorkRecord
from ci_factory.publishing import comments, description, follow_up, issue_notes, note, sanitise, work_notes
from ci_factory.publishing.leases import Leases
from ci_factory.publishing.outcome import publication
from ci_factory.publishing.prepare import Prepared
from ci_factory.system.clock import Clock
from ci_factory.system.git import Git

_LAG_SECONDS = (1.0, 2.0, 5.0, 10.0)
"""Pauses in which a forge may take notice of a push; GitLab does so in the background."""


@dataclass(frozen=True)
class Delivery:
    """One prepared change on its way to a forge."""

    forge: Forge
    repo: Git
    config: Config
    prepared: Prepared
    batch: Batch
    may_write: Callable[[], None]
    """Raises `Stopped` or `Superseded` when nothing more may be written."""
    mark: Callable[[str], tuple[str, ...]]
    """Gives the ticket its state label."""
    clock: Clock | None
    leases: Leases | None = None

    def run(self) -> Publication:
        """Write what is missing.

        Raises:
            Stopped: a person said so; what is written so far is a draft.
            Superseded: another batch has the ticket.
            Conflict: somebody moved the branch; it is back to draft.
        """
        merge_request = self._pushed()
        written = self._note(merge_request)
        merge_request = self._with_our_head(merge_request)
        final = self._finished(merge_request)
        return self._told(final, written)

    @property
    def _settled(self) -> bool:
        """Whether an earlier run, or a person, already called this very commit ready."""
        existing = self.prepared.existing
        return existing is not None and existing.head == self.prepared.commit and not existing.draft

    @property
    def _draft(self) -> bool:
        """Whether it stays a draft. What a person may overrule is not said again once it was."""
        passed = self.prepared.change.score.verdict is Verdict.PASS
        return not passed or (
            not self._settled and bool(self.prepared.reviews or self.prepared.standing.conflicts)
        )

    def _pushed(self) -> MergeRequest:
        """The branch at our commit, and its merge request, which is a draft unless this commit was ready before."""
        prepared, spec = self.prepared, self._spec(draft=not self._settled or self._draft)
        early = prepared.existing is not None and prepared.tip != prepared.commit
        if early:
            self._ensure(spec)
        if prepared.tip != prepared.commit:
            self.may_write()
            self._push()
        existing = prepared.existing
        if early and existing is not None:
            return self.forge.merge_request(existing.iid)
        return self._ensure(spec)

    def _push(self) -> None:
        prepared = self.prepared
        if self.leases is None:
            self.forge.push(prepared.branch, prepared.commit, expected=prepared.tip)
        else:
            ticket_id = prepared.change.planned.id
            self.leases.push(ticket_id, prepared.branch, prepared.commit, expected=prepared.tip)

    def _note(self, merge_request: MergeRequest) -> int:
        change, publishing = self.prepared.change, self.config.publishing
        body = note.score_note(
            change.planned,
            change.attempt,
            change.report,
            change.score,
            remarks=self._remarks(),
            hosts=publishing.link_hosts,
            work=self._work(merge_request),
        )
        self.may_write()
        written = self.forge.ensure_note(
            NoteTarget.MERGE_REQUEST,
            str(merge_request.iid),
            note.NOTE_KEY,
            body,
            new=self.prepared.existing is None,
        )
        if publishing.inline_comments:
            possible = comments.inline_comments(change.report, publishing)
            beside = commentable(self.repo, change.attempt.base, self.prepared.commit, possible)
            self.may_write()
            self.forge.ensure_comments(merge_request.iid, beside[: publishing.max_inline_comments])
        return written.id

    def _work(self, merge_request: MergeRequest) -> WorkRecord:
        """What is to stay known of the attempt."""
        change = self.prepared.change
        told = work_record.of(change.attempt, change.planned, self.batch, change.report, change.score)
        return told.model_copy(update={"published": "merge-request", "merge_request": merge_request.iid})

    def _remarks(self) -> list[str]:
        said = [
            f"{sanitise.code(each.path)} {sanitise.inline(each.why)}"
            if each.path
            else sanitise.inline(each.why)
            for each in self.prepared.reviews
        ]
        files = ", ".join(sanitise.code(path) for path in self.prepared.standing.conflicts[:10])
        return [*said, f"no longer merges into the target branch: {files}"] if files else said

    def _with_our_head(self, merge_request: MergeRequest) -> MergeRequest:
        """The merge request once it shows our commit: what was judged is what stands there, or it is no offer."""
        for pause in (0.0, *(_LAG_SECONDS if self.clock else ())):
            if merge_request.head == self.prepared.commit:
                break
            if pause and self.clock:
                self.clock.sleep(pause)
            merge_request = self.forge.merge_request(merge_request.iid)
        if merge_request.head != self.prepared.commit:
            self._withdraw(merge_request)
        return merge_request

    def _withdraw(self, merge_request: MergeRequest) -> NoReturn:
        iid, where = merge_request.iid, self.prepared.change.planned.id
        if not merge_request.draft:
            self._ensure(self._spec(draft=True))
        if self.forge.branch(self.prepared.branch) == self.prepared.commit:
            raise ForgeError(f"!{iid} does not show the pushed commit yet", where=where, fix="run again")
        raise Conflict(
            f"the head of !{iid} is {merge_request.head}, not the judged commit {self.prepared.commit}",
            where=where,
            fix="see who pushed to the branch; the ticket goes to the next batch",
        )

    def _finished(self, merge_request: MergeRequest) -> MergeRequest:
        if merge_request.draft == self._draft:
            return merge_request
        final = self._ensure(self._spec(draft=self._draft))
        if final.head != self.prepared.commit:  # somebody pushed since we looked
            self._withdraw(final)
        return final

    def _told(self, final: MergeRequest, note_id: int) -> Publication:
        prepared, attempt, score = self.prepared, self.prepared.change.attempt, self.prepared.change.score
        rest = self._follow_up(final)
        body = issue_notes.merge_request_note(final, score.verdict.value, note.points(score), rest=rest)
        status, work = issue_notes.STATUS_KEY, self._work(final)
        work_notes.ensure(self.forge, attempt.ticket_id, status, body, work, may_write=self.may_write)
        self.may_write()
        labels = self.mark("partial" if attempt.ending == Ending.PARTIAL else "review")
        return publication(
            attempt,
            "merge-request",
            branch=prepared.branch,
            merge_request=final.iid,
            note_id=note_id,
            head=prepared.commit,
            tree=score.tree,
            labels=labels,
            behind=prepared.standing.behind,
            conflicts=prepared.standing.conflicts,
            reason="; ".join(str(each) for each in prepared.reviews[:5]),
        )

    def _follow_up(self, final: MergeRequest) -> str | None:
        """The draft ticket about what the change leaves undone; `None` when it is whole."""
        change = self.prepared.change
        if change.attempt.partial is None:
            return None
        ready = self.config.labels.ready
        title = follow_up.title(change.planned)
        body = follow_up.body(change.planned, change.attempt.partial, final.iid, ready=ready)
        self.may_write()
        return self.forge.ensure_follow_up(change.planned.id, title, body)

    def _ensure(self, spec: MergeRequestSpec) -> MergeRequest:
        self.may_write()
        return self.forge.ensure_merge_request(spec)

    def _spec(self, *, draft: bool) -> MergeRequestSpec:
        prepared, change = self.prepared, self.prepared.change
        return MergeRequestSpec(
            ticket_id=change.planned.id,
            source_branch=prepared.branch,
            target_branch=prepared.target,
            title=description.title(change.planned),
            description=description.description(
                change.planned,
                change.attempt,
                change.report,
                change.score,
                prepared.standing,
                hosts=self.config.publishing.link_hosts,
            ),
            labels=self._labels(change.score),
            draft=draft,
            reviewer=self._reviewer(),
        )

    def _reviewer(self) -> str | None:
        """Whom people named; else, when somebody has to look at protected files, whom the configuration names for that.

        Everybody else is named by the review queue, which knows loads, limits and absences.
        """
        existing = self.prepared.existing
        if existing is not None and existing.reviewer:
            return existing.reviewer
        named = self.config.publishing.reviewers
        return named[0] if self.prepared.reviews and named else None

    def _labels(self, score: Score) -> tuple[str, ...]:
        risk = self.prepared.change.planned.candidate.risk
        # Scoped labels exclude each other, so categories, of which there may be several, have no scope.
        categories = tuple(sanitise.label(f"risk-{category.value}") for category in risk.categories)
        return (
            f"risk::{risk.level.value}",
            *categories,
            self.config.labels.state(f"gates-{score.verdict.value}"),
        )
