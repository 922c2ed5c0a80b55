"""Sees what git did behind the forge's back: commits by hand, merges by hand, and our own work cut short by a kill.

Git is always written before the database, so after a kill git is ahead; the next look brings the database up to it.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ci_factory.config import Labels
from ci_factory.forge.local import merge_requests
from ci_factory.forge.local.branches import Branches, Tip
from ci_factory.forge.local.database import Database
from ci_factory.forge.local.history import Stamp
from ci_factory.forge.local.merge_requests import Merged


@dataclass(frozen=True)
class Watched:
    """An open merge request as the database last saw it."""

    iid: int
    source_branch: str
    target_branch: str
    head: str
    target_head: str


@dataclass(frozen=True)
class Seen:
    """What git says now."""

    watched: Watched
    target_head: str
    pushed: str | None = None
    """A head the database does not know."""
    pushed_by: str = ""
    merged: bool = False
    merge_commit: str | None = None
    merged_by: str | None = None


def bring_up_to_date(
    database: Database, branches: Branches, stamp: Stamp, names: Labels, *, pushed_by: Mapping[str, str]
) -> None:
    """Compare every open merge request with git and write down what moved; usually one git process and no write.

    `pushed_by` says who pushed to which branch, where we know; otherwise the new head's committer did.
    """
    with database.reading() as tx:
        watched = _watched(tx)
    tips = branches.tips({name for each in watched for name in (each.source_branch, each.target_branch)})
    seen = [_look(branches, each, tips, pushed_by) for each in watched if _moved(each, tips)]
    if seen:
        with database.writing() as tx:
            for each in seen:
                _write_down(tx, each, stamp.at, stamp.user, names)


def _watched(tx: sqlite3.Connection) -> list[Watched]:
    rows = tx.execute(
        "SELECT iid, source_branch, target_branch, head, target_head FROM merge_request"
        " WHERE state = 'opened' ORDER BY iid"
    )
    return [Watched(**dict(row)) for row in rows]


def _moved(watched: Watched, tips: dict[str, Tip]) -> bool:
    source, target = tips.get(watched.source_branch), tips.get(watched.target_branch)
    return bool(
        (source and source.commit != watched.head) or (target and target.commit != watched.target_head)
    )


def _look(branches: Branches, watched: Watched, tips: dict[str, Tip], pushed_by: Mapping[str, str]) -> Seen:
    source, target = tips.get(watched.source_branch), tips.get(watched.target_branch)
    now = source.commit if source else watched.head
    target_now = target.commit if target else watched.target_head
    merged = _newly_contained(branches, watched, target_now)
    if merged and now != watched.head and not branches.git.is_ancestor(now, target_now):
        now = watched.head  # commits after the merge are not part of it
    pushed = now if now != watched.head else None
    brought = branches.merge_of(now, watched.target_head, target_now) if merged else None
    return Seen(
        watched,
        target_now,
        pushed,
        (pushed_by.get(watched.source_branch) or branches.committer(pushed)) if pushed else "",
        merged,
        brought[0] if brought else None,
        brought[1] if brought else None,
    )


def _newly_contained(branches: Branches, watched: Watched, target_now: str) -> bool:
    """Whether the target branch has the head now and did not have it before (an empty change is not a merge)."""
    return (
        target_now != watched.target_head
        and branches.git.is_ancestor(watched.head, target_now)
        and not branches.git.is_ancestor(watched.head, watched.target_head)
    )


def _write_down(tx: sqlite3.Connection, seen: Seen, at: datetime, user: str, names: Labels) -> None:
    watched = seen.watched
    cursor = tx.execute(
        "UPDATE merge_request SET target_head = ? WHERE iid = ? AND state = 'opened' AND head = ?"
        " AND target_branch = ?",
        (seen.target_head, watched.iid, watched.head, watched.target_branch),
    )
    if not cursor.rowcount:
        return  # somebody else wrote it down in the meantime
    if seen.pushed:
        merge_requests.record_push(tx, Stamp(seen.pushed_by, at), watched.iid, seen.pushed)
    if seen.merged:
        stamp = Stamp(seen.merged_by or user, at)
        done = Merged(watched.iid, seen.pushed or watched.head, seen.merge_commit)
        merge_requests.finish_merge(tx, stamp, done, names)
