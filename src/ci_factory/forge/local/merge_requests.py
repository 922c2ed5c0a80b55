"""Merge requests: rows, and the changes that people and the factory make to them."""

import sqlite3
from dataclasses import dataclass

from ci_factory.config import Labels
from ci_factory.errors import Conflict, ForgeError
from ci_factory.forge.local import issues, labels
from ci_factory.forge.local.history import Stamp, issue, merge_request, record
from ci_factory.forge.managed_labels import managed
from ci_factory.model.forge import (
    Approval,
    ForgeEventKind,
    MergeRequest,
    MergeRequestSpec,
    MergeRequestState,
    NoteTarget,
)

_EDITABLE = ("ticket_id", "title", "description", "target_branch", "reviewer")


@dataclass(frozen=True)
class Heads:
    """Where a merge request's two branches are."""

    source: str
    target: str


@dataclass(frozen=True)
class Merged:
    """A merge that git has done."""

    iid: int
    head: str
    commit: str | None
    """The merge commit, when there is one."""


@dataclass(frozen=True)
class Wanted:
    """Which merge requests; `None` does not restrict."""

    state: MergeRequestState | None = None
    ticket_id: str | None = None
    source_branch: str | None = None


def select(tx: sqlite3.Connection, wanted: Wanted) -> list[MergeRequest]:
    """Merge requests in order of creation."""
    rows = tx.execute(
        "SELECT * FROM merge_request WHERE (:state IS NULL OR state = :state)"
        " AND (:ticket IS NULL OR ticket_id = :ticket) AND (:source IS NULL OR source_branch = :source)"
        " ORDER BY iid",
        {"state": wanted.state, "ticket": wanted.ticket_id, "source": wanted.source_branch},
    ).fetchall()
    carried = labels.of_all(tx, NoteTarget.MERGE_REQUEST)
    return [_to_merge_request(tx, row, carried.get(str(row["iid"]), ())) for row in rows]


def get(tx: sqlite3.Connection, iid: int) -> MergeRequest:
    """One merge request.

    Raises:
        ForgeError: there is none.
    """
    row = tx.execute("SELECT * FROM merge_request WHERE iid = ?", (iid,)).fetchone()
    if row is None:
        raise ForgeError(f"there is no merge request !{iid}", fix="ci-factory mr list --all")
    return _to_merge_request(tx, row, labels.of(tx, merge_request(iid)))


def get_open(tx: sqlite3.Connection, iid: int) -> MergeRequest:
    """One merge request that is open.

    Raises:
        Conflict: it is merged or closed.
        ForgeError: there is none.
    """
    found = get(tx, iid)
    if found.state is not MergeRequestState.OPENED:
        raise Conflict(f"!{iid} is {found.state.value}", fix="choose one that is open: ci-factory mr list")
    return found


def by_source(tx: sqlite3.Connection, branch: str) -> MergeRequest | None:
    """The open merge request of a source branch."""
    row = tx.execute(
        "SELECT iid FROM merge_request WHERE source_branch = ? AND state = 'opened'", (branch,)
    ).fetchone()
    return None if row is None else get(tx, row["iid"])


def is_target(tx: sqlite3.Connection, branch: str) -> bool:
    """Whether open merge requests go to this branch, which is not itself one's source (that would be a stack)."""
    row = tx.execute(
        "SELECT EXISTS (SELECT 1 FROM merge_request WHERE state = 'opened' AND target_branch = :branch)"
        " AND NOT EXISTS (SELECT 1 FROM merge_request WHERE state = 'opened' AND source_branch = :branch) AS yes",
        {"branch": branch},
    ).fetchone()
    return bool(row["yes"])


def latest_of_source(tx: sqlite3.Connection, branch: str) -> MergeRequest | None:
    """The newest merge request of a source branch, in whatever state."""
    row = tx.execute(
        "SELECT max(iid) AS iid FROM merge_request WHERE source_branch = ?", (branch,)
    ).fetchone()
    return None if row["iid"] is None else get(tx, row["iid"])


