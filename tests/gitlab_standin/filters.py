"""The filters that lists of issues and of merge requests share."""

from typing import Any

from tests.gitlab_standin.context import ApiError, Json, call, db, numbers, words
from tests.gitlab_standin.issuables import TABLES, Kind
from tests.gitlab_standin.pagination import Listing
from tests.gitlab_standin.store import moment, stamp

_TIMES = {
    "created_after": ("created_at", ">="),
    "created_before": ("created_at", "<="),
    "updated_after": ("updated_at", ">="),
    "updated_before": ("updated_at", "<="),
}
_ORDERS = ("created_at", "updated_at", "title", "due_date", "merged_at")


def listing(kind: Kind, values: Json) -> Listing:
    """Rows of a kind that meet the usual filters, in the order asked for."""
    table = TABLES[kind]
    found = Listing(table, columns=f"{table}.*")
    _order(found, table, values)
    by_labels(found, kind, words(values.get("labels")))
    excluded = values.get("not") or {}
    for name in words(excluded.get("labels")):
        without_label(found, kind, name)
    if "iids" in values:
        _among(found, f"{table}.iid", numbers(values["iids"]))
    for name, (column, sign) in _TIMES.items():
        if values.get(name):
            found.need(f"{table}.{column} {sign} ?", _time(name, values[name]))
    if text := values.get("search"):
        pattern = f"%{text}%"
        found.need(f"{table}.title LIKE ? OR {table}.description LIKE ?", pattern, pattern)
    _people(found, table, kind, values)
    return found


def by_labels(found: Listing, kind: Kind, names: list[str]) -> None:
    """All of the labels; `None` and `Any` mean without any and with at least one."""
    table = TABLES[kind]
    linked = f"SELECT 1 FROM label_link WHERE kind = '{kind}' AND target_id = {table}.id"  # noqa: S608 - our words
    for name in names:
        if name.lower() == "none":
            found.need(f"NOT EXISTS ({linked})")
        elif name.lower() == "any":
            found.need(f"EXISTS ({linked})")
        else:
            found.need(_carries(table, kind), name)


def by_any_label(found: Listing, kind: Kind, names: list[str]) -> None:
    """At least one of the labels."""
    condition = " OR ".join([_carries(TABLES[kind], kind)] * len(names))
    found.need(condition or "0", *names)


def without_label(found: Listing, kind: Kind, name: str) -> None:
    """Not this label."""
    found.need(f"NOT {_carries(TABLES[kind], kind)}", name)


def _carries(table: str, kind: Kind) -> str:
    return (
        f"{table}.id IN (SELECT target_id FROM label_link JOIN label ON label.id = label_id"  # noqa: S608 - our words
        f" WHERE kind = '{kind}' AND label.project_id = {table}.project_id AND label.name = ?)"
    )


def _among(found: Listing, column: str, values: list[int]) -> None:
    found.need(f"{column} IN ({', '.join('?' * len(values))})", *values)


def _people(found: Listing, table: str, kind: Kind, values: Json) -> None:
    if "author_id" in values:
        _among(found, f"{table}.author_id", numbers(values["author_id"]))
    if "author_username" in values:
        author = db().value("SELECT id FROM user WHERE username = ?", values["author_username"])
        found.need(f"{table}.author_id = ?", author)
    if values.get("scope") in {"created_by_me", "created-by-me"}:
        found.need(f"{table}.author_id = ?", call().me["id"])
    assigned = f"{table}.id IN (SELECT target_id FROM assignee WHERE kind = '{kind}' AND user_id = ?)"  # noqa: S608 - our words
    if values.get("scope") in {"assigned_to_me", "assigned-to-me"}:
        found.need(assigned, call().me["id"])
    for name in words(values.get("assignee_username")):
        found.need(assigned, db().value("SELECT id FROM user WHERE username = ?", name))
    match str(values.get("assignee_id", "")).lower():
        case "":
            pass
        case "none" | "0":
            found.need(f"{table}.id NOT IN (SELECT target_id FROM assignee WHERE kind = '{kind}')")  # noqa: S608 - our words
        case "any":
            found.need(f"{table}.id IN (SELECT target_id FROM assignee WHERE kind = '{kind}')")  # noqa: S608 - our words
        case user_id:
            found.need(assigned, user_id)


def _order(found: Listing, table: str, values: Json) -> None:
    column = values.get("order_by", "created_at")
    if column not in _ORDERS or values.get("sort", "desc") not in {"asc", "desc"}:
        raise ApiError(400, {"error": "order_by does not have a valid value"})
    columns = {"merged_at"} if table == "issue" else {"due_date"}
    if column in columns:
        raise ApiError(400, {"error": "order_by does not have a valid value"})
    found.order, found.descending = f"{table}.{column}", values.get("sort", "desc") == "desc"


def _time(name: str, text: Any) -> str:
    try:
        return stamp(moment(str(text)))
    except ValueError:
        raise ApiError(400, {"error": f"{name} is invalid"}) from None
