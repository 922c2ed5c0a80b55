"""Discussions: threads of notes, on issues, on merge requests and on lines of their diffs; resolved and reopened."""

from dataclasses import replace
from itertools import groupby

from flask import Blueprint, Response

from tests.gitlab_standin import auth, issuables, notes
from tests.gitlab_standin.context import (
    Json,
    answer,
    call,
    db,
    forbidden,
    missing,
    no_content,
    not_found,
    parameters,
    truth,
)
from tests.gitlab_standin.issuables import Target
from tests.gitlab_standin.notes import Draft, checked_body, find_target
from tests.gitlab_standin.pagination import page_of
from tests.gitlab_standin.positions import checked_position
from tests.gitlab_standin.store import Row

api = Blueprint("discussions", __name__, url_prefix="/api/v4")
_ALL = "/projects/<ref:ref>/<any(issues, merge_requests):plural>/<int:iid>/discussions"
_ONE = f"{_ALL}/<string:discussion>"


def _rows(target: Target, discussion: str | None = None) -> list[Row]:
    rows = db().all(
        "SELECT * FROM note WHERE kind = ?1 AND target_id = ?2 AND (?3 IS NULL OR discussion = ?3)"
        " ORDER BY created_at, id",
        target.kind,
        target.id,
        discussion,
    )
    if discussion is not None and not rows:
        not_found("Discussion")
    return rows


def _show(rows: list[Row], target: Target) -> Json:
    first = rows[0]
    return {
        "id": first["discussion"],
        "individual_note": first["type"] is None,
        "notes": [notes.show(row, target) for row in rows],
    }


@api.get(_ALL)
def list_discussions(ref: str, plural: str, iid: int) -> Response:
    """Threads, oldest first; a lone note is one of its own."""
    target = find_target(ref, plural, iid)
    first: dict[str, int] = {}
    rows = _rows(target)
    for number, row in enumerate(rows):
        first.setdefault(row["discussion"], number)
    rows.sort(key=lambda row: first[row["discussion"]])
    threads = groupby(rows, key=lambda row: str(row["discussion"]))
    return page_of([_show(list(each), target) for _, each in threads])


@api.get(_ONE)
def get_discussion(ref: str, plural: str, iid: int, discussion: str) -> Response:
    """One thread."""
    target = find_target(ref, plural, iid)
    return answer(_show(_rows(target, discussion), target))


@api.post(_ALL)
def create_discussion(ref: str, plural: str, iid: int) -> Response:
    """Start a thread; with a position, on a line of the diff."""
    target, values = find_target(ref, plural, iid), parameters()
    notes.may_note(target)
    on_diff = target.kind == "MergeRequest" and values.get("position")
    draft = Draft(
        checked_body(values),
        type="DiffNote" if on_diff else "DiscussionNote",
        position=checked_position(target, values["position"]) if on_diff else None,
        resolvable=target.kind == "MergeRequest",
    )
    return _answer_new(target, draft)


def _answer_new(target: Target, draft: Draft) -> Response:
    draft = replace(draft, discussion=draft.discussion or issuables.new_discussion())
    response = notes.answer_new(target, draft)
    if response.status_code != 201:
        return response
    return answer(_show(_rows(target, draft.discussion), target), 201)


@api.post(f"{_ONE}/notes")
def reply(ref: str, plural: str, iid: int, discussion: str) -> Response:
    """Answer in a thread, which makes a lone note one."""
    target, values = find_target(ref, plural, iid), parameters()
    notes.may_note(target)
    first = _rows(target, discussion)[0]
    if first["system"]:
        forbidden()
    if first["type"] is None:
        resolvable = target.kind == "MergeRequest"
        db().update("note", first["id"], type="DiscussionNote", resolvable=resolvable)
        first = _rows(target, discussion)[0]
    draft = Draft(
        checked_body(values),
        type=first["type"],
        discussion=discussion,
        position=first["position"],
        resolvable=bool(first["resolvable"]),
    )
    return notes.answer_new(target, draft)


@api.put(_ONE)
def resolve(ref: str, plural: str, iid: int, discussion: str) -> Response:
    """Resolve a whole thread, or open it again."""
    target, values = find_target(ref, plural, iid), parameters()
    if "resolved" not in values:
        missing("resolved")
    rows = _rows(target, discussion)
    _may_resolve(target)
    for row in rows:
        _set_resolved(row, resolved=truth(values["resolved"]))
    target.touch()
    return answer(_show(_rows(target, discussion), target))


def _may_resolve(target: Target) -> None:
    own = call().me["id"] == target.row["author_id"]
    if target.kind != "MergeRequest" or not (own or auth.my_level(target.project) >= auth.DEVELOPER):
        forbidden()


def _set_resolved(row: Row, *, resolved: bool) -> None:
    if row["resolvable"] and resolved != (row["resolved_at"] is not None):
        who = call().me["id"] if resolved else None
        db().update("note", row["id"], resolved_at=db().now if resolved else None, resolved_by=who)


def _note(ref: str, plural: str, iid: int, discussion: str, note_id: int) -> tuple[Row, Target]:
    target = find_target(ref, plural, iid)
    found = next((row for row in _rows(target, discussion) if row["id"] == note_id), None)
    if found is None:
        not_found("Note")
    return found, target


@api.get(f"{_ONE}/notes/<int:note_id>")
def get_note(ref: str, plural: str, iid: int, discussion: str, note_id: int) -> Response:
    """One note of a thread."""
    return answer(notes.show(*_note(ref, plural, iid, discussion, note_id)))


@api.put(f"{_ONE}/notes/<int:note_id>")
def update_note(ref: str, plural: str, iid: int, discussion: str, note_id: int) -> Response:
    """Say something else, or resolve that note's thread."""
    row, target = _note(ref, plural, iid, discussion, note_id)
    values = parameters()
    if "resolved" in values:
        _may_resolve(target)
        for each in _rows(target, discussion):
            _set_resolved(each, resolved=truth(values["resolved"]))
    if "body" in values:
        return notes.rewrite(row, target, checked_body(values))
    return answer(notes.show(*_note(ref, plural, iid, discussion, note_id)))


@api.delete(f"{_ONE}/notes/<int:note_id>")
def delete_note(ref: str, plural: str, iid: int, discussion: str, note_id: int) -> Response:
    """Take one note of a thread away."""
    row, target = _note(ref, plural, iid, discussion, note_id)
    notes.may_change(row, target)
    db().run("DELETE FROM note WHERE id = ?", row["id"])
    target.touch()
    return no_content()
