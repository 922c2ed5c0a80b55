"""Notes on issues and merge requests; quick actions in them are carried out, whoever wrote them."""

from dataclasses import dataclass

from flask import Blueprint, Response, g

from tests.gitlab_standin import auth, issuables, present, quick_actions
from tests.gitlab_standin.context import (
    Json,
    answer,
    call,
    db,
    fail,
    forbidden,
    missing,
    no_content,
    not_found,
    parameters,
    truth,
)
from tests.gitlab_standin.issuables import LONGEST_TEXT, Target
from tests.gitlab_standin.issues import check_unmodified
from tests.gitlab_standin.issues import find as find_issue
from tests.gitlab_standin.merge_requests import find as find_merge_request
from tests.gitlab_standin.pagination import Listing, pages
from tests.gitlab_standin.store import Row, moment, stamp

api = Blueprint("notes", __name__, url_prefix="/api/v4")
_NOTES = "/projects/<ref:ref>/<any(issues, merge_requests):plural>/<int:iid>/notes"


def find_target(ref: str, plural: str, iid: int) -> Target:
    """The issue or merge request of a request."""
    return find_issue(ref, iid) if plural == "issues" else find_merge_request(ref, iid)


def show(row: Row, target: Target) -> Json:
    """A note as the API shows it."""
    shown: Json = {
        "id": row["id"],
        "type": row["type"],
        "body": row["body"],
        "author": present.user_by_id(row["author_id"]),
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "system": bool(row["system"]),
        "noteable_id": target.id,
        "noteable_type": target.kind,
        "noteable_iid": target.row["iid"],
        "project_id": target.project["id"],
        "commit_id": row["commit_id"],
        "attachment": None,
        "resolvable": bool(row["resolvable"]),
        "confidential": bool(row["internal"]),
        "internal": bool(row["internal"]),
        "imported": False,
        "imported_from": "none",
        "commands_changes": {},
    }
    if row["position"] is not None:
        from tests.gitlab_standin.positions import shown_position

        shown["position"] = shown_position(row["position"])
    if row["resolvable"]:
        shown |= {
            "resolved": row["resolved_at"] is not None,
            "resolved_by": present.user_by_id(row["resolved_by"]),
            "resolved_at": row["resolved_at"],
        }
    return shown


@dataclass(frozen=True)
class Draft:
    """A note to be made."""

    body: str
    type: str | None = None
    discussion: str | None = None
    position: str | None = None
    resolvable: bool = False
    internal: bool = False
    created_at: str | None = None


def checked_body(values: Json) -> str:
    """Text of a note; 400 for one that GitLab does not take."""
    if "body" not in values:
        missing("body")
    body = str(values["body"])
    if not body.strip():
        fail(400, '400 Bad request - Note {:note=>["can\'t be blank"]}')
    if len(body) > LONGEST_TEXT:
        fail(400, f'400 Bad request - Note {{:note=>["is too long (maximum is {LONGEST_TEXT} characters)"]}}')
    return body


def create(target: Target, draft: Draft) -> Row:
    """Write a note and carry out its commands.

    Raises:
        ApiError: 202 with what the commands did, when nothing else was in it; 429 too many.
    """
    g.limits.application("notes", call().me)
    text, actions = quick_actions.extract(draft.body, target.kind)
    outcome = quick_actions.run(target, actions)
    if actions and not text:
        raise _CommandsOnly(outcome)
    at = draft.created_at or db().now
    row_id = db().insert(
        "note",
        kind=target.kind,
        target_id=target.id,
        discussion=draft.discussion or issuables.new_discussion(),
        type=draft.type,
        author_id=call().me["id"],
        body=text,
        internal=draft.internal,
        resolvable=draft.resolvable,
        position=draft.position,
        created_at=at,
        updated_at=at,
    )
    target.touch()
    return db().get("SELECT * FROM note WHERE id = ?", row_id)


class _CommandsOnly(Exception):
    """Nothing but commands: they were carried out, and there is no note."""

    def __init__(self, outcome: quick_actions.Outcome) -> None:
        super().__init__()
        self.outcome = outcome


