"""What issues and merge requests have in common: labels, assignees, states, system notes and their events."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from tests.gitlab_standin import present
from tests.gitlab_standin.context import Json, call, db, invalid, words
from tests.gitlab_standin.store import Row

Kind = Literal["Issue", "MergeRequest"]
TABLES = {"Issue": "issue", "MergeRequest": "merge_request"}
_COLOUR = "#428BCA"
_LONGEST_TITLE = 255
LONGEST_TEXT = 1_048_576
"""Characters of a description or a note."""


@dataclass(frozen=True)
class Target:
    """One issue or merge request, as its row was when it was read."""

    kind: Kind
    row: Row
    project: Row

    @property
    def id(self) -> int:
        """Of the row."""
        return int(self.row["id"])

    def again(self) -> "Target":
        """As it is now."""
        table = TABLES[self.kind]
        row = db().get(f"SELECT * FROM {table} WHERE id = ?", self.id)  # noqa: S608 - one of two words
        return Target(self.kind, row, self.project)

    def edit(self, **columns: object) -> None:
        """Change columns, and the time of the last change."""
        db().update(TABLES[self.kind], self.id, **columns, updated_at=db().now)

    def touch(self) -> None:
        """It was changed now."""
        self.edit()


# Notes of the system


def system_note(target: Target, body: str) -> None:
    """Tell what happened in a note that nobody wrote."""
    now = db().now
    db().insert(
        "note",
        kind=target.kind,
        target_id=target.id,
        discussion=new_discussion(),
        author_id=call().me["id"],
        body=body,
        system=1,
        created_at=now,
        updated_at=now,
    )


def new_discussion() -> str:
    """Id of a discussion: forty hexadecimal digits."""
    return uuid.uuid4().hex + uuid.uuid4().hex[:8]


# Texts


def check_texts(values: Json) -> None:
    """400 for a title or description that GitLab does not take."""
    if "title" in values:
        if not str(values["title"] or "").strip():
            invalid("title", "can't be blank")
        if len(str(values["title"])) > _LONGEST_TITLE:
            invalid("title", f"is too long (maximum is {_LONGEST_TITLE} characters)")
    if len(str(values.get("description") or "")) > LONGEST_TEXT:
        invalid("description", f"is too long (maximum is {LONGEST_TEXT} characters)")


# Labels


def label(project: Row, name: str) -> Row:
    """A label of a project, made when it is new."""
    found = db().one("SELECT * FROM label WHERE project_id = ? AND name = ?", project["id"], name)
    if found is None:
        db().insert("label", project_id=project["id"], name=name, color=_COLOUR)
        found = db().get("SELECT * FROM label WHERE project_id = ? AND name = ?", project["id"], name)
    return found


def labels_of(kind: Kind, target_id: int) -> list[Row]:
    """Labels, by name."""
    return db().all(
        "SELECT label.* FROM label_link JOIN label ON label.id = label_id"
        " WHERE kind = ? AND target_id = ? ORDER BY name COLLATE NOCASE, name",
        kind,
        target_id,
    )


def set_labels(target: Target, names: Iterable[str]) -> None:
    """Carry these labels and no others."""
    wanted = list(names)
    now = [row["name"] for row in labels_of(target.kind, target.id)]
    change_labels(target, add=wanted, remove=[name for name in now if name not in wanted])


def change_labels(target: Target, *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> bool:
    """Add and remove labels; a scoped label takes the place of others of its scope. Whether anything changed.

    Events come as GitLab writes them: everything added, then everything removed, at one time.
    """
    now = {row["name"]: row["id"] for row in labels_of(target.kind, target.id)}
    added = exclusive([name for name in dict.fromkeys(add) if name not in now])
    scopes = {scope for name in added if (scope := scope_of(name))}
    leaving = {name for name in remove if name in now} | {name for name in now if scope_of(name) in scopes}
    for name in added:
        _link(target, label(target.project, name)["id"], "add")
    for name in sorted(leaving - set(added)):
        _link(target, now[name], "remove")
    if added or leaving:
        target.touch()
    return bool(added or leaving)


def scope_of(name: str) -> str | None:
    """`a::b` of `a::b::c`; nothing for a label without a scope."""
    scope, sign, _ = name.rpartition("::")
    return scope if sign else None


def exclusive(names: list[str]) -> list[str]:
    """Of several labels of one scope the last."""
    kept = {scope_of(name) or f"\0{name}": name for name in names}
    return [name for name in names if name in kept.values()]


def _link(target: Target, label_id: int, action: str) -> None:
    if action == "add":
        db().insert("label_link", kind=target.kind, target_id=target.id, label_id=label_id)
    else:
        db().run(
            "DELETE FROM label_link WHERE kind = ? AND target_id = ? AND label_id = ?",
            target.kind,
            target.id,
            label_id,
        )
    db().insert(
        "label_event",
        kind=target.kind,
        target_id=target.id,
        user_id=call().me["id"],
        label_id=label_id,
        action=action,
        created_at=db().now,
    )


def take_label_parameters(target: Target, values: Json) -> None:
    """`labels` sets, `add_labels` and `remove_labels` change."""
    if "labels" in values:
        set_labels(target, words(values["labels"]))
    change_labels(target, add=words(values.get("add_labels")), remove=words(values.get("remove_labels")))


# People


def assignees_of(kind: Kind, target_id: int) -> list[Row]:
    """Who it is assigned to."""
    return db().all(
        "SELECT user.* FROM assignee JOIN user ON user.id = user_id WHERE kind = ? AND target_id = ? ORDER BY user.id",
        kind,
        target_id,
    )


def assign(target: Target, user_ids: Iterable[int]) -> None:
    """Assign to these people and nobody else; unknown ones are left out."""
    wanted = {user_id for user_id in user_ids if db().one("SELECT 1 FROM user WHERE id = ?", user_id)}
    now = {row["id"] for row in assignees_of(target.kind, target.id)}
    if wanted == now:
        return
    db().run("DELETE FROM assignee WHERE kind = ? AND target_id = ?", target.kind, target.id)
    for user_id in sorted(wanted):
        db().insert("assignee", kind=target.kind, target_id=target.id, user_id=user_id)
    parts = [_named("assigned to", wanted - now), _named("unassigned", now - wanted)]
    system_note(target, " and ".join(part for part in parts if part))
    target.touch()


def _named(verb: str, user_ids: set[int]) -> str:
    rows = [db().get("SELECT username FROM user WHERE id = ?", user_id) for user_id in sorted(user_ids)]
    return f"{verb} {', '.join(f'@{row[0]}' for row in rows)}" if rows else ""


# States


def set_state(target: Target, state: str, *, merge_request: int | None = None) -> bool:
    """Close, reopen or merge, with its event; whether that was a change. `reopened` shows as `opened`."""
    shown = "opened" if state == "reopened" else state
    if target.row["state"] == shown:
        return False
    closed = shown == "closed"
    target.edit(
        state=shown, closed_at=db().now if closed else None, closed_by=call().me["id"] if closed else None
    )
    db().insert(
        "state_event",
        kind=target.kind,
        target_id=target.id,
        user_id=call().me["id"],
        state=state,
        source_merge_request_id=merge_request,
        created_at=db().now,
    )
    return True


def forget(target: Target) -> None:
    """Delete what hangs on it."""
    for table in ("note", "label_link", "label_event", "state_event", "assignee", "timelog"):
        db().run(f"DELETE FROM {table} WHERE kind = ? AND target_id = ?", target.kind, target.id)  # noqa: S608 - our words


# What both show


def common(target: Target) -> Json:
    """The fields that both have."""
    row, kind = target.row, target.kind
    assigned = [present.user(each) for each in assignees_of(kind, row["id"])]
    return {
        "id": row["id"],
        "iid": row["iid"],
        "project_id": row["project_id"],
        "title": row["title"],
        "description": row["description"],
        "state": row["state"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "closed_at": row["closed_at"],
        "closed_by": present.user_by_id(row["closed_by"]),
        "labels": [each["name"] for each in labels_of(kind, row["id"])],
        "milestone": None,
        "author": present.user_by_id(row["author_id"]),
        "assignees": assigned,
        "assignee": assigned[0] if assigned else None,
        "user_notes_count": db().value(
            "SELECT count(*) FROM note WHERE kind = ? AND target_id = ? AND NOT system", kind, row["id"]
        ),
        "upvotes": 0,
        "downvotes": 0,
        "discussion_locked": bool(row["locked"]) or None,
        "time_stats": present.time_stats(kind, row),
        "task_completion_status": present.tasks(row["description"]),
    }
