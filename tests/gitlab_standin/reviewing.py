"""Reviews: approvals, reviewers and their states."""

from collections.abc import Iterable

from tests.gitlab_standin import auth
from tests.gitlab_standin.context import call, db
from tests.gitlab_standin.issuables import Target, system_note
from tests.gitlab_standin.store import Row


def approvals(target: Target) -> list[Row]:
    """Who approved, and when."""
    return db().all(
        "SELECT user.*, approved_at FROM approval JOIN user ON user.id = user_id"
        " WHERE merge_request_id = ? ORDER BY approved_at, user.id",
        target.id,
    )


def has_approved(target: Target) -> bool:
    """Whether the user did."""
    mine = "SELECT 1 FROM approval WHERE merge_request_id = ? AND user_id = ?"
    return db().one(mine, target.id, call().me["id"]) is not None


def may_approve(target: Target) -> bool:
    """A developer who is not the author and has not yet, while it is open."""
    return (
        target.row["state"] == "opened"
        and call().me["id"] != target.row["author_id"]
        and auth.my_level(target.project) >= auth.DEVELOPER
        and not has_approved(target)
    )


def approve(target: Target) -> None:
    """Approve as the user."""
    db().insert("approval", merge_request_id=target.id, user_id=call().me["id"], approved_at=db().now)
    _set_state(target, "approved")
    system_note(target, "approved this merge request")
    target.touch()


def unapprove(target: Target) -> bool:
    """Take the user's approval back; whether there was one."""
    gone = db().run(
        "DELETE FROM approval WHERE merge_request_id = ? AND user_id = ?", target.id, call().me["id"]
    )
    if gone:
        _set_state(target, "unapproved")
        system_note(target, "unapproved this merge request")
        target.touch()
    return bool(gone)


def review(target: Target, state: str) -> None:
    """Submit a review; who asks for changes becomes a reviewer, and no longer approves."""
    if state == "requested_changes":
        unapprove(target)
        if call().me["id"] not in {row["user_id"] for row in reviewers(target)}:
            _add(target, call().me["id"])
        system_note(target, "requested changes")
    _set_state(target, state)
    target.touch()


def reviewers(target: Target) -> list[Row]:
    """Reviewers, with the state of their reviews."""
    return db().all(
        "SELECT user.*, reviewer.user_id, reviewer.state AS review, reviewer.created_at AS asked_at FROM reviewer"
        " JOIN user ON user.id = user_id WHERE merge_request_id = ? ORDER BY reviewer.id",
        target.id,
    )


def set_reviewers(target: Target, user_ids: Iterable[int]) -> None:
    """Ask these people and nobody else; unknown ones are left out. Without an Enterprise licence only one is kept."""
    wanted = [each for each in dict.fromkeys(user_ids) if db().one("SELECT 1 FROM user WHERE id = ?", each)]
    if not call().settings.enterprise:
        wanted = wanted[-1:]
    now = {row["user_id"]: row["username"] for row in reviewers(target)}
    added, gone = [each for each in wanted if each not in now], [each for each in now if each not in wanted]
    for user_id in gone:
        db().run("DELETE FROM reviewer WHERE merge_request_id = ? AND user_id = ?", target.id, user_id)
    for user_id in added:
        _add(target, user_id)
    parts = [
        _named("requested review from", [_username(each) for each in added]),
        _named("removed review request for", [now[each] for each in gone]),
    ]
    if text := " and ".join(part for part in parts if part):
        system_note(target, text)
        target.touch()


def _add(target: Target, user_id: int) -> None:
    db().insert("reviewer", merge_request_id=target.id, user_id=user_id, created_at=db().now)


def _username(user_id: int) -> str:
    return str(db().value("SELECT username FROM user WHERE id = ?", user_id))


def _named(verb: str, names: list[str]) -> str:
    return f"{verb} {', '.join(f'@{name}' for name in names)}" if names else ""


def _set_state(target: Target, state: str) -> None:
    db().run(
        "UPDATE reviewer SET state = ? WHERE merge_request_id = ? AND user_id = ?",
        state,
        target.id,
        call().me["id"],
    )