def commands_only(outcome: quick_actions.Outcome) -> Response:
    """202, with what the commands did."""
    return answer({"commands_changes": outcome.changes, "summary": outcome.summary}, 202)


def answer_new(target: Target, draft: Draft) -> Response:
    """Write a note and show it, or what its commands did."""
    try:
        return answer(show(create(target, draft), target), 201)
    except _CommandsOnly as only:
        return commands_only(only.outcome)


@api.get(_NOTES)
def list_notes(ref: str, plural: str, iid: int) -> Response:
    """Notes, newest first unless asked otherwise."""
    target, values = find_target(ref, plural, iid), parameters()
    found = Listing("note", ["kind = ?", "target_id = ?"], [target.kind, target.id])
    found.order = "note.updated_at" if values.get("order_by") == "updated_at" else "note.created_at"
    found.descending = values.get("sort", "desc") == "desc"
    if (kind := values.get("activity_filter")) in {"only_comments", "only_activity"}:
        found.need("system = ?", kind == "only_activity")
    if auth.my_level(target.project) < auth.REPORTER:
        found.need("NOT internal")
    return pages(found, lambda row: show(row, target))


@api.post(_NOTES)
def create_note(ref: str, plural: str, iid: int) -> Response:
    """A new note; 202 when it was nothing but commands."""
    target, values = find_target(ref, plural, iid), parameters()
    may_note(target)
    dated = values.get("created_at") if auth.my_level(target.project) >= auth.OWNER else None
    draft = Draft(
        checked_body(values),
        internal=truth(values.get("internal", values.get("confidential"))),
        created_at=stamp(moment(dated)) if dated else None,
    )
    return answer_new(target, draft)


def may_note(target: Target) -> None:
    """403 for who may not write a note; a locked discussion is for members."""
    if target.row["locked"] and auth.my_level(target.project) < auth.GUEST:
        forbidden()


def _find(ref: str, plural: str, iid: int, note_id: int) -> tuple[Row, Target]:
    target = find_target(ref, plural, iid)
    row = db().one(
        "SELECT * FROM note WHERE id = ? AND kind = ? AND target_id = ?", note_id, target.kind, target.id
    )
    if row is None:
        not_found()
    return row, target


@api.get(f"{_NOTES}/<int:note_id>")
def get_note(ref: str, plural: str, iid: int, note_id: int) -> Response:
    """One note."""
    return answer(show(*_find(ref, plural, iid, note_id)))


@api.put(f"{_NOTES}/<int:note_id>")
def update_note(ref: str, plural: str, iid: int, note_id: int) -> Response:
    """Say something else; commands are carried out, and a note of nothing else is gone."""
    row, target = _find(ref, plural, iid, note_id)
    return rewrite(row, target, checked_body(parameters()))


def rewrite(row: Row, target: Target, body: str) -> Response:
    """Give a note another body."""
    may_change(row, target)
    text, actions = quick_actions.extract(body, target.kind)
    outcome = quick_actions.run(target, actions)
    if actions and not text:
        db().run("DELETE FROM note WHERE id = ?", row["id"])
        return commands_only(outcome)
    if text != row["body"]:
        db().update("note", row["id"], body=text, updated_at=db().now)
        target.touch()
    return answer(show(db().get("SELECT * FROM note WHERE id = ?", row["id"]), target))


def may_change(row: Row, target: Target) -> None:
    """403 unless the author (of no system note) or a maintainer."""
    own = call().user is not None and call().me["id"] == row["author_id"]
    if row["system"] or not (own or auth.my_level(target.project) >= auth.MAINTAINER):
        forbidden()


@api.delete(f"{_NOTES}/<int:note_id>")
def delete_note(ref: str, plural: str, iid: int, note_id: int) -> Response:
    """Take a note away."""
    row, target = _find(ref, plural, iid, note_id)
    may_change(row, target)
    check_unmodified(row)
    db().run("DELETE FROM note WHERE id = ?", row["id"])
    target.touch()
    return no_content()
