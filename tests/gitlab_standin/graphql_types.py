"""What a GraphQL query starts from: projects and groups with their lists, and who asks."""

from collections.abc import Callable
from typing import Any

from tests.gitlab_standin import auth, filters, issuables, present
from tests.gitlab_standin.context import Json, call, db
from tests.gitlab_standin.graphql_items import connection, gid, issue, merge_request, user, whole
from tests.gitlab_standin.issuables import Target
from tests.gitlab_standin.pagination import Listing
from tests.gitlab_standin.store import Row

_SORTS = {"created": "created_at", "updated": "updated_at"}
_REST_NAMES = {
    "createdAfter": "created_after",
    "createdBefore": "created_before",
    "updatedAfter": "updated_after",
    "updatedBefore": "updated_before",
    "authorUsername": "author_username",
    "search": "search",
    "iids": "iids",
}


# Lists


def _order(found: Listing, table: str, sort: str | None) -> None:
    column, way = (sort or "created_desc").lower().split("_")
    found.order, found.descending = f"{table}.{_SORTS[column]}", way == "desc"


def _filters(arguments: Json) -> Json:
    return {rest: arguments[name] for name, rest in _REST_NAMES.items() if arguments.get(name)}


def _issues(projects: list[Row]) -> Callable[..., Json]:
    by_id = {row["id"]: row for row in projects}

    def ask(**arguments: Any) -> Json:
        found = filters.listing("Issue", _filters(arguments))
        found.need(f"issue.project_id IN ({', '.join('?' * len(by_id))})", *by_id)
        _visible(found, projects)
        _order(found, "issue", arguments.get("sort"))
        filters.by_labels(found, "Issue", [name for name in arguments.get("labelName") or [] if name])
        if (any_of := (arguments.get("or") or {}).get("labelNames")) is not None:
            filters.by_any_label(found, "Issue", any_of)
        for name in (arguments.get("not") or {}).get("labelName") or []:
            filters.without_label(found, "Issue", name)
        if arguments.get("iid"):
            found.need("issue.iid = ?", int(arguments["iid"]))
        if arguments.get("state", "all") not in {None, "all"}:
            found.need("issue.state = ?", arguments["state"])
        page = {name: arguments.get(name) for name in ("first", "after")}
        return connection(found, lambda row: issue(Target("Issue", row, by_id[row["project_id"]])), **page)

    return ask


def _visible(found: Listing, projects: list[Row]) -> None:
    """Confidential issues are for reporters, and for who wrote them."""
    if all(auth.my_level(row) >= auth.REPORTER for row in projects):
        return
    mine = present.or_none(call().user, "id") or 0
    found.need("NOT issue.confidential OR issue.author_id = ?", mine)


def _merge_requests(project: Row) -> Callable[..., Json]:
    def ask(**arguments: Any) -> Json:
        found = filters.listing("MergeRequest", _filters(arguments))
        found.need("merge_request.project_id = ?", project["id"])
        _order(found, "merge_request", arguments.get("sort"))
        filters.by_labels(found, "MergeRequest", arguments.get("labels") or [])
        for name, column in (("sourceBranches", "source_branch"), ("targetBranches", "target_branch")):
            if names := arguments.get(name):
                found.need(f"merge_request.{column} IN ({', '.join('?' * len(names))})", *names)
        if arguments.get("state", "all") not in {None, "all"}:
            found.need("merge_request.state = ?", arguments["state"])
        if arguments.get("draft") is not None:
            sign = "" if arguments["draft"] else "NOT "
            found.need(f"{sign}(merge_request.title LIKE 'Draft:%' OR merge_request.title LIKE '[Draft]%')")
        page = {name: arguments.get(name) for name in ("first", "after")}
        return connection(found, lambda row: merge_request(Target("MergeRequest", row, project)), **page)

    return ask


# Projects and groups


def _project(row: Row) -> Json:
    reads_code = row["visibility"] != "private" or auth.my_level(row) >= auth.REPORTER
    repository = {"rootRef": row["default_branch"], "exists": True, "empty": False}

    def one(kind: issuables.Kind, node: Callable[[Target], Json]) -> Callable[..., Json | None]:
        def ask(iid: str) -> Json | None:
            table = issuables.TABLES[kind]
            sql = f"SELECT * FROM {table} WHERE project_id = ? AND iid = ?"  # noqa: S608 - one of two words
            found = db().one(sql, row["id"], int(iid)) if iid.isdigit() else None
            return None if found is None else node(Target(kind, found, row))

        return ask

    return {
        "id": gid("Project", row["id"]),
        "fullPath": row["full_path"],
        "path": row["path"],
        "name": row["path"],
        "nameWithNamespace": row["full_path"].replace("/", " / "),
        "description": row["description"],
        "archived": bool(row["archived"]),
        "visibility": row["visibility"],
        "webUrl": present.web_url(row),
        "httpUrlToRepo": f"{present.web_url(row)}.git",
        "createdAt": row["created_at"],
        "repository": repository if reads_code else None,
        "issue": one("Issue", issue),
        "issues": _issues([row]),
        "mergeRequest": one("MergeRequest", merge_request) if reads_code else lambda **_: None,
        "mergeRequests": _merge_requests(row) if reads_code else lambda **_: None,
    }


def _find_project(fullPath: str) -> Json | None:  # noqa: N803 - the argument's name
    row = auth.project_by(db(), fullPath)
    return None if row is None or not auth.sees(db(), call().user, row) else _project(row)


def _find_group(fullPath: str) -> Json | None:  # noqa: N803 - the argument's name
    from tests.gitlab_standin.projects import projects_below

    row = db().one("SELECT * FROM namespace WHERE full_path = ?", fullPath)
    everything = [] if row is None else projects_below(row)
    if row is None or not everything:
        return None

    def among(*, below: bool) -> list[Row]:
        return [each for each in everything if below or each["namespace_id"] == row["id"]]

    def projects(**arguments: Any) -> Json:
        below = arguments.pop("includeSubgroups")
        return whole(lambda: [_project(each) for each in among(below=below)])(**arguments)

    def issues(**arguments: Any) -> Json:
        return _issues(among(below=arguments.pop("includeSubgroups")))(**arguments)

    return {
        "id": gid("Group", row["id"]),
        "fullPath": row["full_path"],
        "name": row["path"],
        "projects": projects,
        "issues": issues,
    }


def _find_user(username: str | None = None) -> Json | None:
    row = db().one("SELECT * FROM user WHERE username = ?", username)
    return None if row is None or call().user is None else user(row)


def _metadata() -> Json | None:
    settings = call().settings
    if call().user is None:
        return None
    edition = "-ee" if settings.enterprise else ""
    return {
        "version": f"{settings.version}{edition}",
        "revision": "0123456789a",
        "enterprise": settings.enterprise,
    }


def _me() -> Json | None:
    return None if call().user is None else user(call().me)


ROOT: Json = {
    "currentUser": _me,
    "metadata": _metadata,
    "project": _find_project,
    "group": _find_group,
    "user": _find_user,
}
"""What a query starts from."""
