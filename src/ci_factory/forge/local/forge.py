"""LocalForge: the Forge Protocol on one repository, with no server."""

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NoReturn

from filelock import FileLock, Timeout

from ci_factory.config import Labels
from ci_factory.errors import Conflict, ForgeError, Superseded, UsageError
from ci_factory.forge import kept_reports
from ci_factory.forge.added_lines import commentable
from ci_factory.forge.local import (
    checks,
    collecting,
    history,
    issues,
    labels,
    leases,
    merge_requests,
    merging,
    notes,
    reports,
    sync,
)
from ci_factory.forge.local import comments as inline
from ci_factory.forge.local.branches import ALWAYS_PROTECTED, Branches
from ci_factory.forge.local.database import BUSY_SECONDS, Database
from ci_factory.forge.local.history import Stamp, Subject
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
from ci_factory.model.health import Check, Health
from ci_factory.model.lease import Held, Swap
from ci_factory.model.ticket import Ticket
from ci_factory.system.clock import Clock
from ci_factory.system.git import Git, Person
from ci_factory.system.layout import forge_database


@dataclass(frozen=True)
class LocalForge:
    """One repository's embedded forge, seen by one user; safe to use from several threads and processes."""

    git: Git
    name: str
    clock: Clock
    label_names: Labels
    protected_branch: str | None
    """The default branch, where there is one: a detached HEAD without an origin has none."""
    database: Database

    @classmethod
    def open(
        cls,
        git: Git,
        *,
        user: str,
        clock: Clock,
        labels: Labels | None = None,
        default_branch: str | None = None,
    ) -> "LocalForge":
        """The forge in the repository's git folder, made when it is not there yet.

        `default_branch` is protected against pushes; by default it is what the origin calls its HEAD, else the
        branch that is checked out.

        Raises:
            UsageError: the user name can't be one.
            ForgeError: the database can't be opened.
        """
        branch = default_branch or _default_branch(git)
        database = Database(forge_database(git.common_dir()))
        return cls(git, checks.checked_user(user), clock, labels or Labels(), branch, database)

    def disconnect(self) -> None:
        """Close the database, for every user of it."""
        self.database.close()

    def as_user(self, name: str) -> "LocalForge":
        """The same forge, seen by another user."""
        return replace(self, name=checks.checked_user(name))

    @property
    def user(self) -> str:
        """Who we are there."""
        return self.name

    @property
    def default_branch(self) -> str:
        """The branch that changes are merged into; ForgeError when HEAD is detached and there is no origin."""
        if self.protected_branch is None:
            raise ForgeError(
                "the repository has no default branch: HEAD is detached",
                where=str(self.git.folder),
                fix="git switch BRANCH",
            )
        return self.protected_branch

    @property
    def person(self) -> Person | None:
        """Nobody: users of this forge have no addresses."""
        return None

    def examine(self, *, thorough: bool = False) -> list[Check]:  # noqa: ARG002 - the Protocol's signature
        """The database opens; who can write to the folder can do everything."""
        with self.database.reading():
            return [Check(name="forge", health=Health.OK, message=f"the embedded forge of {self.git.folder}")]

    def role_of(self, user: str) -> Role | None:  # noqa: ARG002 - the Protocol's signature
        """Owner: whoever can write to the repository's folder can do anything, under any name."""
        return Role.OWNER

    def is_bot(self, user: str) -> bool:  # noqa: ARG002 - the Protocol's signature
        """Never: nobody is told apart here."""
        return False

    # Issues

    def import_ticket(self, ticket: Ticket) -> bool:
        """Add a ticket as an issue, or update an open one whose content changed; whether anything changed."""
        return self.import_tickets([ticket]) == 1

    def import_tickets(self, tickets: Iterable[Ticket]) -> int:
        """Add or update many, all or none; returns how many changed. Labels set since are left alone."""
        stamp = self._stamp()
        with self.database.writing() as tx:
            return sum(issues.take_in(tx, stamp, ticket) for ticket in tickets)

    def create_ticket(self, make: Callable[[str], Ticket]) -> Issue:
        """Add a ticket that must be new; `make` gets the next free number and may choose another id.

        Raises:
            UsageError: its id is taken.
        """
        with self.database.writing() as tx:
            ticket = make(issues.next_id(tx))
            if issues.exists(tx, ticket.id):
                raise UsageError(
                    f"there already is a ticket {ticket.id}", fix="choose another id, or leave it out"
                )
            issues.take_in(tx, self._stamp(), ticket)
            return issues.get(tx, ticket.id)

    def issues(
        self,
        *,
        labels: Iterable[str] = (),
        any_label: Iterable[str] = (),
        ids: Iterable[str] = (),
        opened_only: bool = True,
    ) -> list[Issue]:
        """Issues that carry all of `labels`, one of `any_label` and one of `ids`, in order of creation."""
        wanted = frozenset(ids)
        with self.database.reading() as tx:
            found = issues.select(tx, labels, any_label, opened_only=opened_only)
        tickets = (issue for issue in found if not reports.is_report(issue.ticket))
        return [issue for issue in tickets if not wanted or issue.ticket.id in wanted]

    def issue(self, ticket_id: str) -> Issue:
        """One issue; ForgeError when there is none."""
        with self.database.reading() as tx:
            return issues.get(tx, ticket_id)

    def change_labels(
        self, ticket_id: str, *, add: Iterable[str] = (), remove: Iterable[str] = ()
    ) -> tuple[str, ...]:
        """Remove, then add; returns the labels now. No change makes no event."""
        with self.database.writing() as tx:
            issues.get(tx, ticket_id)
            return labels.change(tx, self._stamp(), history.issue(ticket_id), add=add, remove=remove)

    def close_issue(self, ticket_id: str) -> None:
        """Close an issue; a closed one stays closed."""
        with self.database.writing() as tx:
            issues.close(tx, self._stamp(), ticket_id)

    # Notes

    def notes(self, target: NoteTarget, target_id: str) -> list[Note]:
        """All notes, oldest first."""
        with self.database.reading() as tx:
            return notes.select(tx, checks.subject(target, target_id))

    def notes_of(self, ticket_ids: Iterable[str]) -> dict[str, list[Note]]:
        """All notes of several issues, oldest first, by ticket."""
        found = (issue.ticket.id for issue in self.issues(ids=ticket_ids, opened_only=False))
        return {each: self.notes(NoteTarget.ISSUE, each) for each in found}

    def ensure_note(
        self,
        target: NoteTarget,
        target_id: str,
        key: str,
        body: str,
        *,
        new: bool = False,  # noqa: ARG002 - the Protocol's signature
    ) -> Note:
        """One note of ours with this hidden key that says `body`; writes nothing when it already does."""
        with self._noting(target, target_id) as (tx, stamp, subject):
            return notes.ensure(tx, stamp, subject, key, body)

    def add_note(self, target: NoteTarget, target_id: str, body: str) -> Note:
        """Add a plain note, as a person would."""
        with self._noting(target, target_id) as (tx, stamp, subject):
            return notes.add(tx, stamp, subject, body)

    def ensure_comments(self, iid: int, comments: Sequence[InlineComment]) -> tuple[PlacedComment, ...]:
        """Make these our open comments on lines that the change adds; returns all of ours."""
        found = self.merge_request(iid)
        base = self.git.merge_base(f"refs/heads/{found.target_branch}", found.head) or found.head
        placed = commentable(self.git, base, found.head, tuple(comments))
        with self.database.writing() as tx:
            inline.ensure(tx, self._stamp(), iid, placed)
            return inline.select(tx, iid, self.user)

    # Reports

    def ensure_report(self, key: str, title: str, body: str, *, update: bool = True) -> ReportIssue:
        """One issue of ours with this hidden key; ForgeError when a ticket has taken its id."""
        text = kept_reports.marked(key, body)
        wanted = ReportIssue(id=reports.issue_id(key), title=kept_reports.titled(title), body=text)
        with self.database.writing() as tx:
            return reports.ensure(tx, self._stamp(), wanted, key, self.label_names.report, update=update)

    def report(self, key: str) -> ReportIssue | None:
        """The issue of ours with this hidden key."""
        with self.database.reading() as tx:
            return reports.find(tx, self.user, key)

    def ensure_follow_up(self, ticket_id: str, title: str, body: str) -> str:
        """The one follow-up of ours to a ticket; ForgeError when another ticket has taken its id."""
        with self.database.writing() as tx:
            issues.get(tx, ticket_id)
            wanted = reports.follow_up(ticket_id, title, body, self.label_names.draft)
            return reports.ensure_follow_up(tx, self._stamp(), wanted, ticket_id)

    # Branches

    def branch(self, name: str) -> str | None:
        """Head commit of a branch, or `None`."""
        tip = self._branches.tip(name)
        return tip.commit if tip else None

    def fetch(self, branches: Iterable[str]) -> dict[str, str]:
        """Heads by branch; nothing has to be brought, as the repository is the forge."""
        return {name: head for name in branches if (head := self.branch(name)) is not None}

    def read_file(self, path: str, ref: str) -> str | None:
        """Text of a file on a branch or at a commit; ForgeError when there is no such branch or commit."""
        return self._branches.file(path, self.default_branch if ref == "HEAD" else ref)

    def push(
        self, branch: str, commit: str, *, expected: str | None, lease: Swap | None = None
    ) -> Held | None:
        """Move a branch by compare-and-swap; an open merge request of it gets a new version.

        Raises:
            Conflict: it is elsewhere than `expected`, or checked out.
            Superseded: the lease is another one.
            ForgeError: it is protected, not a branch name, or the commit is not here.
        """
        self._refuse_protected(self._branches.check_name(branch))
        with self._under(lease) as held:
            self._branches.move(branch, commit, expected)
        self._sync({branch: self.user})
        return held

    # Leases

    def now(self) -> datetime:
        """The clock of this machine, which all who use this forge share."""
        return self.clock.now()

    def leases(self, ticket_ids: Iterable[str]) -> dict[str, Held]:
        """The leases of these tickets that anybody ever took."""
        with self.database.reading() as tx:
            return leases.select(tx, ticket_ids)

    def swap_leases(self, swaps: Sequence[Swap]) -> dict[str, Held]:
        """Swap leases, each by itself; none is swapped while a branch moves under one."""
        with self._one_at_a_time("lease"), self.database.writing() as tx:
            done = {each.after.ticket_id: leases.swap(tx, each) for each in swaps}
        return {ticket_id: held for ticket_id, held in done.items() if held is not None}

    # Merge requests

    def merge_requests(
        self,
        *,
        state: MergeRequestState | None = MergeRequestState.OPENED,
        ticket_id: str | None = None,
        source_branch: str | None = None,
        details: bool = True,
    ) -> list[MergeRequest]:
        """Merge requests in order of creation; `details` cost nothing here, but are left out all the same."""
        self._sync()
        wanted = merge_requests.Wanted(state, ticket_id, source_branch)
        with self.database.reading() as tx:
            found = merge_requests.select(tx, wanted)
        return found if details else [each.without_details() for each in found]

    def merge_request(self, iid: int) -> MergeRequest:
        """One merge request; ForgeError when there is none."""
        self._sync()
        return self._stored(iid)

    def ensure_merge_request(self, spec: MergeRequestSpec) -> MergeRequest:
        """Make sure that the source branch has one open merge request and that it says what `spec` says.

        Raises:
            Conflict: the branch has nothing that the target lacks (it was merged, for instance).
            ForgeError: a branch or the ticket does not exist, or the description is too long.
        """
        spec = checks.checked_spec(spec)
        self._sync()
        with self.database.writing() as tx:
            found = merge_requests.by_source(tx, spec.source_branch)
            if found:
                merge_requests.update(tx, self._stamp(), found, spec, self.label_names)
                return merge_requests.get(tx, found.iid).without_details()
        return self._open_merge_request(spec)

    def approve(self, iid: int, *, head: str | None = None) -> MergeRequest:
        """Approve the present head as `user`; Conflict when it is not `head`, ForgeError for the author."""
        self._sync()
        with self.database.writing() as tx:
            found = merge_requests.get_open(tx, iid)
            checks.check_head(found, head)
            merge_requests.approve(tx, self._stamp(), found)
            return merge_requests.get(tx, iid)

    def request_changes(self, iid: int, reason: str) -> MergeRequest:
        """Ask for changes as `user`: a note with the reason, approvals of `user` withdrawn."""
        self._sync()
        with self.database.writing() as tx:
            stamp = self._stamp()
            found = merge_requests.get_open(tx, iid)
            notes.add(tx, stamp, history.merge_request(iid), reason)
            merge_requests.request_changes(tx, stamp, found)
            return merge_requests.get(tx, iid)

    def merge(self, iid: int, *, head: str) -> MergeRequest:
        """Merge if the head still is `head`: git first, then the database, so that a kill loses nothing.

        Raises:
            Conflict: the head moved, it is not open, is a draft, waits for another one, does not merge cleanly, or
                the target's checkout is in the way.
        """
        with self._one_at_a_time("merge"):
            before = self._stored(iid)
            found = self.merge_request(iid)
            if before.state is MergeRequestState.OPENED and _is_merged_at(found, head):
                return found  # git had done it before; only the database did not know
            with self.database.reading() as tx:
                below = merge_requests.by_source(tx, found.target_branch)
            checks.check_mergeable(found, head, below)
            stamp = self._stamp()
            order = merging.Order(found, self._person(), stamp.at)
            commit = merging.carry_out(self._branches, order)
            with self.database.writing() as tx:
                done = merge_requests.Merged(iid, head, commit)
                merge_requests.finish_merge(tx, stamp, done, self.label_names)
                return merge_requests.get(tx, iid)

    def close(self, iid: int) -> MergeRequest:
        """Close without merging; Conflict when it is merged."""
        self._sync()
        with self.database.writing() as tx:
            found = merge_requests.get(tx, iid)
            if found.state is not MergeRequestState.CLOSED:
                merge_requests.close(tx, self._stamp(), merge_requests.get_open(tx, iid), self.label_names)
            return merge_requests.get(tx, iid)

    def events(self, target: NoteTarget | None = None, target_id: str | None = None) -> list[ForgeEvent]:
        """The forge's own history, oldest first."""
        self._sync()
        with self.database.reading() as tx:
            return history.select(tx, target, target_id)

    # Collecting

    @property
    def requests(self) -> int:
        """None: there is no server."""
        return 0

    def glimpse(self, wanted: Wanted) -> Glimpses:
        """One page with all of them."""
        self._sync()
        with self.database.reading() as tx:
            return collecting.glimpse(tx, wanted, self.user)

    def merge_request_records(self, iids: Iterable[int]) -> Iterator[MergeRequestRecord]:
        """Everything about some merge requests; git is asked about those with several versions."""
        self._sync()
        with self.database.reading() as tx:
            known = collecting.those_that_exist(tx, iids)
        for iid in known:
            with self.database.reading() as tx:
                told, stored = collecting.merge_request_record(tx, iid)
            yield told.model_copy(update={"heads": collecting.heads(self.git, told, stored)})

    def issue_records(self, ticket_ids: Iterable[str]) -> Iterator[IssueRecord]:
        """Everything about some issues; those that do not exist are passed over."""
        with self.database.reading() as tx:
            found = [collecting.issue_record(tx, each) for each in ticket_ids if issues.exists(tx, each)]
        yield from found

    def lines_between(self, old: Head, new: Head) -> int | None:
        """Lines that differ between two versions on one base; `None` when they can't be compared."""
        if old.base is None or old.base != new.base:
            return None
        return sum(self.git.line_counts(old.head, new.head))

    @property
    def _branches(self) -> Branches:
        return Branches(self.git)

    def _stamp(self) -> Stamp:
        return Stamp(self.user, self.clock.now())

    def _sync(self, pushed_by: Mapping[str, str] | None = None) -> None:
        sync.bring_up_to_date(
            self.database, self._branches, self._stamp(), self.label_names, pushed_by=pushed_by or {}
        )

    def _stored(self, iid: int) -> MergeRequest:
        with self.database.reading() as tx:
            return merge_requests.get(tx, iid)

    @contextmanager
    def _noting(
        self, target: NoteTarget, target_id: str
    ) -> Iterator[tuple[sqlite3.Connection, Stamp, Subject]]:
        """A transaction on a thing that exists."""
        subject = checks.subject(target, target_id)
        with self.database.writing() as tx:
            if target is NoteTarget.ISSUE:
                issues.get(tx, subject.id)
            else:
                merge_requests.get(tx, int(subject.id))
            yield tx, self._stamp(), subject

    def _refuse_protected(self, branch: str) -> None:
        with self.database.reading() as tx:
            is_target = merge_requests.is_target(tx, branch)
        if branch in ALWAYS_PROTECTED or branch == self.protected_branch or is_target:
            raise ForgeError(
                f"{branch} is protected", fix="push to a branch of the ticket's own, and merge it"
            )

    def _open_merge_request(self, spec: MergeRequestSpec) -> MergeRequest:
        source = self._branches.existing(spec.source_branch).commit
        target = self._branches.existing(spec.target_branch).commit
        if self._branches.git.is_ancestor(source, target):
            self._refuse_empty(spec)
        with self.database.writing() as tx:
            if merge_requests.by_source(tx, spec.source_branch) is None:
                heads = merge_requests.Heads(source, target)
                iid = merge_requests.insert(tx, self._stamp(), spec, heads)
                return merge_requests.get(tx, iid).without_details()
        return self.ensure_merge_request(spec)

    def _refuse_empty(self, spec: MergeRequestSpec) -> NoReturn:
        with self.database.reading() as tx:
            last = merge_requests.latest_of_source(tx, spec.source_branch)
        raise Conflict(
            f"{spec.source_branch} has nothing that {spec.target_branch} lacks",
            fix=f"see !{last.iid}, which is {last.state.value}" if last else "commit a change to it first",
        )

    @contextmanager
    def _under(self, lease: Swap | None) -> Iterator[Held | None]:
        """While a lease is what it is taken for, which nobody can change meanwhile; afterwards it is swapped."""
        if lease is None:
            yield None
            return
        ticket_id = lease.after.ticket_id
        with self._one_at_a_time("lease"):
            with self.database.reading() as tx:
                held = leases.expected(tx, lease)
            if held is None:
                raise Superseded("another batch has taken the ticket over", where=ticket_id)
            yield held
            with self.database.writing() as tx:
                leases.swap(tx, lease)

    @contextmanager
    def _one_at_a_time(self, what: str) -> Iterator[None]:
        """What spans git and the database: the system gives the lock back when its holder dies."""
        try:
            with FileLock(self.database.path.with_name(f"{what}.lock"), timeout=BUSY_SECONDS):
                yield
        except Timeout as error:
            raise Conflict(f"another {what} is running", fix=f"{what} again when it is done") from error

    def _person(self) -> Person:
        own = self.git.config("user.email") if self.git.config("user.name") == self.user else None
        slug = re.sub(r"[^A-Za-z0-9._+-]+", "-", self.user).strip("-.") or "user"
        return Person(self.user, own or f"{slug}@localhost")


def _default_branch(git: Git) -> str | None:
    origin = git.run("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
    return origin.stdout.strip().removeprefix("origin/") if origin.ok else git.current_branch()


def _is_merged_at(found: MergeRequest, head: str) -> bool:
    return found.state is MergeRequestState.MERGED and found.head == head
