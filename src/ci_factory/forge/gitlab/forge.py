"""GitLabForge: the Forge Protocol on one project of a GitLab server, over REST, GraphQL and git's own HTTP."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from ci_factory.config import Labels
from ci_factory.errors import ForgeError
from ci_factory.forge.gitlab import comments as inline
from ci_factory.forge.gitlab import (
    conversations,
    discussions,
    events,
    glimpses,
    health,
    issues,
    leases,
    merge_requests,
    merging,
    notes,
    people,
    pipelines,
    proposing,
    queue,
    records,
    remembered,
    reports,
    reviews,
    snippets,
    versions,
)
from ci_factory.forge.gitlab.api import Api
from ci_factory.forge.gitlab.discussions import Discussion
from ci_factory.forge.gitlab.pipelines import Job, Pipeline
from ci_factory.forge.gitlab.project import Project
from ci_factory.forge.gitlab.repository import Repository
from ci_factory.forge.gitlab.shapes import understood
from ci_factory.forge.gitlab.transfer import Transfer
from ci_factory.model.collecting import Glimpses, Head, IssueRecord, MergeRequestRecord, Wanted
from ci_factory.model.forge import (
    ForgeEvent,
    InlineComment,
    Issue,
    MergeRequest,
    MergeRequestSpec,
    MergeRequestState,
    Note,
    NoteTarget,
    PlacedComment,
    ReportIssue,
    Role,
)
from ci_factory.model.health import Check
from ci_factory.model.lease import Held, Swap
from ci_factory.system.clock import Clock
from ci_factory.system.git import Git, Person


@understood
@dataclass(frozen=True)
class GitLabForge:
    """One project, seen by the owner of one token.

    Nothing is kept here but what does not change during a run (who we are, roles, the default branch): GitLab is the
    truth, and every write reads first or can be repeated. Ticket ids are the numbers of issues.
    """

    project: Project
    repository: Repository

    @classmethod
    def open(
        cls,
        api: Api,
        transfer: Transfer,
        project: str,
        *,
        labels: Labels | None = None,
        clock: Clock,
        git: Git,
    ) -> "GitLabForge":
        """The project with this path (`group/name`); nothing is asked yet."""
        found = Project(api, project.strip("/"), labels or Labels(), clock)
        return cls(found, Repository(found, transfer, git))

    @property
    def git(self) -> Git:
        """The local repository, in which commits of the project can be looked at."""
        return self.repository.git

    @property
    def user(self) -> str:
        """Who we are there."""
        return self.project.facts.user

    @property
    def person(self) -> Person:
        """Our name with GitLab's private commit address, which belongs to the user on any instance."""
        facts, host = self.project.facts, urlsplit(self.project.api.url).hostname
        return Person(facts.user, f"{facts.user_id}-{facts.user}@users.noreply.{host}")

    @property
    def default_branch(self) -> str:
        """The branch that changes are merged into; ForgeError when the project is empty."""
        found = self.project.facts.default_branch
        if found is None:
            raise ForgeError(
                "the project has no branch yet", where=self.project.path, fix="push a first commit to it"
            )
        return found

    def examine(self, *, thorough: bool = False) -> list[Check]:
        """Token, project, role and branches; when `thorough` also the server, git's own way to it, and schedules."""
        return health.survey(self.repository) if thorough else list(health.examine(self.project))

    # People

    def role_of(self, user: str) -> Role | None:
        """The role of a member, inherited or direct; `None` for anybody else. Remembered for the run."""
        return people.role_of(self.project, user)

    def is_bot(self, user: str) -> bool:
        """Whether a user is a program."""
        return people.is_bot(self.project, user)

    def code_owners(self, ref: str) -> str | None:
        """The text of the CODEOWNERS file that counts, `None` when there is none."""
        found = (self.read_file(path, ref) for path in people.CODEOWNERS)
        return next((text for text in found if text is not None), None)

    # Issues

    def issues(
        self,
        *,
        labels: Iterable[str] = (),
        any_label: Iterable[str] = (),
        ids: Iterable[str] = (),
        opened_only: bool = True,
    ) -> list[Issue]:
        """Issues that carry all of `labels`, one of `any_label` and one of `ids`: one request for a hundred of them."""
        given = tuple(ids)
        wanted = queue.Wanted.of(labels, any_label, given, opened_only=opened_only)
        return [] if given and not wanted.iids else queue.issues(self.project, wanted)

    def issue(self, ticket_id: str) -> Issue:
        """One issue; ForgeError when there is none."""
        return queue.issue(self.project, ticket_id)

    def change_labels(
        self, ticket_id: str, *, add: Iterable[str] = (), remove: Iterable[str] = ()
    ) -> tuple[str, ...]:
        """Remove, then add, in one request; returns the labels now. No change makes no event."""
        return issues.change_labels(self.project, ticket_id, add, remove)

    def close_issue(self, ticket_id: str) -> None:
        """Close an issue; a closed one stays closed."""
        issues.close(self.project, ticket_id)

    def time_spent(self, ticket_id: str) -> int | None:
        """Seconds that people logged on an issue; `None` when nobody logged any."""
        return issues.time_spent(self.project, ticket_id)

    # Notes

    def notes(self, target: NoteTarget, target_id: str) -> list[Note]:
        """All notes by people and bots, oldest first; our comments on lines are not among them."""
        return notes.read(self.project, target, target_id)

    def notes_of(self, ticket_ids: Iterable[str]) -> dict[str, list[Note]]:
        """All notes of several issues by people and bots, oldest first, by ticket: one request for fifty issues."""
        return conversations.of_issues(self.project, ticket_ids)

    def ensure_note(
        self, target: NoteTarget, target_id: str, key: str, body: str, *, new: bool = False
    ) -> Note:
        """One note of ours with this hidden key that says `body`; writes nothing when it already does.

        Raises:
            ForgeError: GitLab would carry out a line of the body as a quick action.
        """
        return notes.ensure(self.project, target, target_id, key, body, new=new)

    def add_note(self, target: NoteTarget, target_id: str, body: str) -> Note:
        """Add a plain note, as a person would."""
        return notes.add(self.project, target, target_id, body)

    def ensure_comments(self, iid: int, comments: Sequence[InlineComment]) -> tuple[PlacedComment, ...]:
        """Make these our open comments on lines that the change adds; returns all of ours."""
        return inline.ensure(self.project, self.repository, iid, comments)

    def discussions(self, iid: int) -> list[Discussion]:
        """Threads of a merge request, oldest first."""
        return discussions.of_merge_request(self.project, iid)

    # Reports

    def ensure_report(self, key: str, title: str, body: str, *, update: bool = True) -> ReportIssue:
        """One issue of ours with this hidden key; one request reads, and at most one writes.

        Raises:
            ForgeError: GitLab would carry out a line of the body as a quick action.
        """
        return reports.ensure(self.project, key, title, body, update=update)

    def report(self, key: str) -> ReportIssue | None:
        """The issue of ours with this hidden key; one request reads."""
        return reports.find(self.project, key)

    def ensure_follow_up(self, ticket_id: str, title: str, body: str) -> str:
        """The one follow-up of ours to a ticket; one request reads, and at most one writes.

        Raises:
            ForgeError: GitLab would carry out a line of the body as a quick action.
        """
        return reports.ensure_follow_up(self.project, ticket_id, title, body)

    def ensure_snippet(self, title: str, file_name: str, content: str) -> tuple[snippets.Snippet, bool]:
        """The project snippet of ours with this title, and whether it is new; its text is never changed."""
        return snippets.ensure(self.project, title, file_name, content)

    # Branches and files

    def branch(self, name: str) -> str | None:
        """Head commit of a branch, or `None`; it is in the local repository afterwards."""
        return self.repository.branch(name)

    def fetch(self, branches: Iterable[str]) -> dict[str, str]:
        """Bring the heads of these branches into the local repository, by git's own HTTP; commits by branch."""
        return self.repository.fetch(branches)

    def read_file(self, path: str, ref: str) -> str | None:
        """Text of a file on a branch or at a commit; `None` when there is no such file."""
        return self.repository.file(path, ref)

    def push(
        self, branch: str, commit: str, *, expected: str | None, lease: Swap | None = None
    ) -> Held | None:
        """Move a branch by compare-and-swap; a lease goes with it in one push, or neither moves.

        Raises:
            Conflict: it is elsewhere than `expected`.
            Superseded: the lease is another one.
            ForgeError: it is protected, or the server refuses it.
        """
        change = leases.changes(self.git, [lease], self.person, self.now())[0] if lease else None
        self.repository.push(branch, commit, expected, change.move if change else None)
        return change.held if change else None

    # Leases

    def now(self) -> datetime:
        """The server's clock, as its answers tell it."""
        self.project.facts  # noqa: B018 - at least one answer
        return self.project.api.now()

    def leases(self, ticket_ids: Iterable[str]) -> dict[str, Held]:
        """The leases of these tickets: one look by git, and another one for those that are new here."""
        return leases.read(self.repository.transfer, ticket_ids)

    def swap_leases(self, swaps: Sequence[Swap]) -> dict[str, Held]:
        """Swap leases, each by itself, in one push."""
        return leases.swap(self.repository.transfer, swaps, self.person, self.now())

    # Merge requests

    def merge_requests(
        self,
        *,
        state: MergeRequestState | None = MergeRequestState.OPENED,
        ticket_id: str | None = None,
        source_branch: str | None = None,
        details: bool = True,
    ) -> list[MergeRequest]:
        """Merge requests of our user from branches of the factory, in order of creation.

        A hundred cost one request; `details` cost two to three more for each.
        """
        wanted = merge_requests.Wanted(state, ticket_id, source_branch)
        return merge_requests.select(self.project, wanted, details=details)

    def merge_request(self, iid: int) -> MergeRequest:
        """One merge request, whoever opened it; ForgeError when its branch is not one of the factory's."""
        return merge_requests.read(self.project, merge_requests.one(self.project, iid))

    def ensure_merge_request(self, spec: MergeRequestSpec) -> MergeRequest:
        """The open merge request of the source branch, made or brought up to date with one request at most.

        Raises:
            Conflict: the branch has nothing that the target lacks.
            ForgeError: a branch does not exist, or a text can't be sent.
        """
        return proposing.ensure(self.project, self.repository, spec)

    def approve(self, iid: int, *, head: str | None = None) -> MergeRequest:
        """Approve the present head as `user`; GitLab checks that it still is the one we read."""
        raw = merge_requests.opened(self.project, iid)
        merging.check_head(raw, head)
        reviews.approve(self.project, raw, versions.read(self.project, iid))
        return self.merge_request(iid)

    def request_changes(self, iid: int, reason: str) -> MergeRequest:
        """Ask for changes as `user`: the approval withdrawn, GitLab's own request, a note with the reason."""
        reviews.request_changes(self.project, merge_requests.opened(self.project, iid), reason)
        return self.merge_request(iid)

    def merge(self, iid: int, *, head: str) -> MergeRequest:
        """Merge if the head still is `head`; GitLab checks it once more.

        Raises:
            Conflict: the head moved, it is not open, is a draft, waits for another one, or does not merge.
        """
        merging.merge(self.project, self.repository, iid, head)
        return self.merge_request(iid)

    def close(self, iid: int) -> MergeRequest:
        """Close without merging; Conflict when it is merged."""
        merging.close(self.project, iid)
        return self.merge_request(iid)

    def events(self, target: NoteTarget | None = None, target_id: str | None = None) -> list[ForgeEvent]:
        """What GitLab knows to have happened, oldest first; without a target, to everything of the factory's."""
        if target is None or target_id is None:
            return events.of_all(self.project, target)
        if target is NoteTarget.ISSUE:
            return events.of_issue(self.project, target_id)
        if not (target_id.isascii() and target_id.isdigit()):
            raise ForgeError(f"{target_id!r} is not the number of a merge request")
        return events.of_merge_request(self.project, int(target_id))

    # Collecting

    @property
    def requests(self) -> int:
        """Requests to the API so far."""
        return self.project.api.requests

    def glimpse(self, wanted: Wanted) -> Glimpses:
        """A page of fifty for one request."""
        return glimpses.page(self.project, wanted)

    def merge_request_records(self, iids: Iterable[int]) -> Iterator[MergeRequestRecord]:
        """Everything about some merge requests but who waits for changes: two to three requests for each."""
        return records.of_merge_requests(self.project, iids)

    def issue_records(self, ticket_ids: Iterable[str]) -> Iterator[IssueRecord]:
        """Everything about some issues: one to two requests for each."""
        return records.of_issues(self.project, ticket_ids)

    def lines_between(self, old: Head, new: Head) -> int | None:
        """Lines that differ between two heads on one base, by GitLab's comparison: one request."""
        return records.lines_between(self.project, old, new)

    # Pipelines

    def pipelines(self, head: str) -> list[Pipeline]:
        """Pipelines of a commit, oldest first."""
        return pipelines.of_commit(self.project, head)

    def jobs(self, pipeline_id: int) -> list[Job]:
        """Jobs of a pipeline."""
        return pipelines.jobs(self.project, pipeline_id)

    def jobs_of_default_branch(self, name: str, *, source: str | None = None) -> Iterator[remembered.Left]:
        """Successful jobs of this name on the default branch that left artifacts, newest first, within bounds.

        Those in pipelines of `source` first, others only when there are none.
        """
        return remembered.jobs(self.project, self.default_branch, name, source=source)

    def artifact(self, job_id: int, path: str, *, limit: int) -> bytes | None:
        """A file of a job's artifacts, at most `limit` bytes; `None` when there is none."""
        return pipelines.artifact(self.project, job_id, path, limit=limit)