def insert(tx: sqlite3.Connection, stamp: Stamp, spec: MergeRequestSpec, heads: Heads) -> int:
    """Open a merge request; returns its iid.

    Raises:
        ForgeError: there is no such ticket.
    """
    issues.get(tx, spec.ticket_id)
    values = spec.model_dump(exclude={"labels"}) | {
        "state": MergeRequestState.OPENED.value,
        "author": stamp.user,
        "head": heads.source,
        "target_head": heads.target,
        "at": stamp.time,
    }
    cursor = tx.execute(
        "INSERT INTO merge_request (ticket_id, source_branch, target_branch, title, description, draft, reviewer,"
        " state, author, head, target_head, created_at, updated_at) VALUES (:ticket_id, :source_branch,"
        " :target_branch, :title, :description, :draft, :reviewer, :state, :author, :head, :target_head, :at, :at)",
        values,
    )
    iid = int(cursor.lastrowid or 0)
    _add_version(tx, stamp, iid)
    record(tx, stamp, merge_request(iid), ForgeEventKind.OPENED, heads.source)
    labels.change(tx, stamp, merge_request(iid), add=spec.labels, remove=())
    return iid


def update(
    tx: sqlite3.Connection, stamp: Stamp, old: MergeRequest, spec: MergeRequestSpec, names: Labels
) -> None:
    """Make an open merge request say what `spec` says; writes nothing when it does."""
    edited = [name for name in _EDITABLE if getattr(old, name) != getattr(spec, name)]
    subject = merge_request(old.iid)
    now = labels.change(tx, stamp, subject, add=spec.labels, remove=managed(old.labels, names))
    if edited:
        record(tx, stamp, subject, ForgeEventKind.UPDATED, ", ".join(edited))
    if old.draft != spec.draft:
        record(tx, stamp, subject, ForgeEventKind.DRAFTED if spec.draft else ForgeEventKind.READY, old.head)
    if edited or old.draft != spec.draft or now != old.labels:
        tx.execute(
            "UPDATE merge_request SET ticket_id = :ticket_id, title = :title, description = :description,"
            " target_branch = :target_branch, reviewer = :reviewer, draft = :draft, updated_at = :at"
            " WHERE iid = :iid",
            spec.model_dump(exclude={"labels"}) | {"at": stamp.time, "iid": old.iid},
        )


def record_push(tx: sqlite3.Connection, stamp: Stamp, iid: int, head: str) -> None:
    """A new version; approvals stay with the heads they were given to."""
    tx.execute(
        "UPDATE merge_request SET head = ?, versions = versions + 1, updated_at = ? WHERE iid = ?",
        (head, stamp.time, iid),
    )
    _add_version(tx, stamp, iid)
    record(tx, stamp, merge_request(iid), ForgeEventKind.PUSHED, head)


def _add_version(tx: sqlite3.Connection, stamp: Stamp, iid: int) -> None:
    """Keep the head with the target's head of that moment, so that one can tell later where the change began."""
    tx.execute(
        "INSERT INTO version (iid, head, target_head, at) SELECT iid, head, target_head, ? FROM merge_request"
        " WHERE iid = ?",
        (stamp.time, iid),
    )


def approve(tx: sqlite3.Connection, stamp: Stamp, found: MergeRequest) -> None:
    """Approve the present head; a second time changes nothing.

    Raises:
        ForgeError: by the author.
    """
    if found.author == stamp.user:
        raise ForgeError(
            f"{stamp.user} can't approve !{found.iid}, their own change", fix="ask somebody else: --as NAME"
        )
    cursor = tx.execute(
        "INSERT OR IGNORE INTO approval (iid, user, head, at) VALUES (?, ?, ?, ?)",
        (found.iid, stamp.user, found.head, stamp.time),
    )
    if cursor.rowcount:
        tx.execute("DELETE FROM changes_requested WHERE iid = ? AND user = ?", (found.iid, stamp.user))
        _touch(tx, stamp, found.iid)
        record(tx, stamp, merge_request(found.iid), ForgeEventKind.APPROVED, found.head)


