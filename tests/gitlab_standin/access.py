"""Who may what in a project: members and protected branches."""

from flask import Blueprint, Response

from tests.gitlab_standin import auth, present
from tests.gitlab_standin.context import (
    Json,
    answer,
    db,
    fail,
    missing,
    no_content,
    not_found,
    parameters,
    truth,
)
from tests.gitlab_standin.pagination import Listing, page_of, pages
from tests.gitlab_standin.store import Row

api = Blueprint("access", __name__, url_prefix="/api/v4")
_PROJECT = "/projects/<ref:ref>"
_ROLES = {10: "Guest", 20: "Reporter", 30: "Developers", 40: "Maintainers", 50: "Owner", 0: "No one"}


# Members


def _show_member(row: Row) -> Json:
    return present.user(row) | {
        "access_level": row["access_level"],
        "created_at": row["since"],
        "expires_at": row["until"],
        "created_by": None,
        "membership_state": "active",
    }


def _members(row: Row, *, inherited: bool) -> Listing:
    where = "member.project_id = ?1"
    if inherited:
        where += (
            " OR namespace_id IN (WITH RECURSIVE above (id, parent_id) AS (SELECT id, parent_id FROM namespace"
            " WHERE id = ?2 UNION ALL SELECT namespace.id, namespace.parent_id FROM namespace"
            " JOIN above ON namespace.id = above.parent_id) SELECT id FROM above)"
        )
    table = (
        "(SELECT user.*, max(access_level) AS access_level, member.created_at AS since, member.expires_at AS until"  # noqa: S608 - our words
        f" FROM member JOIN user ON user.id = user_id WHERE {where} GROUP BY user.id)"
    )
    values = [row["id"], row["namespace_id"]] if inherited else [row["id"]]
    return Listing(f"{table} AS members", values=values, order="members.id", descending=False)


def _list_members(ref: str, *, inherited: bool) -> Response:
    rows = _members(auth.project(ref), inherited=inherited).select("*", "ORDER BY id")
    if text := parameters().get("query"):
        rows = [row for row in rows if text.lower() in f"{row['username']} {row['name']}".lower()]
    return page_of([_show_member(row) for row in rows])


def _get_member(ref: str, user_id: int, *, inherited: bool) -> Response:
    rows = _members(auth.project(ref), inherited=inherited).select("*", "ORDER BY id")
    found = next((row for row in rows if row["id"] == user_id), None)
    if found is None:
        not_found()
    return answer(_show_member(found))


@api.get(f"{_PROJECT}/members")
def list_members(ref: str) -> Response:
    """Direct members."""
    return _list_members(ref, inherited=False)


@api.get(f"{_PROJECT}/members/all")
def list_all_members(ref: str) -> Response:
    """Members, those of its groups included."""
    return _list_members(ref, inherited=True)


@api.get(f"{_PROJECT}/members/<int:user_id>")
def get_member(ref: str, user_id: int) -> Response:
    """A direct member."""
    return _get_member(ref, user_id, inherited=False)


@api.get(f"{_PROJECT}/members/all/<int:user_id>")
def get_any_member(ref: str, user_id: int) -> Response:
    """A member, directly or through a group."""
    return _get_member(ref, user_id, inherited=True)


@api.get(f"{_PROJECT}/users")
def list_users(ref: str) -> Response:
    """Users of a project."""
    rows = _members(auth.project(ref), inherited=True).select("*", "ORDER BY id")
    return page_of([present.user(row) for row in rows])


# Protected branches


def _show_protected(row: Row) -> Json:
    def access(level: int) -> list[Json]:
        return [
            {
                "id": row["id"] * 10 + level,
                "access_level": level,
                "access_level_description": _ROLES[level],
                "user_id": None,
                "group_id": None,
            }
        ]

    return {
        "id": row["id"],
        "name": row["name"],
        "push_access_levels": access(row["push_level"]),
        "merge_access_levels": access(row["merge_level"]),
        "unprotect_access_levels": [],
        "allow_force_push": bool(row["allow_force_push"]),
        "code_owner_approval_required": False,
        "inherited": False,
    }


def protect(project_id: int, name: str, push: int, merge: int, *, force: bool = False) -> None:
    """Protect a branch or pattern, in place of an older rule for it."""
    db().run("DELETE FROM protected_branch WHERE project_id = ? AND name = ?", project_id, name)
    db().insert(
        "protected_branch",
        project_id=project_id,
        name=name,
        push_level=push,
        merge_level=merge,
        allow_force_push=force,
    )


@api.get(f"{_PROJECT}/protected_branches")
def list_protected(ref: str) -> Response:
    """Rules that protect branches (developers may read them)."""
    row = auth.project(ref, auth.DEVELOPER)
    return pages(
        Listing("protected_branch", ["project_id = ?"], [row["id"]], descending=False), _show_protected
    )


def _protected(row: Row, name: str) -> Row:
    found = db().one("SELECT * FROM protected_branch WHERE project_id = ? AND name = ?", row["id"], name)
    if found is None:
        not_found()
    return found


@api.get(f"{_PROJECT}/protected_branches/<ref:name>")
def get_protected(ref: str, name: str) -> Response:
    """The rule for a branch or pattern."""
    return answer(_show_protected(_protected(auth.project(ref, auth.DEVELOPER), name)))


@api.post(f"{_PROJECT}/protected_branches")
def protect_branch(ref: str) -> Response:
    """Protect; 409 when it is already."""
    row, values = auth.project(ref, auth.MAINTAINER), parameters()
    if not (name := values.get("name")):
        missing("name")
    if db().one("SELECT 1 FROM protected_branch WHERE project_id = ? AND name = ?", row["id"], name):
        fail(409, f"Protected branch '{name}' already exists")
    push, merge = (int(values.get(f"{what}_access_level", auth.MAINTAINER)) for what in ("push", "merge"))
    protect(row["id"], name, push, merge, force=truth(values.get("allow_force_push")))
    return answer(_show_protected(_protected(row, name)), 201)


@api.delete(f"{_PROJECT}/protected_branches/<ref:name>")
def unprotect_branch(ref: str, name: str) -> Response:
    """Protect no more."""
    found = _protected(auth.project(ref, auth.MAINTAINER), name)
    db().run("DELETE FROM protected_branch WHERE id = ?", found["id"])
    return no_content()