def request_changes(tx: sqlite3.Connection, stamp: Stamp, found: MergeRequest) -> None:
    """Ask for changes and withdraw the user's approvals."""
    tx.execute("DELETE FROM approval WHERE iid = ? AND user = ?", (found.iid, stamp.user))
    tx.execute("INSERT OR IGNORE INTO changes_requested (iid, user) VALUES (?, ?)", (found.iid, stamp.user))
    _touch(tx, stamp, found.iid)
    record(tx, stamp, merge_request(found.iid), ForgeEventKind.CHANGES_REQUESTED, found.head)


def finish_merge(tx: sqlite3.Connection, stamp: Stamp, done: Merged, names: Labels) -> None:
    """Write down a merge that git has done: state, issue, label, and what was stacked on it."""
    found = get(tx, done.iid)
    if found.state is not MergeRequestState.OPENED:
        return
    tx.execute(
        "UPDATE merge_request SET state = 'merged', head = ?, merge_commit = ?, merged_at = ?, updated_at = ?"
        " WHERE iid = ?",
        (done.head, done.commit, stamp.time, stamp.time, done.iid),
    )
    record(tx, stamp, merge_request(done.iid), ForgeEventKind.MERGED, done.head)
    _move_labels(tx, stamp, found, names, "merged")
    issues.close(tx, stamp, found.ticket_id)
    _retarget_stacked(tx, stamp, found)


def close(tx: sqlite3.Connection, stamp: Stamp, found: MergeRequest, names: Labels) -> None:
    """Close without merging; the issue stays open."""
    tx.execute(
        "UPDATE merge_request SET state = ?, closed_at = ?, updated_at = ? WHERE iid = ?",
        (MergeRequestState.CLOSED.value, stamp.time, stamp.time, found.iid),
    )
    record(tx, stamp, merge_request(found.iid), ForgeEventKind.CLOSED, found.head)
    _move_labels(tx, stamp, found, names, "closed")


def _move_labels(
    tx: sqlite3.Connection, stamp: Stamp, found: MergeRequest, names: Labels, state: str
) -> None:
    """The issue always shows the state; the merge request does if it showed one before."""
    labels.move_state(tx, stamp, issue(found.ticket_id), names, state)
    if set(found.labels) & set(names.states):
        labels.move_state(tx, stamp, merge_request(found.iid), names, state)


def _retarget_stacked(tx: sqlite3.Connection, stamp: Stamp, merged: MergeRequest) -> None:
    """As GitLab does: what waited on the merged branch now goes where that branch went."""
    stacked = tx.execute(
        "SELECT iid FROM merge_request WHERE target_branch = ? AND state = 'opened'", (merged.source_branch,)
    ).fetchall()
    for row in stacked:
        tx.execute(
            "UPDATE merge_request SET target_branch = ?, updated_at = ? WHERE iid = ?",
            (merged.target_branch, stamp.time, row["iid"]),
        )
        record(tx, stamp, merge_request(row["iid"]), ForgeEventKind.UPDATED, "target_branch")


def _touch(tx: sqlite3.Connection, stamp: Stamp, iid: int) -> None:
    tx.execute("UPDATE merge_request SET updated_at = ? WHERE iid = ?", (stamp.time, iid))


def _to_merge_request(tx: sqlite3.Connection, row: sqlite3.Row, carried: tuple[str, ...]) -> MergeRequest:
    approvals = tx.execute(
        "SELECT user, head, at FROM approval WHERE iid = ? ORDER BY at, user", (row["iid"],)
    )
    asking = tx.execute("SELECT user FROM changes_requested WHERE iid = ? ORDER BY user", (row["iid"],))
    values = {key: row[key] for key in row.keys() if key != "target_head"}  # noqa: SIM118 - a Row iterates values
    values |= {
        "draft": bool(row["draft"]),
        "labels": carried,
        "approvals": tuple(Approval.model_validate(dict(each)) for each in approvals),
        "changes_requested_by": tuple(each["user"] for each in asking),
    }
    return MergeRequest.model_validate(values)
